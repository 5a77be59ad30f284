// pino and marked: a log to nowhere, and documents of which the last stays.
import { Writable } from 'node:stream'
import { marked } from 'marked'
import pino from 'pino'
import { serve } from '../host.mjs'

const log = pino(new Writable({ write: (_chunk, _encoding, done) => done() }))
let last = ''

serve(async i => {
  last = marked.parse(Array.from({ length: 5 }, (_, k) => `## Part ${k}\n\nText of *${i}*.`).join('\n\n'))
  log.child({ request: i }).info({ length: last.length }, 'rendered')
})
