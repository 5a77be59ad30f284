// Traces a program with the library, in every thread of it, for `node --import`: a snapshot on SIGUSR2, as `run` writes them.
import { join } from 'node:path'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'
import * as tracemalloc from '../../dist/src/index.js'

const thread = isMainThread ? '' : `.worker-${threadId}`
let read = 0
const take = async () => {
  const number = String(++read).padStart(10, '0')
  const path = join(process.env.MATRIX_OUT, `tracemalloc.${process.pid}${thread}.${number}.pb.gz`)
  await tracemalloc.dumpSnapshot(await tracemalloc.takeSnapshot(), path)
}

tracemalloc.start()
const threads = new BroadcastChannel('matrix')
threads.onmessage = take
threads.unref()
if (isMainThread) {
  process.on('SIGUSR2', () => {
    threads.postMessage('read')
    void take()
  })
}
