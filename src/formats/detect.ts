// Asks every converter whether a file that begins like this is its own.
import type { Converter } from '../../converters/converter.ts'
import { FormatError } from '../errors.ts'
import { type Other, otherOf } from './others.ts'

export interface Detection {
  /** The converter that reads the bytes, when the head was long enough to tell. */
  converter?: Converter
  /** A longer head may tell. */
  more: boolean
  /** It is JSON that no converter knows by its beginning. */
  isVague?: boolean
}

/**
 * Which converter reads a file that begins like this? Throws FormatError `unrecognized` when none, or
 * several, claim it.
 */
export function detect(
  converters: readonly Converter[],
  head: Uint8Array,
  name: string,
  isWhole: boolean,
): Detection {
  const readable = converters.filter(c => c.read)
  const verdicts = readable.map(c => c.sniff(head, name))
  const claimed = readable.filter((_, i) => verdicts[i] === 'yes')
  if (claimed.length === 1) return { converter: claimed[0], more: false }
  if (claimed.length > 1) {
    const byName = claimed.filter(c => c.extensions.some(e => name.endsWith(e)))
    if (byName.length === 1) return { converter: byName[0], more: false }
    throw new FormatError('unrecognized', `could be ${claimed.map(c => c.name).join(' or ')}`, {
      hint: 'choose one with --from',
    })
  }
  if (verdicts.includes('more') && !isWhole) return { more: true }
  const other = otherOf(head, isWhole)
  if (other?.isVague) return { more: false, isVague: true }
  throw unrecognized(other ?? { what: 'not a profile or snapshot of a known format' }, readable)
}

/** The error for a file that is something else. */
export function unrecognized({ what, hint }: Other, readable: readonly Converter[]): FormatError {
  return new FormatError('unrecognized', what, {
    hint: hint ?? `known formats: ${readable.map(c => c.name).join(', ')}`,
  })
}
