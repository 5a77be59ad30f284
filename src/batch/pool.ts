import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import pLimit from 'p-limit'
import type { LoadOptions } from '../formats/files.ts'
import type { PackedSnapshot } from './transfer.ts'
import type { Job, Reply } from './worker.ts'

/** A file that was read, or the words of why it was not. */
export interface ReadResult {
  path: string
  snapshots?: PackedSnapshot[]
  error?: string
}

/** Files that a worker is given at once: it goes on while this thread is busy. */
const AT_ONCE = 2

/**
 * Reads files in worker threads and yields them in the order given. Some files for each thread wait to be read or, read, to be taken, so
 * memory does not grow with their number.
 */
export async function* readInParallel(
  paths: readonly string[],
  options: LoadOptions,
  threads = availableParallelism(),
): AsyncGenerator<ReadResult> {
  const count = Math.min(threads, paths.length)
  const workers = Array.from({ length: count }, () => new Worker(new URL('./worker.js', import.meta.url)))
  const idle = Array.from({ length: AT_ONCE }, () => workers).flat()
  const most = 2 * idle.length
  const limit = pLimit(idle.length)
  const read = (id: number) =>
    limit(async () => {
      const worker = idle.pop() as Worker
      try {
        return await ask(worker, { id, path: paths[id], options })
      } finally {
        idle.push(worker)
      }
    })
  try {
    const ahead: Promise<Reply>[] = []
    for (let next = 0, taken = 0; taken < paths.length; taken++) {
      while (next < paths.length && next < taken + most) ahead.push(read(next++))
      const { snapshots, error } = await (ahead.shift() as Promise<Reply>)
      yield { path: paths[taken], snapshots, error }
    }
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()))
  }
}

function ask(worker: Worker, job: Job): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      worker.off('message', onMessage).off('error', onError)
      action()
    }
    const onMessage = (reply: Reply) => reply.id === job.id && settle(() => resolve(reply))
    const onError = (error: Error) => settle(() => reject(error))
    worker.on('message', onMessage).on('error', onError)
    worker.postMessage(job)
  })
}
