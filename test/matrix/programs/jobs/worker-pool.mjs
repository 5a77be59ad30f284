// Worker threads: two workers that compute, and forget.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { serve } from '../host.mjs'

function compute(i) {
  const words = Array.from({ length: 200 }, (_, k) => `word ${(i * k) % 97}`)
  return [...new Set(words)].sort().length
}

if (isMainThread) {
  const workers = [0, 1].map(() => new Worker(new URL(import.meta.url)))
  serve(async i => {
    workers[i % 2].postMessage(i)
    await once(workers[i % 2], 'message')
  })
} else parentPort.on('message', i => parentPort.postMessage(compute(i)))
