// fastq and EventEmitter: jobs come and go.
import { EventEmitter, once } from 'node:events'
import fastq from 'fastq'
import { serve } from '../host.mjs'

const bus = new EventEmitter()
const queue = fastq(
  (job, done) => setImmediate(done, null, { ...job, squares: job.items.map(n => n * n) }),
  8,
)

serve(async i => {
  const end = once(bus, `end ${i}`)
  queue.push({ i, items: Array.from({ length: 100 }, (_, k) => k) }, (_error, result) =>
    bus.emit(`end ${i}`, result),
  )
  await end
})
