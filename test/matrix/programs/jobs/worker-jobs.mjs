// Worker threads: the worker keeps what it was asked.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { serve } from '../host.mjs'

const seen = []

function handle(job) {
  seen.push({ job, cells: new Array(180).fill(job) })
  return seen.length
}

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url))
  serve(async i => {
    worker.postMessage(i)
    await once(worker, 'message')
  })
} else parentPort.on('message', job => parentPort.postMessage(handle(job)))
