// Asks every converter whether a file that begins like this is its own.
import type { Converter } from '../../converters/converter.ts'
import { FormatError } from '../errors.ts'
import { otherOf } from './others.ts'

export interface Detection {
  /** The converter that reads the bytes, when the head was long enough to tell. */
  converter?: Converter
  /** A longer head may tell. */
  more: boolean
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
  throw new FormatError('unrecognized', other?.what ?? 'not a profile or snapshot of a known format', {
    hint: other?.hint ?? `known formats: ${readable.map(c => c.name).join(', ')}`,
  })
}
