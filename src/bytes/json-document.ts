// JSON that is parsed as a whole, and taken apart: lines and small members of files.
import { FormatError } from '../errors.ts'

/** No format here needs more levels than this; each costs many times its one byte. */
const DEEPEST = 100

/** Bytes of a short text's values, for which nobody is asked. */
const LIGHT = 1 << 20

// Bytes that V8 takes for the values of a JSON text: an object with room for four members, an array and its
// elements' head, one element or member, a member's name and what its object's layout needs, a string's head,
// a number that is no small integer.
const OBJECT = 56
const ARRAY = 48
const ELEMENT = 8
const MEMBER = 64
const STRING = 24
const NUMBER = 16

/**
 * Estimates what a JSON text takes of V8's heap when it is parsed, while its bytes arrive: `{},` takes twenty
 * times its length.
 */
class JsonWeight {
  readonly #format: string
  readonly #base: number
  #values = 0
  #length = 0
  #isWide = false
  #depth = 0
  #inString = false
  #isEscaped = false

  constructor(format: string, base: number) {
    this.#format = format
    this.#base = base
  }

  /** Bytes of the text and its values. */
  get bytes(): number {
    return this.#length * (this.#isWide ? 2 : 1) + this.#values
  }

  /** Goes on with the text. Throws FormatError `malformed` for too many levels. */
  add(bytes: Uint8Array): void {
    this.#length += bytes.length
    let [i, values] = [0, 0]
    while (i < bytes.length) {
      if (this.#inString) {
        const from = i
        i = this.#skipString(bytes, i)
        values += i - from
        continue
      }
      const c = bytes[i++]
      if (c === 0x22) {
        this.#inString = true
        values += STRING
      } else if (c === 0x2c) values += ELEMENT
      else if (c === 0x3a) values += MEMBER
      else if (c === 0x5b || c === 0x7b) {
        values += c === 0x5b ? ARRAY : OBJECT
        if (++this.#depth > DEEPEST) {
          const reason = `arrays or objects inside each other more than ${DEEPEST} times`
          throw new FormatError('malformed', reason, { format: this.#format, offset: this.#base })
        }
      } else if (c === 0x5d || c === 0x7d) this.#depth--
      else if (c === 0x2e || c === 0x65 || c === 0x45) values += NUMBER
    }
    this.#values += values
  }

  /** Where the string ends, or the bytes. */
  #skipString(bytes: Uint8Array, from: number): number {
    for (let i = from; i < bytes.length; i++) {
      const c = bytes[i]
      if (c > 0xc3) this.#isWide = true
      if (this.#isEscaped) this.#isEscaped = false
      else if (c === 0x5c) this.#isEscaped = true
      else if (c === 0x22) {
        this.#inString = false
        return i + 1
      }
    }
    return bytes.length
  }
}

/** Parses JSON. Throws FormatError with the byte offset of the fault, counted from `base`. */
export function parseText(
  text: string,
  format: string,
  base: number,
  afford?: (bytes: number) => void,
): unknown {
  const weight = new JsonWeight(format, base)
  weight.add(new TextEncoder().encode(text))
  if (weight.bytes > LIGHT) afford?.(weight.bytes)
  return parseWeighed(text, format, base)
}

function parseWeighed(text: string, format: string, base: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const fault = faultIn(new TextEncoder().encode(text))
    throw faultError(fault ?? { offset: 0, truncated: false, reason: 'not JSON' }, format, base, cause)
  }
}

interface Fault {
  offset: number
  truncated: boolean
  reason: string
}

function faultError(fault: Fault, format: string, base: number, cause: unknown): FormatError {
  const code = fault.truncated ? 'truncated' : 'malformed'
  return new FormatError(code, fault.reason, { format, offset: base + fault.offset, cause })
}

const SPACE = /[ \t\r\n]*/y
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
/** What may still become a scalar when the file goes on. */
const CUT_SCALAR = /(?:-|-?(?:0|[1-9]\d*)(?:\.|(?:\.\d+)?[eE][+-]?)|t|tr|tru|f|fa|fal|fals|n|nu|nul)$/y

/** Where the token ends that begins at `from`, or -1. */
function endOf(token: RegExp, text: string, from: number): number {
  token.lastIndex = from
  return token.test(text) ? token.lastIndex : -1
}

/**
 * Where the string ends that begins at `from`; -1 when there is none, the text's length + 1 when the text
 * ends in it.
 */
function endOfString(text: string, from: number): number {
  if (text[from] !== '"') return -1
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) return i + 1
    if (c < 0x20) return -1
    if (c === 0x5c && !'"\\/bfnrtu'.includes(text[++i] ?? 'u')) return -1
  }
  return text.length + 1
}

/**
 * Where JSON goes wrong: only used on text that `JSON.parse` refused, whose messages differ between engines.
 */
function faultIn(bytes: Uint8Array): Fault | undefined {
  const text = new TextDecoder('latin1').decode(bytes) // one character a byte
  const open: string[] = []
  let wanted: 'value' | 'first' | 'key' | 'firstKey' | 'colon' | 'next' = 'value'
  let i = 0
  for (;;) {
    i = endOf(SPACE, text, i)
    if (wanted === 'next' && open.length === 0) {
      return i === text.length
        ? undefined
        : { offset: i, truncated: false, reason: 'more text after the end' }
    }
    const stringEnd = endOfString(text, i)
    if (i >= text.length || stringEnd > text.length || endOf(CUT_SCALAR, text, i) >= 0) {
      return { offset: text.length, truncated: true, reason: 'the JSON text ends too early' }
    }
    const unexpected = { offset: i, truncated: false, reason: 'not JSON' }
    const c = text[i]
    let end = i + 1
    if (wanted === 'next') {
      if (c === ',') wanted = open.at(-1) === '{' ? 'key' : 'value'
      else if (c === (open.at(-1) === '{' ? '}' : ']')) open.pop()
      else return unexpected
    } else if (wanted === 'colon') {
      if (c !== ':') return unexpected
      wanted = 'value'
    } else if (wanted === 'firstKey' && c === '}') {
      open.pop()
      wanted = 'next'
    } else if (wanted === 'firstKey' || wanted === 'key') {
      end = stringEnd
      if (end < 0) return unexpected
      wanted = 'colon'
    } else if (wanted === 'first' && c === ']') {
      open.pop()
      wanted = 'next'
    } else if (c === '{' || c === '[') {
      open.push(c)
      wanted = c === '{' ? 'firstKey' : 'first'
    } else {
      end = Math.max(stringEnd, endOf(SCALAR, text, i))
      if (end < 0) return unexpected
      wanted = 'next'
    }
    i = end
  }
}

/**
 * Takes a parsed document apart; each method throws FormatError `malformed` with the path of what is not as
 * it must be.
 */
export class Taker {
  readonly format: string

  constructor(format: string) {
    this.format = format
  }

  fail(path: string, what: string): never {
    throw new FormatError('malformed', what, { format: this.format, path })
  }

  /** The member of an object; undefined when it is not the object's own. */
  member(object: object, key: string): unknown {
    return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined
  }

  object(value: unknown, path: string): object {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(path, 'not an object')
    return value
  }

  array(value: unknown, path: string): readonly unknown[] {
    if (!Array.isArray(value)) this.fail(path, 'not an array')
    return value
  }

  string(value: unknown, path: string): string {
    if (typeof value !== 'string') this.fail(path, 'not a string')
    return value
  }

  /** A number that sums can hold exactly: within ±2^53. */
  number(value: unknown, path: string): number {
    if (typeof value !== 'number' || !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
      this.fail(path, 'not a number within 2^53')
    }
    return value
  }

  /** A whole number from 0 up to but not including `end`. */
  index(value: unknown, end: number, path: string): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= end) {
      this.fail(path, `not a whole number below ${end}`)
    }
    return value
  }

  /** A line or column: 1-based; 0, -1, null and a missing one are unknown. */
  position(value: unknown, path: string): number {
    return value === null || value === undefined || value === -1 ? 0 : this.index(value, 2 ** 32, path)
  }
}
