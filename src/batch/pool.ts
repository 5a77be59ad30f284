// Reads many files in parallel, in worker threads.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import pLimit from 'p-limit'
import { FormatError } from '../errors.ts'
import type { LoadOptions } from '../formats/files.ts'
import { type PackedSnapshot, packError, unpackError } from './transfer.ts'
import type { Job, Reply } from './worker.ts'

/** A file that was read, or why it could not be. */
export interface ReadResult {
  path: string
  snapshots?: PackedSnapshot[]
  error?: Error
}

/** Files given to a thread at a time: it continues while this one is busy. */
const AT_ONCE = 2

/**
 * Reads files in threads and yields them in the given order. Each thread has a few files waiting to be read
 * or collected, so memory does not grow with their number. A file that needs more memory than a thread may
 * use counts as unreadable.
 */
export async function* readInParallel(
  paths: readonly string[],
  options: LoadOptions,
  threads = availableParallelism(),
): AsyncGenerator<ReadResult> {
  const all = Array.from({ length: Math.min(threads, paths.length) }, () => new PoolThread())
  const idle = Array.from({ length: AT_ONCE }, () => all).flat()
  const most = 2 * idle.length
  const limit = pLimit(idle.length)
  const read = (id: number) =>
    limit(async () => {
      const thread = idle.pop() as PoolThread
      try {
        return await askOrRetry(thread, { id, path: paths[id], options })
      } finally {
        idle.push(thread)
      }
    })
  try {
    const ahead: Promise<Reply>[] = []
    for (let next = 0, taken = 0; taken < paths.length; taken++) {
      while (next < paths.length && next < taken + most) {
        const reply = read(next++)
        reply.catch(() => {}) // thrown where it is awaited
        ahead.push(reply)
      }
      const { snapshots, error } = await (ahead.shift() as Promise<Reply>)
      yield { path: paths[taken], snapshots, error: error && unpackError(error) }
    }
  } finally {
    await Promise.all(all.map(thread => thread.end()))
  }
}

/** A thread may run out of memory because of its other file, so each is tried once more alone. */
async function askOrRetry(thread: PoolThread, job: Job): Promise<Reply> {
  try {
    return await thread.ask(job)
  } catch (error) {
    if (!isOutOfMemory(error)) throw error
  }
  const alone = new PoolThread()
  try {
    return await alone.ask(job)
  } catch (error) {
    if (!isOutOfMemory(error)) throw error
    const reason = 'the file needs more memory than a thread has'
    const hint = 'set NODE_OPTIONS=--max-old-space-size=MiB to allow more'
    return { id: job.id, error: packError(new FormatError('too-large', reason, { hint })) }
  } finally {
    await alone.end()
  }
}

function isOutOfMemory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
}

/** A thread that is started when first needed, and again after it has died. */
class PoolThread {
  #worker: Worker | undefined

  ask(job: Job): Promise<Reply> {
    const worker = (this.#worker ??= this.#start())
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

  #start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url))
    worker.once('error', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    return worker
  }

  async end(): Promise<void> {
    await this.#worker?.terminate()
  }
}
