// Tells from its first bytes whether a file is a pprof profile.
import { Cursor, WIRE } from '../../src/bytes/protobuf.ts'
import { PROFILE } from './fields.ts'

/** Wire types, by field, of the messages in a Profile: V a varint, B bytes, R a repeated number (either). */
const SHAPES: Record<number, string> = {
  [PROFILE.sampleType]: 'VV',
  [PROFILE.sample]: 'RRB',
  [PROFILE.mapping]: 'VVVVVVVVVV',
  [PROFILE.location]: 'VVVBV',
  [PROFILE.function]: 'VVVVV',
  [PROFILE.periodType]: 'VV',
}

/** The same of Profile itself. */
const PROFILE_SHAPE = 'BBBBBBVVVVBVRVV'

/** No message of a profile is longer; text that looks like a field often claims more. */
const LONGEST = 2 ** 31

/** Does the head begin like a profile? It has a non-empty message of a known kind, and nothing impossible. */
export function sniff(head: Uint8Array): 'yes' | 'no' | 'more' {
  const field = new Cursor().over(head)
  let isLike = false
  try {
    while (field.tryNext()) {
      if (!fits(field, PROFILE_SHAPE) || (!isLike && field.field > PROFILE_SHAPE.length)) return 'no'
      if (!(field.field in SHAPES)) continue
      const inner = new Cursor().enter(field)
      while (inner.next()) {
        if (!fits(inner, SHAPES[field.field])) return 'no'
        isLike = true
      }
    }
  } catch {
    return 'no'
  }
  if (field.needed > LONGEST) return 'no'
  return isLike ? 'yes' : 'more'
}

/** Is the field's wire type the one of its number? Numbers beyond those known may be anything. */
function fits(c: Cursor, shape: string): boolean {
  const kind = shape[c.field - 1]
  if (c.wire === WIRE.varint) return kind !== 'B'
  if (c.wire === WIRE.bytes) return kind !== 'V'
  return kind === undefined
}
