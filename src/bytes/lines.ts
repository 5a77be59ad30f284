// Text in lines: read from pieces of bytes, and written in pieces.
import { FormatError } from '../errors.ts'
import { copyOf, joinPieces, type Source } from './source.ts'

export interface Line {
  /** Without its line break. */
  readonly text: string
  /** Byte offset of its beginning. */
  readonly offset: number
  /** Did a line break end it? False only for a last line that the end of the file cut. */
  readonly ended: boolean
}

/** Longest line in bytes: a stack of 100,000 frames has a few million. */
const LONGEST = 16 << 20

/**
 * The lines of UTF-8 text; `\n` and `\r\n` end them. Throws FormatError `malformed` for bytes that are not
 * UTF-8 and `too-large` for a line of over 16 MiB.
 */
export async function* linesOf(source: Source, format: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let pieces: Uint8Array[] = [] // of the line that no break has ended yet
  let pending = 0
  let offset = 0
  const take = (rest: Uint8Array, ended: boolean): Line => {
    const bytes = joinPieces([...pieces, rest], pending + rest.length)
    const line = { text: '', offset, ended }
    try {
      line.text = decoder.decode(bytes.at(-1) === 13 && ended ? bytes.subarray(0, -1) : bytes)
    } catch (cause) {
      throw new FormatError('malformed', 'not UTF-8 text', { format, offset, cause })
    }
    offset += bytes.length + (ended ? 1 : 0)
    pieces = []
    pending = 0
    return line
  }
  for await (const chunk of source.chunks()) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const line = take(chunk.subarray(from, at), true)
      from = at + 1
      yield line
    }
    if (from < chunk.length) {
      pieces.push(copyOf(chunk, from))
      pending += chunk.length - from
    }
    if (pending > LONGEST) throw new FormatError('too-large', 'a line of over 16 MiB', { format, offset })
  }
  if (pending > 0) yield take(new Uint8Array(0), false)
}

/** The first bytes of a file as text, one character a byte, so that offsets stay true. */
export function asciiOf(head: Uint8Array): string {
  return new TextDecoder('latin1').decode(head)
}

/** Short texts in pieces that are worth writing. */
export function* inPieces(texts: Iterable<string>): Generator<string> {
  let piece = ''
  for (const text of texts) {
    piece += text
    if (piece.length < 65536) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
