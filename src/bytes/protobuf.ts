// Protocol Buffers: a reader that checks every length and allocates nothing, and a writer.
import { FormatError, type FormatErrorCode } from '../errors.ts'
import type { Source } from './source.ts'

/** Wire types: https://protobuf.dev/programming-guides/encoding/ */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

const TWO32 = 4294967296
const NOTHING = new Uint8Array(0)

/**
 * Walks over the fields of one message. `next()` moves to a field; its value is then in the cursor, until the
 * next move. Used again for message after message (`over`, `enter`), so that reading allocates nothing. Every
 * length is checked against the bytes at hand; every fault is a FormatError with its offset.
 */
export class Cursor {
  bytes: Uint8Array = NOTHING
  /** Offset in the file of `bytes[0]`. */
  base = 0
  /** Number and wire type of the current field. */
  field = 0
  wire = 0
  /** Current varint or fixed value: its unsigned halves. */
  low = 0
  high = 0
  /** Bounds in `bytes` of the current value. */
  start = 0
  stop = 0
  /** After `tryNext` returned false: this many bytes from the field's first byte are needed at least. */
  needed = 0
  #at = 0
  #end = 0
  #fieldAt = 0

  /** Begins at `bytes[start]`, ends before `bytes[stop]`. */
  over(bytes: Uint8Array, start = 0, stop = bytes.length, base = 0): this {
    this.bytes = bytes
    this.base = base
    this.#at = this.#fieldAt = start
    this.#end = stop
    return this
  }

  /** Begins with what the current field of another cursor holds. */
  enter(outer: Cursor): this {
    if (outer.wire !== WIRE.bytes) outer.fail('malformed', `field ${outer.field} is no message`)
    return this.over(outer.bytes, outer.start, outer.stop, outer.base)
  }

  /** Is anything left? */
  get more(): boolean {
    return this.#at < this.#end
  }

  /** Where the next field begins, in `bytes`. */
  get at(): number {
    return this.#at
  }

  /** Offset in the file of the current field. */
  get offset(): number {
    return this.base + this.#fieldAt
  }

  fail(code: FormatErrorCode, reason: string, at = this.offset): never {
    throw new FormatError(code, reason, { offset: at })
  }

  /** Moves to the next field of a message that is here as a whole. False at its end. */
  next(): boolean {
    if (this.#at >= this.#end) return false
    if (!this.tryNext()) this.fail('malformed', 'a field passes the end of its message')
    return true
  }

  /** Moves to the next field if all of it is here; otherwise stays, returns false and sets `needed`. */
  tryNext(): boolean {
    const begin = (this.#fieldAt = this.#at)
    if (this.#readVarint() && this.#readTag() && this.#readValue()) return true
    this.needed = Math.max(this.#at, this.#end + 1) - begin
    this.#at = begin
    return false
  }

  #readTag(): boolean {
    this.field = this.low >>> 3
    this.wire = this.low & 7
    if (this.high !== 0 || this.field === 0) this.fail('malformed', 'a field number out of range')
    return true
  }

  /** False, with `#at` after the value, where the value is incomplete. */
  #readValue(): boolean {
    const { wire } = this
    this.start = this.#at
    if (wire === WIRE.varint) {
      if (!this.#readVarint()) return false
    } else if (wire === WIRE.bytes) {
      if (!this.#readVarint()) return false
      this.start = this.#at
      this.#at += this.high * TWO32 + this.low
    } else if (wire === WIRE.fixed64) this.#at += 8
    else if (wire === WIRE.fixed32) this.#at += 4
    else this.fail('malformed', `wire type ${wire}`)
    this.stop = this.#at
    return this.#at <= this.#end
  }

  /** Reads one bare varint, as in a packed field, into `low` and `high`. */
  varint(): void {
    this.#fieldAt = this.#at
    this.wire = WIRE.varint
    if (!this.#readVarint()) this.fail('malformed', 'a number passes the end of its field')
  }

  /** False where the bytes end within the number. Most are of one byte. */
  #readVarint(): boolean {
    const at = this.#at
    if (at >= this.#end) return false
    const byte = this.bytes[at]
    if (byte >= 0x80) return this.#readLongVarint(byte)
    this.#at = at + 1
    this.low = byte
    this.high = 0
    return true
  }

  #readLongVarint(byte: number): boolean {
    const { bytes } = this
    const end = this.#end
    let at = this.#at + 1
    let low = byte & 0x7f
    let high = 0
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (at >= end) return false
      byte = bytes[at++]
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else if (byte > 1) this.fail('malformed', 'a number of more than 64 bits')
      else high |= byte << 31
    }
    this.#at = at
    this.low = low >>> 0
    this.high = high >>> 0
    return true
  }

  /** Checks that the current field is a varint; all 64 bits of it are in `low` and `high`. */
  uint64(): void {
    this.#mustBe(WIRE.varint)
  }

  /** The current varint as an unsigned number. Fails above 2^53 - 1, which a double cannot hold exactly. */
  uint(): number {
    this.#mustBe(WIRE.varint)
    const value = this.high * TWO32 + this.low
    if (!Number.isSafeInteger(value)) this.fail('too-large', 'a number above 2^53')
    return value
  }

  /** The current varint as an int64: numbers from 2^63 on are negative. Fails beyond +-(2^53 - 1). */
  int(): number {
    this.#mustBe(WIRE.varint)
    const value = (this.high | 0) * TWO32 + this.low
    if (!Number.isSafeInteger(value)) this.fail('too-large', 'a number beyond 2^53')
    return value
  }

  /** The current varint as a number that must be in 0 .. 2^32 - 1. */
  uint32(what: string): number {
    this.#mustBe(WIRE.varint)
    if (this.high !== 0) this.fail('malformed', `${what} out of range`)
    return this.low
  }

  /** The current varint as a sint64 (zigzag: 0, -1, 1, -2, ...). */
  sint(): number {
    const value = this.uint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** The current value as bytes: a view, only valid until more of the file is read. */
  value(): Uint8Array {
    this.#mustBe(WIRE.bytes)
    return this.bytes.subarray(this.start, this.stop)
  }

  #mustBe(wire: number): void {
    if (this.wire !== wire) this.fail('malformed', `field ${this.field} has wire type ${this.wire}`)
  }
}

/**
 * Reads a message that arrives in pieces and calls `onField` for each of its fields, with the cursor on it.
 * Only the field that is being read is kept. Throws FormatError `truncated` where the source ends within a
 * field, `too-large` beyond `limit` bytes.
 */
export async function readFields(
  source: Source,
  limit: number,
  onField: (cursor: Cursor) => void,
): Promise<void> {
  const cursor = new Cursor()
  let kept = new Uint8Array(0) // the beginning of a field that is not all here
  let length = 0
  let needed = 0
  let base = 0 // offset in the file of what is kept
  for await (const chunk of source.chunks()) {
    if (base + length + chunk.length > limit) {
      throw new FormatError('too-large', `more than ${limit} bytes`, { offset: base + length })
    }
    let bytes = chunk
    if (length > 0) {
      if (length + chunk.length > kept.length) {
        const grown = new Uint8Array(Math.max(length + chunk.length, kept.length * 2))
        grown.set(kept.subarray(0, length))
        kept = grown
      }
      kept.set(chunk, length)
      length += chunk.length
      if (length < needed) continue
      bytes = kept.subarray(0, length)
    }
    cursor.over(bytes, 0, bytes.length, base)
    needed = 0
    while (cursor.more) {
      if (!cursor.tryNext()) {
        needed = cursor.needed
        break
      }
      onField(cursor)
    }
    const rest = bytes.length - cursor.at
    if (rest > kept.length) kept = new Uint8Array(rest * 2)
    kept.set(bytes.subarray(cursor.at)) // may overlap: `set` copes
    base += cursor.at
    length = rest
  }
  if (length > 0)
    throw new FormatError('truncated', 'the file ends within a field', { offset: base + length })
}

/** Writes messages into a growing buffer. Numbers are integers within +-(2^53 - 1), negative ones int64. */
export class MessageWriter {
  #bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
  }

  /** What was written: a view, valid until the next call. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  /** Takes what was written; the writer is empty again. */
  take(): Uint8Array {
    const taken = this.view()
    this.#bytes = new Uint8Array(this.#bytes.length)
    this.length = 0
    return taken
  }

  clear(): this {
    this.length = 0
    return this
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.length + count, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.length))
    this.#bytes = grown
  }

  /** A bare varint. */
  varint(value: number): this {
    if (!(value >= 0 && value < 0x80000000)) {
      return this.varint64(value >>> 0, Math.floor(value / TWO32) >>> 0)
    }
    this.#reserve(5)
    const bytes = this.#bytes
    let at = this.length
    let rest = value
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.length = at
    return this
  }

  /** A bare varint of 64 bits, by its unsigned halves. */
  varint64(low: number, high: number): this {
    this.#reserve(10)
    while (high !== 0 || low > 0x7f) {
      this.#bytes[this.length++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.#bytes[this.length++] = low
    return this
  }

  /** A field of wire type varint. */
  int(field: number, value: number): this {
    return this.varint(field * 8 + WIRE.varint).varint(value)
  }

  /** A bare sint64: zigzag. */
  sint(value: number): this {
    return this.varint(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  /** A field of wire type bytes: a string's, a message's, or packed numbers'. */
  bytes(field: number, value: Uint8Array): this {
    return this.varint(field * 8 + WIRE.bytes)
      .varint(value.length)
      .raw(value)
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#bytes.set(value, this.length)
    this.length += value.length
    return this
  }

  message(field: number, inner: MessageWriter): this {
    return this.bytes(field, inner.view())
  }
}
