// Streams: a transform that indexes every line it sees.
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import split from 'split2'
import { serve } from '../host.mjs'

const index = new Map()
let lines = 0

class Indexer extends Transform {
  _transform(line, _encoding, done) {
    index.set(lines++, { words: String(line).split(' ') })
    done()
  }
}

serve(i =>
  pipeline([Array.from({ length: 40 }, (_, k) => `line ${k} of ${i}`).join('\n')], split(), new Indexer()),
)
