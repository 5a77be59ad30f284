import type { Converter } from '../src/converter.ts'
import { heapsnapshot } from './heapsnapshot/index.ts'

/** The only list of formats. Order is the order of help and docs; detection does not depend on it. */
export const converters: readonly Converter[] = [heapsnapshot]
