// What lies around a file's own text, peeled off in one place for every format: compression, a byte order
// mark, UTF-16, and the quotes of a JSON string that holds JSON.
import { FormatError } from '../errors.ts'
import { compressionOf, inflate } from './disk.ts'
import { copyOf, type Source } from './source.ts'

/** A source whose beginning can be looked at before it is read. */
export interface Peekable extends Source {
  /** The first bytes, `length` of them unless the source is shorter. Only before `chunks()`. */
  head(length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** One layer: how it is taken off. */
interface Layer {
  readonly isCompression: boolean
  /** A note for the user; none if the layer is usual. */
  readonly note?: string
  open(source: Source): Source
}

/** Most layers of a file. */
const MOST_LAYERS = 4

/** A file without what lies around it. */
export interface Peeled {
  readonly source: Peekable
  readonly isCompressed: boolean
  readonly notes: readonly string[]
  close(): Promise<void>
}

/** Takes all layers off. `guard` follows each compressed one, to bound what it inflates to. */
export async function peel(raw: Source, guard: (source: Source) => Source = same => same): Promise<Peeled> {
  const sources = [peekable(raw)]
  const notes: string[] = []
  let isCompressed = false
  const close = async () => {
    for (const source of sources.toReversed()) await source.close()
  }
  try {
    while (sources.length <= MOST_LAYERS) {
      const source = sources[sources.length - 1]
      const layer = layerOf(await source.head(4))
      if (!layer) break
      const opened = layer.open(source)
      sources.push(peekable(layer.isCompression ? guard(opened) : opened))
      isCompressed ||= layer.isCompression
      if (layer.note) notes.push(layer.note)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { source: sources[sources.length - 1], isCompressed, notes, close }
}

const [BRACE, BRACKET, QUOTE, BACKSLASH] = [0x7b, 0x5b, 0x22, 0x5c]

/** The outermost layer of bytes that begin like this; undefined where they are the file itself. */
function layerOf(head: Uint8Array): Layer | undefined {
  const [a, b, c, d] = head
  const compression = compressionOf(head)
  if (compression) return { isCompression: true, open: source => inflate(source, compression) }
  const text = (decode: (source: Source) => AsyncIterable<Uint8Array>, note?: string): Layer => ({
    isCompression: false,
    note,
    open: source => ({ name: source.name, chunks: () => decode(source) }),
  })
  if (a === 0xef && b === 0xbb && c === 0xbf) return text(source => skipping(source, 3))
  if (a === 0xff && b === 0xfe) return text(source => utf8(skipping(source, 2), 'little'))
  if (a === 0xfe && b === 0xff) return text(source => utf8(skipping(source, 2), 'big'))
  if ((a === BRACE || a === BRACKET) && b === 0 && d === 0)
    return text(source => utf8(source.chunks(), 'little'))
  if (a === 0 && (b === BRACE || b === BRACKET) && c === 0)
    return text(source => utf8(source.chunks(), 'big'))
  if (a === QUOTE && b === BRACE && c === BACKSLASH)
    return text(
      unquoted,
      'the file is a JSON string that holds JSON: it was written with JSON.stringify twice',
    )
  return undefined
}

async function* skipping(source: Source, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of source.chunks()) {
    if (chunk.length > left) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}

/** UTF-16 as UTF-8. Half a pair of surrogates becomes U+FFFD. */
async function* utf8(chunks: AsyncIterable<Uint8Array>, order: 'little' | 'big'): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-16le', { ignoreBOM: true })
  const encoder = new TextEncoder()
  let odd: number | undefined // the first half of a unit that goes on in the next piece
  for await (const chunk of chunks) {
    const lead = odd === undefined ? 0 : 1
    const bytes = new Uint8Array((lead + chunk.length) & ~1)
    if (odd !== undefined) bytes[0] = odd
    bytes.set(chunk.subarray(0, bytes.length - lead), lead)
    odd = (lead + chunk.length) % 2 === 1 ? chunk[chunk.length - 1] : undefined
    if (order === 'big') swap(bytes)
    yield encoder.encode(decoder.decode(bytes, { stream: true }))
  }
  if (odd !== undefined) throw new FormatError('truncated', 'UTF-16 text with an odd number of bytes')
  yield encoder.encode(decoder.decode())
}

function swap(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 2) [bytes[i], bytes[i + 1]] = [bytes[i + 1], bytes[i]]
}

const ESCAPES: Readonly<Record<string, number>> = {
  b: 8,
  t: 9,
  n: 10,
  f: 12,
  r: 13,
  '"': 34,
  '/': 47,
  '\\': 92,
}

/** What a JSON string holds. An escape beyond ASCII is passed on: it means the same one level further in. */
async function* unquoted(source: Source): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array(0) // an escape that goes on in the next piece
  let offset = 0
  let isOpen = false
  let isClosed = false
  for await (const chunk of source.chunks()) {
    const bytes = new Uint8Array(rest.length + chunk.length)
    bytes.set(rest)
    bytes.set(chunk, rest.length)
    let from = isOpen ? 0 : 1
    let to = 0 // the result is written over the text that was read: it is never longer
    isOpen = true
    for (; from < bytes.length; from++) {
      const c = bytes[from]
      if (isClosed) {
        if (c > 0x20) throw wrong('text after the end', offset + from)
      } else if (c === QUOTE) isClosed = true
      else if (c < 0x20) throw wrong('a control character in a string', offset + from)
      else if (c !== BACKSLASH) bytes[to++] = c
      else {
        const kind = from + 1 < bytes.length ? String.fromCharCode(bytes[from + 1]) : undefined
        const length = kind === 'u' ? 6 : 2
        if (kind === undefined || from + length > bytes.length) break
        const code = kind === 'u' ? hexOf(bytes.subarray(from + 2, from + 6)) : ESCAPES[kind]
        if (!(code >= 0)) throw wrong('a wrong escape in a string', offset + from)
        if (code < 0x80) bytes[to++] = code
        else {
          bytes.copyWithin(to, from, from + length)
          to += length
        }
        from += length - 1
      }
    }
    offset += from
    rest = copyOf(bytes, from)
    yield bytes.subarray(0, to)
  }
  if (!isClosed) throw new FormatError('truncated', 'a JSON string without its end', { offset })
}

function hexOf(bytes: Uint8Array): number {
  const text = String.fromCharCode(...bytes)
  return /^[0-9a-fA-F]{4}$/.test(text) ? Number.parseInt(text, 16) : -1
}

function wrong(reason: string, offset: number): FormatError {
  return new FormatError('malformed', reason, { offset })
}

function peekable(source: Source): Peekable {
  let iterator: AsyncIterator<Uint8Array> | undefined
  let seen = new Uint8Array(0)
  let ended = false
  const next = async () => {
    iterator ??= source.chunks()[Symbol.asyncIterator]()
    const result = await iterator.next()
    if (result.done) ended = true
    return result
  }
  return {
    name: source.name,
    async head(length) {
      while (seen.length < length && !ended) {
        const { value, done } = await next()
        if (done) break
        const joined = new Uint8Array(seen.length + value.length)
        joined.set(seen)
        joined.set(value, seen.length)
        seen = joined
      }
      return seen.subarray(0, length)
    },
    async *chunks() {
      if (seen.length) yield seen
      seen = new Uint8Array(0)
      while (!ended) {
        const { value, done } = await next()
        if (!done) yield value
      }
    },
    async close() {
      ended = true
      await iterator?.return?.(undefined)
    },
  }
}
