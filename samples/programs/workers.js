// A program with two worker threads that hold memory: one ends by itself, one is terminated.
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

if (isMainThread) {
  const ends = new Worker(new URL(import.meta.url))
  const lasts = new Worker(new URL(import.meta.url), { argv: ['last'] })
  await Promise.all([ends, lasts].map(worker => new Promise(resolve => worker.once('message', resolve))))
  if (ends.threadId > 0) await new Promise(resolve => ends.once('exit', resolve))
  await lasts.terminate()
} else {
  const held = workerHolds(30_000)
  parentPort.postMessage(held.length)
  if (process.argv.includes('last')) setInterval(() => held.length, 1000)
}

function workerHolds(n) {
  return Array.from({ length: n }, (_, i) => ({ i, text: [i, i + 1] }))
}
