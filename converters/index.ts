// The only list of formats.
import type { Converter } from './converter.ts'
import { csv } from './csv.ts'
import { firefox } from './firefox/index.ts'
import { folded } from './folded.ts'
import { heapprofile } from './heapprofile/index.ts'
import { heapsnapshot } from './heapsnapshot/index.ts'
import { markdown } from './markdown.ts'
import { ndjson } from './ndjson.ts'
import { pickle } from './pickle/index.ts'
import { pprof } from './pprof/index.ts'
import { speedscope } from './speedscope/index.ts'
import { textheap } from './textheap.ts'

/** The only list of formats. Order is the order of help and docs; detection does not depend on it. */
export const converters: readonly Converter[] = [
  heapprofile,
  heapsnapshot,
  pprof,
  textheap,
  pickle,
  folded,
  speedscope,
  firefox,
  csv,
  ndjson,
  markdown,
]
