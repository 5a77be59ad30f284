// p-queue: an async job that leaves a report of itself behind.
import PQueue from 'p-queue'
import { serve } from '../host.mjs'

const queue = new PQueue({ concurrency: 3 })
const reports = new Map()

async function job(i) {
  await null
  const steps = Array.from({ length: 40 }, (_, k) => ({ step: k, of: i }))
  reports.set(i, steps)
  return steps.length
}

serve(i => queue.add(() => job(i)))
