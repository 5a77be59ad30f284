// What a `load` hook of Node's returns.
import { method } from '../unharmed.ts'

const decode = method(TextDecoder.prototype.decode as (bytes: unknown) => string)
const decoder = new TextDecoder()

/** A module as a hook returns it. */
export interface LoadResult {
  format?: string | null
  source?: string | ArrayBuffer | Uint8Array | null
}

/** The text of a module's source. */
export function textOf(source: NonNullable<LoadResult['source']>): string {
  return typeof source === 'string' ? source : decode(decoder, source)
}
