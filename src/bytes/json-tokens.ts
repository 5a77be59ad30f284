// JSON as a sequence of tokens over pieces of bytes: for files too large to be read whole.
import { FormatError, type FormatErrorCode } from '../errors.ts'
import type { Source } from './source.ts'

/** What `next()` found. `more` asks for more bytes; `end` is the end of the text. */
export const TOKEN = {
  more: 0,
  object: 1,
  objectEnd: 2,
  array: 3,
  arrayEnd: 4,
  key: 5,
  string: 6,
  number: 7,
  literal: 8, // true, false, null
  end: 9,
} as const
export type Token = (typeof TOKEN)[keyof typeof TOKEN]

/** What may come next. */
export const STATE = {
  value: 0, // a value: at the start, or after a key
  first: 1, // the first thing of an array or object, or its end
  next: 2, // a key or an element, after a comma
  after: 3, // a comma, or the end of what is open
} as const

/** Longest string, number or `span()` in bytes: more is `too-large`. */
export const LONGEST_TOKEN = 16 << 20
/** Deepest nesting: a level costs a byte. */
const DEEPEST = 64 << 20

const PIECE = 256 * 1024
/**
 * A token that is not whole is tried again with every piece up to this length, then only when twice as much
 * is there.
 */
const SHORT = 64 * 1024
/** Room for the rest of a piece, so that the window seldom grows. */
const SLACK = 4096

/**
 * The tokens of a JSON text that arrives in pieces, in memory that does not grow with the text: iterative,
 * strict in grammar, and with an offset for every fault. The unread bytes of the current piece are public, so
 * that a reader who knows a layout can take a short cut through them and leave the state as the tokens would
 * have.
 */
export class JsonTokens {
  /** The window on the text; bytes `at` to `limit` are not read yet. */
  bytes = new Uint8Array(0)
  at = 0
  limit = 0
  /** Offset of `bytes[0]` in the text. */
  base = 0
  /** Where the last token is in `bytes`, strings without their quotes; valid until the next call. */
  from = 0
  to = 0
  /** One of STATE. */
  state: number = STATE.value
  /** Number of open arrays and objects; `nesting[depth - 1]` is 1 where the innermost is an object. */
  depth = 0
  nesting = new Uint8Array(64)
  /** Has the last string or key a backslash? */
  escaped = false
  readonly format: string
  readonly #path: () => string
  #ended = false
  #wanted = 0

  /** @param path says where in the document a fault is */
  constructor(format: string, path: () => string = () => '') {
    this.format = format
    this.#path = path
  }

  /**
   * Feeds a source and calls `consume` for each piece; it reads tokens until there are no more, and returns.
   */
  async feed(source: Source, consume: () => void): Promise<void> {
    for await (const chunk of source.chunks()) {
      for (let i = 0; i < chunk.length; i += PIECE) {
        if (this.push(chunk.subarray(i, i + PIECE))) consume()
      }
    }
    this.#ended = true
    consume()
  }

  /** Begins with another text, whose first byte is at `base`. */
  restart(base: number): void {
    this.base = base
    this.at = this.limit = this.depth = this.#wanted = 0
    this.state = STATE.value
  }

  /** Appends bytes. Is it worth to go on? (Not while a long token is still far from whole.) */
  push(piece: Uint8Array): boolean {
    const rest = this.limit - this.at
    if (rest > LONGEST_TOKEN) this.fail('too-large', `a value of more than ${LONGEST_TOKEN} bytes`)
    if (rest + piece.length > this.bytes.length) {
      const grown = new Uint8Array(2 * rest + piece.length + SLACK)
      grown.set(this.bytes.subarray(this.at, this.limit))
      this.bytes = grown
    } else {
      this.bytes.copyWithin(0, this.at, this.limit)
    }
    this.bytes.set(piece, rest)
    this.base += this.at
    this.at = 0
    this.limit = rest + piece.length
    return this.limit >= this.#wanted
  }

  /** Throws the FormatError of a fault at a place of `bytes`. */
  fail(code: FormatErrorCode, reason: string, at = this.at): never {
    throw new FormatError(code, reason, {
      format: this.format,
      offset: this.base + at,
      path: this.#path() || undefined,
    })
  }

  /** The next token. */
  next(): Token {
    for (;;) {
      const at = this.#skipSpace()
      if (at === this.limit) return this.#outOfBytes()
      const c = this.bytes[at]
      if (this.state === STATE.value) return this.#value(c)
      if (this.depth === 0) this.fail('malformed', 'text after the end')
      const inObject = this.nesting[this.depth - 1] === 1
      if (c === (inObject ? 0x7d : 0x5d) && this.state !== STATE.next) return this.#close(inObject)
      if (this.state === STATE.after) {
        if (c !== 0x2c) this.fail('malformed', `',' or '${inObject ? '}' : ']'}' expected`)
        this.at++
        this.state = STATE.next
      } else {
        return inObject ? this.#key(c) : this.#value(c)
      }
    }
  }

  /**
   * A whole value (not parsed, so not checked) where one is expected, as bytes `from` to `to`. False: more
   * bytes are needed.
   */
  span(): boolean {
    const at = this.#skipSpace()
    const end = at === this.limit ? -1 : valueEnd(this.bytes, at, this.limit)
    if (end < 0 || (end === this.limit && !this.#ended)) {
      this.#outOfBytes()
      return false
    }
    this.from = at
    this.at = this.to = end
    this.state = STATE.after
    return true
  }

  /** Is the last key or string this one (ASCII)? */
  is(name: string): boolean {
    if (this.escaped) return this.text() === name
    if (this.to - this.from !== name.length) return false
    for (let i = 0; i < name.length; i++) if (this.bytes[this.from + i] !== name.charCodeAt(i)) return false
    return true
  }

  /** The last key or string. Bytes that are no UTF-8 become U+FFFD. */
  text(): string {
    const text = decoder.decode(this.bytes.subarray(this.from, this.to))
    if (!this.escaped) return text
    try {
      return JSON.parse(`"${text}"`)
    } catch {
      return this.fail('malformed', 'a wrong escape in a string', this.from)
    }
  }

  /** The last number, which must be an integer of at least `least` and at most `most`. */
  integer(least: number, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.number()
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      this.fail('malformed', `not an integer of ${least} to ${most}`, this.from)
    }
    return value
  }

  /** The last number, as JSON.parse reads it. */
  number(): number {
    const { bytes, from, to } = this
    let value = 0
    for (let i = from; i < to && value >= 0; i++) {
      const digit = bytes[i] - 0x30
      value = digit >>> 0 <= 9 && to - from < 16 ? value * 10 + digit : -1
    }
    return value < 0 ? Number(decoder.decode(bytes.subarray(from, to))) : value
  }

  /** Is the last key or string UTF-8? */
  isUtf8(): boolean {
    try {
      strictDecoder.decode(this.bytes.subarray(this.from, this.to))
      return true
    } catch {
      return false
    }
  }

  /**
   * A short cut in an array: hands over the plain whole numbers that come next, of up to 15 digits each, as
   * far as they lie in the window; other values and the end of the array are left to `next()`. Returns how
   * many there were.
   */
  wholeNumbers(take: (value: number) => void): number {
    const { bytes, limit } = this
    let found = 0
    let at = this.at
    if (this.state === STATE.after) {
      if (at === limit || bytes[at] !== 0x2c) return 0
      at++
      this.at = at
      this.state = STATE.next
    }
    while (at < limit) {
      const start = at
      let value = 0
      for (let digit = bytes[at] - 0x30; digit >>> 0 <= 9; digit = bytes[at] - 0x30) {
        value = value * 10 + digit
        if (++at === limit) return found
      }
      const isPlain = at > start && at - start < 16 && (bytes[start] !== 0x30 || at === start + 1)
      const c = bytes[at]
      if (!isPlain || (c !== 0x2c && c !== 0x5d)) return found
      take(value)
      found++
      this.at = at
      this.state = STATE.after
      if (c === 0x5d) return found
      if (++at === limit) return found
      this.at = at
      this.state = STATE.next
    }
    return found
  }

  /** Notes that an array or object was opened. */
  open(isObject: boolean): void {
    if (this.depth === this.nesting.length) {
      if (this.depth >= DEEPEST) this.fail('too-large', `nested more than ${DEEPEST} deep`)
      const grown = new Uint8Array(this.depth * 2)
      grown.set(this.nesting)
      this.nesting = grown
    }
    this.nesting[this.depth++] = isObject ? 1 : 0
    this.state = STATE.first
  }

  #close(isObject: boolean): Token {
    this.at++
    this.depth--
    this.state = STATE.after
    return isObject ? TOKEN.objectEnd : TOKEN.arrayEnd
  }

  #key(c: number): Token {
    if (c !== 0x22) this.fail('malformed', 'a key expected')
    const end = this.#stringEnd(this.at + 1)
    if (end < 0) return this.#outOfBytes()
    let colon = end + 1
    while (colon < this.limit && isSpace(this.bytes[colon])) colon++
    if (colon === this.limit) return this.#outOfBytes()
    if (this.bytes[colon] !== 0x3a) this.fail('malformed', "':' expected", colon)
    this.from = this.at + 1
    this.to = end
    this.at = colon + 1
    this.state = STATE.value
    return TOKEN.key
  }

  #value(c: number): Token {
    if (c === 0x7b || c === 0x5b) {
      this.at++
      this.open(c === 0x7b)
      return c === 0x7b ? TOKEN.object : TOKEN.array
    }
    if (c === 0x22) {
      const end = this.#stringEnd(this.at + 1)
      return end < 0 ? this.#outOfBytes() : this.#took(TOKEN.string, this.at + 1, end, end + 1)
    }
    if (c === 0x2d || isDigit(c)) return this.#number(c)
    return this.#literal(c)
  }

  #number(c: number): Token {
    const { bytes, at, limit } = this
    let end = at + 1
    while (end < limit && isDigit(bytes[end])) end++
    const isPlain = c !== 0x2d && (c !== 0x30 || end === at + 1) // digits alone, as nearly all are
    const digits = end
    while (end < limit && isNumberPart(bytes[end])) end++
    if (end === limit && !this.#ended) return this.#outOfBytes()
    if ((!isPlain || end > digits) && !NUMBER.test(decoder.decode(bytes.subarray(at, end)))) {
      if (end === limit) return this.#outOfBytes() // `-` and `1e` are not wrong but short
      this.fail('malformed', 'not a number')
    }
    return this.#took(TOKEN.number, at, end, end)
  }

  #literal(c: number): Token {
    const word = c === 0x74 ? 'true' : c === 0x66 ? 'false' : c === 0x6e ? 'null' : ''
    if (word === '') this.fail('malformed', 'a value expected')
    for (let i = 1; i < word.length; i++) {
      if (this.at + i === this.limit) return this.#outOfBytes()
      if (this.bytes[this.at + i] !== word.charCodeAt(i)) this.fail('malformed', 'a value expected')
    }
    return this.#took(TOKEN.literal, this.at, this.at + word.length, this.at + word.length)
  }

  #took(token: Token, from: number, to: number, at: number): Token {
    this.from = from
    this.to = to
    this.at = at
    this.state = STATE.after
    return token
  }

  #skipSpace(): number {
    let at = this.at
    while (at < this.limit && isSpace(this.bytes[at])) at++
    return (this.at = at)
  }

  /** Where the closing quote is; -1 = not here yet. */
  #stringEnd(at: number): number {
    const { bytes, limit } = this
    this.escaped = false
    for (; at < limit; at++) {
      const c = bytes[at]
      if (c === 0x22) return at
      if (c === 0x5c) {
        this.escaped = true
        at++
      } else if (c < 0x20) this.fail('malformed', 'a control character in a string', at)
    }
    return -1
  }

  #outOfBytes(): Token {
    if (this.#ended) {
      if (this.state === STATE.after && this.depth === 0 && this.at === this.limit) return TOKEN.end
      this.fail('truncated', 'the text ends too early', this.limit)
    }
    const rest = this.limit - this.at
    this.#wanted = rest < SHORT ? 0 : Math.min(2 * rest, LONGEST_TOKEN + 1)
    return TOKEN.more
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

/** A digit, or one of `+-.eE`. */
function isNumberPart(c: number): boolean {
  return isDigit(c) || c === 0x2e || c === 0x2d || c === 0x2b || (c | 0x20) === 0x65
}

/** Where the value at `at` ends, by brackets and quotes alone; -1 = not here yet. */
function valueEnd(bytes: Uint8Array, at: number, limit: number): number {
  let depth = 0
  for (; at < limit; at++) {
    const c = bytes[at]
    if (c === 0x22) {
      for (at++; at < limit && bytes[at] !== 0x22; at++) if (bytes[at] === 0x5c) at++
      if (at >= limit) return -1
      if (depth === 0) return at + 1
    } else if (c === 0x7b || c === 0x5b) depth++
    else if (c === 0x7d || c === 0x5d) {
      if (depth <= 1) return depth === 0 ? at : at + 1
      depth--
    } else if (depth === 0 && (c === 0x2c || isSpace(c))) return at
  }
  return depth === 0 ? limit : -1
}
