// Reads the sections of a `.heapsnapshot` in one pass.
import type { Source } from '../bytes/source.ts'
import { FormatError, type FormatErrorCode } from '../errors.ts'
import { borrowScanner, returnScanner, type Scanner } from './scan.ts'
import { decode, type Handler, RowFault, readerOf, show, type ValueParser } from './values.ts'

/**
 * Decides what to do with a section. Undefined keeps it until all have been read, when it is asked again with
 * `isLast`. Errors that it or a handler throws get the position added.
 */
export type Sections = (name: string, isLast: boolean) => Handler | undefined

/** The order in which V8 writes sections, and in which each can be read at once. */
const ORDER = 'snapshot nodes edges trace_function_infos trace_tree samples locations strings'.split(' ')
/** Most bytes of sections that are kept, in files with another order. */
const MOST_KEPT = 2 ** 30

/** A section that is kept. */
interface Kept {
  readonly name: string
  readonly offset: number
  readonly pieces: Uint8Array[]
}

/**
 * Reads one JSON object with few but long members, in one pass and, in V8's order, in constant memory. Throws
 * FormatError of format `format`.
 */
export async function readMembers(
  source: Source,
  format: string,
  member: Sections,
  scanner?: Scanner,
): Promise<void> {
  const lent = scanner ?? borrowScanner()
  try {
    const reader = new MemberReader(format, member, lent)
    for await (const chunk of source.chunks()) reader.push(chunk)
    reader.end()
  } finally {
    if (!scanner) returnScanner(lent)
  }
}

const LONGEST_NAME = 1024

type State = 'start' | 'key' | 'name' | 'colon' | 'value' | 'inside' | 'comma' | 'end'

class MemberReader {
  readonly #format: string
  readonly #member: Sections
  readonly #kept: Kept[] = []
  #keptBytes = 0
  #isLast = false
  readonly #scanner: Scanner
  #state: State = 'start'
  #seen = 0 // bytes before the chunk
  #name: number[] = []
  #section = ''
  #reader: ValueParser | undefined
  #members = 0

  constructor(format: string, member: Sections, scanner: Scanner) {
    this.#format = format
    this.#member = member
    this.#scanner = scanner
  }

  push(chunk: Uint8Array): void {
    let p = 0
    while (p < chunk.length) {
      if (this.#state === 'inside') p = this.#inside(chunk, p)
      else if (this.#state === 'value') p = this.#value(chunk, p)
      else {
        this.#step(chunk[p], p)
        p++
      }
    }
    this.#seen += chunk.length
  }

  end(): void {
    if (this.#state !== 'end') {
      throw new FormatError('truncated', 'the file ends too early', {
        format: this.#format,
        offset: this.#seen,
        path: this.#state === 'inside' ? this.#section : undefined,
      })
    }
    this.#readKept()
  }

  #readKept(): void {
    this.#isLast = true
    const inOrder = this.#kept.toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name))
    for (const { name, offset, pieces } of inOrder) {
      this.#section = name
      this.#seen = offset
      this.#state = 'value'
      for (const piece of pieces.splice(0)) this.push(piece)
      if ((this.#state as State) !== 'comma') this.#fail('malformed', 'an array was expected', 0)
    }
  }

  #keep(offset: number): Handler {
    const kept: Kept = { name: this.#section, offset, pieces: [] }
    this.#kept.push(kept)
    return {
      read: 'keep',
      piece: bytes => {
        kept.pieces.push(bytes)
        this.#keptBytes += bytes.length
        if (this.#keptBytes <= MOST_KEPT) return
        const reason = `over ${MOST_KEPT} bytes of sections in another order than V8's`
        throw new FormatError('too-large', reason, { hint: 'V8 and DevTools write them in the right order' })
      },
    }
  }

  /** Handles a byte between the values. */
  #step(c: number, p: number): void {
    if (this.#state === 'name') this.#nameByte(c, p)
    else if (c === 32 || (c >= 9 && c <= 13)) return
    else if (this.#state === 'start' && c === 123) this.#state = 'key'
    else if (this.#state === 'key' && c === 34) {
      this.#state = 'name'
      this.#name = []
    } else if (this.#state === 'key' && c === 125 && this.#members === 0) this.#state = 'end'
    else if (this.#state === 'colon' && c === 58) this.#state = 'value'
    else if (this.#state === 'comma' && c === 44) this.#state = 'key'
    else if (this.#state === 'comma' && c === 125) this.#state = 'end'
    else this.#fail('malformed', `unexpected byte ${show(c)}`, p)
  }

  #nameByte(c: number, p: number): void {
    if (c === 34 && (this.#name.at(-1) !== 92 || endsEscaped(this.#name))) {
      this.#section = decode(Uint8Array.from(this.#name)) ?? this.#fail('malformed', 'bad name', p)
      this.#state = 'colon'
    } else if (this.#name.push(c) > LONGEST_NAME) this.#fail('malformed', 'a member has too long a name', p)
  }

  #value(chunk: Uint8Array, p: number): number {
    const c = chunk[p]
    if (c === 32 || (c >= 9 && c <= 13)) return p + 1
    const wanted = this.#guard(p, () => this.#member(this.#section, this.#isLast))
    const handler = wanted ?? this.#keep(this.#seen + p)
    this.#members++
    this.#reader = readerOf(handler, this.#scanner)
    this.#state = 'inside'
    if (handler.read === 'json' || handler.read === 'skip' || handler.read === 'keep') return p
    if (c !== 91) this.#fail('malformed', `an array was expected, not ${show(c)}`, p)
    return p + 1
  }

  #inside(chunk: Uint8Array, p: number): number {
    const reader = this.#reader!
    const next = this.#guard(p, () => reader.feed(chunk, p))
    if (next < 0) return chunk.length
    this.#guard(next, () => reader.done())
    this.#reader = undefined
    this.#state = 'comma'
    return next
  }

  /** Runs a handler; converts a fault in it to a FormatError with section, index and offset. */
  #guard<T>(p: number, run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (error instanceof RowFault) {
        this.#fail(error.code, error.message, this.#reader?.faultAt ?? p, error.index)
      }
      if (error instanceof FormatError && error.offset === undefined) {
        this.#fail(error.code, error.reason, p, -1, error.path, error.hint)
      }
      throw error
    }
  }

  #fail(code: FormatErrorCode, reason: string, p: number, index = -1, path?: string, hint?: string): never {
    const inside = this.#state === 'inside' || this.#state === 'value'
    throw new FormatError(code, reason, {
      format: this.#format,
      offset: this.#seen + p,
      hint,
      path: path ?? (inside ? this.#section + (index < 0 ? '' : `[${index}]`) : undefined),
    })
  }
}

/** Does the name end in an escaped backslash, so that the next quote ends it? */
function endsEscaped(name: readonly number[]): boolean {
  let n = 0
  while (n < name.length && name[name.length - 1 - n] === 92) n++
  return n % 2 === 0
}
