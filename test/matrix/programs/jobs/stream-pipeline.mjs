// Streams: gzip, gunzip, lines, sums; nothing stays.
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import split from 'split2'
import { serve } from '../host.mjs'

serve(async i => {
  const sums = new Map()
  const sink = new Writable({
    objectMode: true,
    write(line, _encoding, done) {
      sums.set(line, (sums.get(line) ?? 0) + 1)
      done()
    },
  })
  const text = Array.from({ length: 20 }, (_, k) => `line ${k} of ${i}`).join('\n')
  await pipeline([text], createGzip(), createGunzip(), split(), sink)
})
