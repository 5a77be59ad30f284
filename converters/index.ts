import type { Converter } from '../src/converter.ts'
import { heapprofile } from './heapprofile/index.ts'
import { heapsnapshot } from './heapsnapshot/index.ts'
import { pickle } from './pickle/index.ts'
import { pprof } from './pprof/index.ts'

/** The only list of formats. Order is the order of help and docs; detection does not depend on it. */
export const converters: readonly Converter[] = [heapprofile, heapsnapshot, pprof, pickle]
