// Reads the values of a `.heapsnapshot`: long arrays of numbers and strings, nested arrays, small JSON.
import { copyOf } from '../bytes/source.ts'
import { FormatError, type FormatErrorCode } from '../errors.ts'
import { AT, LONGEST_ROW, PIECE, type Scanner, STOP, TAIL } from './scan.ts'

/** A number of 2^32 or more: its index in `values`, where 0 stands for it, and its value. */
export interface Wide {
  readonly at: number
  readonly value: number
}

/**
 * Takes complete rows of an array of numbers: `values[0, length)`, the first of which is number `first` of
 * the array. `wide`, in order of `at`, is nearly always empty. The arrays are reused.
 */
export type RowSink = (values: Uint32Array, length: number, first: number, wide: readonly Wide[]) => void

/** The value at index `at`, including numbers of 2^32 and more, which are 0 in `values`. */
export function exactly(values: Uint32Array, at: number, wide: readonly Wide[]): number {
  if (values[at] !== 0 || wide.length === 0) return values[at]
  let [from, to] = [0, wide.length] // they are in order
  while (from < to) {
    const middle = (from + to) >>> 1
    if (wide[middle].at < at) from = middle + 1
    else to = middle
  }
  return wide[from]?.at === at ? wide[from].value : 0
}

/** Takes a piece of an array of strings, `bytes[start, end)`, with the positions of its quotes. */
type StringSink = (bytes: Uint8Array, start: number, end: number, quotes: Uint32Array, count: number) => void

/** What to do with the value of a member. `done` is called after it. */
export type Handler =
  /** A flat array of unsigned integers, in rows of `fields`. */
  | {
      read: 'rows'
      fields: number
      /** The fields that may hold numbers of 2^32 and more. */
      wide?: readonly number[]
      rows: RowSink
      done?: () => void
    }
  /** An array of strings. */
  | { read: 'strings'; piece: StringSink; done?: () => void }
  /** Nested arrays of unsigned integers. */
  | { read: 'nested'; number(value: number): void; open(): void; close(): void; done?: () => void }
  /** A small value, at most `limit` bytes long. */
  | { read: 'json'; limit: number; value(value: unknown): void }
  /** Any value; only its end is searched for. */
  | { read: 'skip' }
  /** Any value, handed over unchanged, as copies of its pieces. */
  | { read: 'keep'; piece(bytes: Uint8Array): void }
  /** A flat array of numbers that is not needed: skips to its end. */
  | { read: 'pass' }

/** A fault found by a handler, at `index` of the section. The reader adds section and position. */
export class RowFault extends Error {
  readonly index: number
  readonly code: FormatErrorCode
  constructor(reason: string, index: number, code: FormatErrorCode = 'malformed') {
    super(reason)
    this.index = index
    this.code = code
  }
}

/** A byte as shown in an error. */
export function show(c: number): string {
  return c > 32 && c < 127 ? `'${String.fromCharCode(c)}'` : `0x${c.toString(16).padStart(2, '0')}`
}

/** Consumes the bytes of one value. */
export interface ValueParser {
  /** Reads `chunk` from `p` on. Returns the position after the value, or -1 if the value goes on. */
  feed(chunk: Uint8Array, p: number): number
  done(): void
  /** Position in the chunk of the last fault thrown; may lie before the chunk. */
  faultAt?: number
}

/** The reader for a value. */
export function readerOf(handler: Handler, scanner: Scanner): ValueParser {
  if (handler.read === 'rows') return new RowReader(handler, scanner)
  if (handler.read === 'strings') return new StringReader(handler, scanner)
  if (handler.read === 'nested') return new NestedReader(handler)
  if (handler.read === 'pass') return { feed: passArray, done: () => {} }
  return new ValueReader(handler)
}

/** A `Buffer` is searched with memchr; a plain Uint8Array is not everywhere. */
const nativeIndexOf: (this: Uint8Array, value: number, from: number) => number =
  (globalThis as unknown as { Buffer?: typeof Uint8Array }).Buffer?.prototype.indexOf ??
  Uint8Array.prototype.indexOf

function passArray(chunk: Uint8Array, p: number): number {
  const i = nativeIndexOf.call(chunk, 93, p)
  return i < 0 ? -1 : i + 1
}

class RowReader implements ValueParser {
  readonly #handler: Handler & { read: 'rows' }
  readonly #scanner: Scanner
  #tail = 0 // bytes left over, before TAIL
  #held = 0 // numbers of an incomplete row
  #count = 0 // numbers passed to the handler
  #wide: Wide[] = []
  faultAt = 0

  constructor(handler: Handler & { read: 'rows' }, scanner: Scanner) {
    if (handler.fields < 1 || handler.fields > LONGEST_ROW) {
      throw new FormatError('unsupported', `rows of ${handler.fields} fields`)
    }
    this.#handler = handler
    this.#scanner = scanner
  }

  feed(chunk: Uint8Array, p: number): number {
    const { input } = this.#scanner
    while (p < chunk.length) {
      const length = Math.min(PIECE, chunk.length - p)
      input.set(length === chunk.length ? chunk : chunk.subarray(p, p + length), TAIL)
      const end = TAIL + length
      const start = TAIL - this.#tail
      let last = end
      while (last > TAIL && input[last - 1] !== 44 && input[last - 1] !== 93) last--
      if (last > TAIL) {
        const next = this.#scan(start, last, p - TAIL)
        if (next >= 0) return p + (next - TAIL)
        this.#tail = 0
        if (end - last > TAIL) this.#fault('malformed', 'no comma where a number should end', p + last - TAIL)
        input.copyWithin(TAIL - (end - last), last, end)
        this.#tail = end - last
      } else if (this.#tail + length > TAIL) {
        this.#fault('malformed', 'no comma where a number should end', p)
      } else {
        input.copyWithin(TAIL - this.#tail - length, TAIL - this.#tail, end)
        this.#tail += length
      }
      p += length
    }
    return -1
  }

  /** Scans `input[start, last)` and passes on complete rows. Returns where the array ends, or -1. */
  #scan(start: number, last: number, toChunk: number): number {
    const scanner = this.#scanner
    let p = start
    let closed = false
    while (p < last && !closed) {
      this.#held = scanner.numbers(p, last, this.#held)
      p = scanner.next
      if (scanner.stop === STOP.closed) closed = true
      else if (scanner.stop === STOP.long) {
        p = this.#long(p, toChunk)
        closed = scanner.input[p - 1] === 93
      } else if (scanner.stop === STOP.bad) {
        if (scanner.input[p] !== 93 || this.#count + this.#held > 0) {
          this.#fault('malformed', `unexpected byte ${show(scanner.input[p])}`, p + toChunk)
        }
        closed = true
        p++
      }
    }
    this.faultAt = p + toChunk
    this.#flush()
    if (!closed) return -1
    if (this.#held)
      this.#fault('malformed', `the last row has not all of its ${this.#handler.fields} fields`, p + toChunk)
    return p
  }

  /** Reads the number at `p` of the input exactly. Returns the position after its delimiter. */
  #long(p: number, toChunk: number): number {
    const { input, output } = this.#scanner
    let value = 0
    let q = p
    for (; input[q] >= 48 && input[q] <= 57; q++) value = value * 10 + (input[q] - 48)
    while (input[q] === 32 || (input[q] >= 9 && input[q] <= 13)) q++
    if (input[q] !== 44 && input[q] !== 93)
      this.#fault('malformed', `unexpected byte ${show(input[q])}`, q + toChunk)
    if (value > Number.MAX_SAFE_INTEGER) this.#fault('malformed', 'a number above 2^53', p + toChunk)
    if (value > 0xffffffff) {
      const { fields, wide } = this.#handler
      if (!wide?.includes(this.#held % fields)) this.#fault('malformed', 'a number above 2^32', p + toChunk)
      this.#wide.push({ at: this.#held, value })
    }
    output[this.#held++] = value > 0xffffffff ? 0 : value
    return q + 1
  }

  #flush(): void {
    const { output } = this.#scanner
    const whole = this.#held - (this.#held % this.#handler.fields)
    if (whole === 0) return
    const wide = this.#wide.filter(w => w.at < whole)
    this.#handler.rows(output, whole, this.#count, wide)
    this.#wide = this.#wide.filter(w => w.at >= whole).map(w => ({ at: w.at - whole, value: w.value }))
    output.copyWithin(0, whole, this.#held)
    this.#held -= whole
    this.#count += whole
  }

  #fault(code: FormatErrorCode, reason: string, at: number): never {
    this.faultAt = at
    throw new RowFault(reason, this.#count + this.#held, code)
  }

  done(): void {
    this.#handler.done?.()
  }
}

class StringReader implements ValueParser {
  readonly #handler: Handler & { read: 'strings' }
  readonly #scanner: Scanner
  #state: number = AT.first
  #quotes = 0
  faultAt = 0

  constructor(handler: Handler & { read: 'strings' }, scanner: Scanner) {
    this.#handler = handler
    this.#scanner = scanner
  }

  feed(chunk: Uint8Array, p: number): number {
    const scanner = this.#scanner
    while (p < chunk.length) {
      const length = Math.min(PIECE, chunk.length - p)
      scanner.input.set(length === chunk.length ? chunk : chunk.subarray(p, p + length), TAIL)
      const count = scanner.strings(TAIL, TAIL + length, this.#state)
      this.#state = scanner.state
      this.#quotes += count
      this.faultAt = p + scanner.next - TAIL
      if (scanner.stop === STOP.bad) {
        throw new RowFault(`unexpected byte ${show(scanner.input[scanner.next])}`, this.#quotes >> 1)
      }
      this.#handler.piece(scanner.input, TAIL, scanner.next, scanner.output, count)
      if (scanner.stop === STOP.closed) return this.faultAt
      p += length
    }
    return -1
  }

  done(): void {
    this.#handler.done?.()
  }
}

class NestedReader implements ValueParser {
  readonly #handler: Handler & { read: 'nested' }
  #depth = 1
  #value = -1 // the number being read; -1 = none
  /** May a value stand here? Yes after `[` or `,`. */
  #expects = true
  #afterComma = false
  #numbers = 0
  faultAt = 0

  constructor(handler: Handler & { read: 'nested' }) {
    this.#handler = handler
  }

  feed(chunk: Uint8Array, p: number): number {
    for (; p < chunk.length; p++) {
      const c = chunk[p]
      this.faultAt = p
      if (c >= 48 && c <= 57) {
        if (!this.#expects && this.#value < 0) this.#bad(c)
        this.#value = Math.max(this.#value, 0) * 10 + (c - 48)
        if (this.#value > Number.MAX_SAFE_INTEGER) throw new RowFault('a number above 2^53', this.#numbers)
        this.#expects = false
        continue
      }
      this.#numberEnds()
      if (c === 32 || (c >= 9 && c <= 13)) continue
      if (c === 44 && !this.#expects) {
        this.#expects = this.#afterComma = true
      } else if (c === 91 && this.#expects) {
        this.#depth++
        this.#afterComma = false
        this.#handler.open()
      } else if (c === 93 && !(this.#expects && this.#afterComma)) {
        this.#expects = false
        if (--this.#depth === 0) return p + 1
        this.#handler.close()
      } else this.#bad(c)
    }
    return -1
  }

  #numberEnds(): void {
    if (this.#value < 0) return
    this.#handler.number(this.#value)
    this.#value = -1
    this.#numbers++
  }

  #bad(c: number): never {
    throw new RowFault(`unexpected byte ${show(c)}`, this.#numbers)
  }

  done(): void {
    this.#handler.done?.()
  }
}

/** Finds the end of any value; keeps its bytes for `json` and `keep`. */
class ValueReader implements ValueParser {
  readonly #handler: Handler & { read: 'json' | 'skip' | 'keep' }
  readonly #pieces: Uint8Array[] = []
  #length = 0
  #depth = 0
  #string = false
  #escaped = false
  #scalar = false

  constructor(handler: Handler & { read: 'json' | 'skip' | 'keep' }) {
    this.#handler = handler
  }

  feed(chunk: Uint8Array, p: number): number {
    const end = this.#end(chunk, p)
    if (this.#handler.read === 'keep') this.#handler.piece(copyOf(chunk, p, end < 0 ? chunk.length : end))
    if (this.#handler.read === 'json') {
      const piece = copyOf(chunk, p, end < 0 ? chunk.length : end)
      this.#length += piece.length
      if (this.#length > this.#handler.limit) {
        throw new FormatError('too-large', `longer than ${this.#handler.limit} bytes`)
      }
      this.#pieces.push(piece)
    }
    return end
  }

  #end(chunk: Uint8Array, p: number): number {
    for (; p < chunk.length; p++) {
      const c = chunk[p]
      if (this.#string) {
        if (this.#escaped) this.#escaped = false
        else if (c === 92) this.#escaped = true
        else if (c === 34) {
          this.#string = false
          if (this.#depth === 0) return p + 1
        }
      } else if (this.#scalar) {
        if (c === 44 || c === 125 || c === 93 || c === 32 || (c >= 9 && c <= 13)) return p
      } else if (c === 34) this.#string = true
      else if (c === 91 || c === 123) this.#depth++
      else if (c === 93 || c === 125) {
        if (this.#depth === 0) throw new FormatError('malformed', `unexpected byte ${show(c)}`)
        if (--this.#depth === 0) return p + 1
      } else if (this.#depth === 0) {
        if (c === 44) throw new FormatError('malformed', `unexpected byte ','`)
        this.#scalar = true
      }
    }
    return -1
  }

  done(): void {
    if (this.#handler.read !== 'json') return
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      all.set(piece, at)
      at += piece.length
    }
    let value: unknown
    try {
      value = JSON.parse(new TextDecoder().decode(all))
    } catch (error) {
      throw new FormatError('malformed', `bad JSON: ${(error as Error).message}`)
    }
    this.#handler.value(value)
  }
}

const utf8 = new TextDecoder()

/** The string whose bytes stood between quotes in JSON; undefined if they are not a JSON string. */
export function decode(bytes: Uint8Array): string | undefined {
  const text = utf8.decode(bytes)
  if (!NEEDS_PARSING.test(text)) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return undefined
  }
}

/** An escape, or a control character, which JSON forbids. */
const NEEDS_PARSING = /[\\\u0000-\u001f]/
