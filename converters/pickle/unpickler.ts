// A restricted unpickler: it builds the values of a snapshot and calls nothing.
import { FormatError, type FormatErrorCode } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { reserve } from '../../src/model/tables/typed-arrays.ts'
import { ARGUMENTS, GET_WIDTH, INT_WIDTH, OP, operationLength, unsigned } from './opcodes.ts'
import { decodeRawUnicodeEscape, decodeText } from './text.ts'
import {
  DICT,
  GLOBAL,
  INT,
  LIST,
  NONE,
  OBJECT,
  RECONSTRUCTION,
  STACK,
  STRING,
  TRACE,
  type Value,
  Values,
} from './values.ts'

/** Python numbers the memo in order; a file may skip at most this many numbers at once. */
const MEMO_GAP = 1 << 16
/** A place in the memo is 1 + kind + 16 * number; 0 was never written. */
const KINDS = 16
/** `( K d J size.... j memo.... K n t` */
const LONGEST_USUAL_TRACE = 16
const MOST_MEMOIZED = 2 ** 32 / KINDS - 1

/**
 * The stack machine that pickles are programs of, for the operations that snapshots are made of. Values are
 * pairs of a kind and a number in typed arrays; nothing is ever called. Feed it with `run`, end with
 * `finish`.
 */
export class Unpickler {
  readonly #values = new Values((code, reason) => this.#fail(code, reason))
  #kinds = new Uint8Array(1024)
  #numbers = new Float64Array(1024)
  #top = 0
  #marks = new Uint32Array(64)
  #marked = 0
  /** Values below belong to an outer mark. */
  #fence = 0
  #memo = new Uint32Array(1024)
  #memoized = 0
  #bytes: Uint8Array = new Uint8Array(0)
  /** The operation that runs. */
  #at = 0
  /** Of `#bytes[0]` in the file. */
  #offset = 0
  #stopped = false

  /**
   * Runs the whole operations in `bytes`, whose first byte is the file's `offset`. Returns how many bytes
   * they took; give the rest again, with more after it.
   */
  run(bytes: Uint8Array, offset: number): number {
    this.#bytes = bytes
    this.#offset = offset
    this.#makeRoom(bytes.length)
    let at = 0
    while (at < bytes.length) {
      this.#at = at
      if (this.#stopped) this.#fail('malformed', 'bytes after the end of the pickle')
      if (bytes[at] === OP.MARK && this.#usualTrace(at)) {
        at = this.#at
        continue
      }
      const length = this.#lengthOf(at)
      if (at + length > bytes.length) break
      this.#execute(bytes[at], at + 1, at + length)
      at += length
    }
    this.#at = at
    return at
  }

  /** The snapshot, when all bytes were given. */
  finish(): Snapshot {
    if (!this.#stopped) this.#fail('truncated', 'the pickle has no end')
    if (this.#top !== 1) this.#fail('malformed', `the pickle leaves ${this.#top} values`)
    return this.#values.snapshot(this.#pop())
  }

  /** An operation of at least one byte pushes, marks and memoizes at most once: room for `length` bytes. */
  #makeRoom(length: number): void {
    this.#kinds = reserve(this.#kinds, this.#top + length)
    this.#numbers = reserve(this.#numbers, this.#top + length)
    this.#marks = reserve(this.#marks, this.#marked + length)
  }

  #lengthOf(at: number): number {
    const fixed = ARGUMENTS[this.#bytes[at]]
    if (fixed <= 8) return 1 + fixed
    try {
      return operationLength(this.#bytes, at, this.#bytes.length)
    } catch (error) {
      if (error instanceof FormatError) this.#fail(error.code, error.reason)
      throw error
    }
  }

  /**
   * Takes a whole trace as CPython writes all but a traceback's first: four numbers, the third of them in the
   * memo. False where the bytes are anything else; then the operations do the same one by one.
   */
  #usualTrace(at: number): boolean {
    const bytes = this.#bytes
    if (at + LONGEST_USUAL_TRACE > bytes.length || bytes[at + 1] !== OP.BININT1) return false
    let next = at + 3
    let width = INT_WIDTH[bytes[next]]
    const size = unsigned(bytes, next + 1, width)
    if (width === 0 || size > 0x7fffffff) return false
    next += 1 + width
    width = GET_WIDTH[bytes[next]]
    const place = this.#memo[unsigned(bytes, next + 1, width)]
    if (width === 0 || place % KINDS !== 1 + STACK) return false
    next += 1 + width
    width = bytes[next] === OP.NONE ? 0 : bytes[next] === OP.BININT1 ? 1 : -1
    if (width < 0 || bytes[next + 1 + width] !== OP.TUPLE) return false
    const totalNframe = width === 0 ? 0 : bytes[next + 1]
    this.#push(TRACE, this.#values.addTrace(bytes[at + 2], size, Math.floor(place / KINDS), totalNframe))
    this.#at = next + width + 2
    return true
  }

  #execute(op: number, from: number, to: number): void {
    const bytes = this.#bytes
    switch (op) {
      // Most of a file is these.
      case OP.BININT1:
        this.#push(INT, bytes[from])
        break
      case OP.BININT2:
        this.#push(INT, bytes[from] | (bytes[from + 1] << 8))
        break
      case OP.BININT:
        this.#push(INT, unsigned(bytes, from, 4) | 0)
        break
      case OP.NONE:
        this.#push(NONE, 0)
        break
      case OP.BINGET:
      case OP.LONG_BINGET:
        this.#get(unsigned(bytes, from, to - from))
        break
      case OP.MEMOIZE:
        this.#put(this.#memoized)
        break
      case OP.BINPUT:
      case OP.LONG_BINPUT:
        this.#put(unsigned(bytes, from, to - from))
        break
      case OP.MARK:
        this.#marks[this.#marked++] = this.#top
        this.#fence = this.#top
        break
      case OP.TUPLE:
        this.#tuple(this.#takeMark())
        break
      case OP.TUPLE1:
      case OP.TUPLE2:
      case OP.TUPLE3:
        this.#tuple(this.#below(op - OP.TUPLE1 + 1))
        break
      default:
        this.#executeRare(op, from, to)
    }
  }

  #executeRare(op: number, from: number, to: number): void {
    const values = this.#values
    switch (op) {
      case OP.LONG1:
        this.#push(INT, this.#long(from + 1, to))
        break
      case OP.LONG4:
        this.#push(INT, this.#long(from + 4, to))
        break
      case OP.INT:
      case OP.LONG:
        this.#push(INT, this.#decimal(from, to))
        break
      case OP.SHORT_BINUNICODE:
        this.#text(decodeText(this.#bytes.subarray(from + 1, to)))
        break
      case OP.BINUNICODE:
        this.#text(decodeText(this.#bytes.subarray(from + 4, to)))
        break
      case OP.BINUNICODE8:
        this.#text(decodeText(this.#bytes.subarray(from + 8, to)))
        break
      case OP.UNICODE:
        this.#text(decodeRawUnicodeEscape(this.#bytes.subarray(from, to - 1)))
        break
      case OP.PUT:
        this.#put(this.#decimal(from, to))
        break
      case OP.GET:
        this.#get(this.#decimal(from, to))
        break
      case OP.EMPTY_TUPLE:
        this.#tuple(this.#top)
        break
      case OP.EMPTY_LIST:
        this.#push(LIST, values.addList())
        break
      case OP.EMPTY_DICT:
        this.#push(DICT, values.addDict())
        break
      case OP.PROTO:
        if (this.#bytes[from] > 5) this.#fail('unsupported', `protocol ${this.#bytes[from]}`)
        break
      case OP.FRAME: // only says how much to read at once
        break
      case OP.STOP:
        this.#stopped = true
        break
      default:
        this.#build(op, from, to)
    }
  }

  /** Lists and dicts. */
  #build(op: number, from: number, to: number): void {
    const values = this.#values
    switch (op) {
      case OP.LIST: {
        const list = values.addList()
        const start = this.#takeMark()
        values.append(list, this.#kinds, this.#numbers, start, this.#top)
        this.#top = start
        this.#push(LIST, list)
        break
      }
      case OP.APPEND:
        this.#append(this.#below(1))
        break
      case OP.APPENDS:
        this.#append(this.#takeMark())
        break
      case OP.DICT: {
        const start = this.#takeMark()
        const dict = values.addDict()
        this.#setItems(dict, start)
        this.#push(DICT, dict)
        break
      }
      case OP.SETITEM:
        this.#setItems(this.#containerBelow(this.#below(2), DICT), this.#top - 2)
        break
      case OP.SETITEMS: {
        const start = this.#takeMark()
        this.#setItems(this.#containerBelow(start, DICT), start)
        break
      }
      default:
        this.#make(op, from, to)
    }
  }

  /** Globals and objects. */
  #make(op: number, from: number, to: number): void {
    const values = this.#values
    switch (op) {
      case OP.GLOBAL: {
        const [module, name] = (decodeText(this.#bytes.subarray(from, to - 1)) ?? '').split('\n')
        this.#push(GLOBAL, values.addGlobal(module, name ?? ''))
        break
      }
      case OP.STACK_GLOBAL: {
        const name = this.#popString()
        this.#push(GLOBAL, values.addGlobal(this.#popString(), name))
        break
      }
      case OP.NEWOBJ: {
        this.#pop() // Arguments of __new__: these classes have none.
        const cls = this.#pop()
        if (cls.kind !== GLOBAL) this.#fail('malformed', 'an object of something that is not a class')
        this.#push(OBJECT, values.addObject(cls.value))
        break
      }
      case OP.REDUCE: {
        const argument = this.#pop()
        if (argument.kind !== RECONSTRUCTION || !values.isReconstructor(this.#pop())) {
          this.#fail('unsupported', 'it asks for a function to be called')
        }
        this.#push(OBJECT, values.addObject(argument.value))
        break
      }
      case OP.BUILD: {
        const state = this.#pop()
        if (state.kind !== DICT) this.#fail('malformed', 'the state of an object is not a dict')
        values.setState(this.#containerBelow(this.#top, OBJECT), state.value)
        break
      }
    }
  }

  #push(kind: number, number: number): void {
    this.#kinds[this.#top] = kind
    this.#numbers[this.#top++] = number
  }

  #pop(): Value {
    this.#top = this.#below(1)
    return { kind: this.#kinds[this.#top], value: this.#numbers[this.#top] }
  }

  #popString(): string {
    const { kind, value } = this.#pop()
    return kind === STRING ? this.#values.strings[value] : this.#fail('malformed', 'a name is not a string')
  }

  /** Where the top `count` values begin. */
  #below(count: number): number {
    if (this.#top - count < this.#fence) this.#fail('malformed', 'a value is missing on the stack')
    return this.#top - count
  }

  /** Takes the last mark away; the values above it begin at the number returned. */
  #takeMark(): number {
    if (this.#marked === 0) this.#fail('malformed', 'a mark is missing on the stack')
    const start = this.#marks[--this.#marked]
    this.#fence = this.#marked === 0 ? 0 : this.#marks[this.#marked - 1]
    return start
  }

  /** The list, dict or object right below `start`. */
  #containerBelow(start: number, kind: number): number {
    if (start <= this.#fence || this.#kinds[start - 1] !== kind) {
      this.#fail('malformed', 'values for something that cannot hold them')
    }
    return this.#numbers[start - 1]
  }

  #tuple(start: number): void {
    this.#values.makeTuple(this.#kinds, this.#numbers, start, this.#top)
    this.#top = start + 1
  }

  #append(start: number): void {
    const list = this.#containerBelow(start, LIST)
    this.#values.append(list, this.#kinds, this.#numbers, start, this.#top)
    this.#top = start
  }

  #setItems(dict: number, start: number): void {
    if ((this.#top - start) % 2 !== 0) this.#fail('malformed', 'a dict has a key without a value')
    for (let i = start; i < this.#top; i += 2) {
      this.#values.setItem(
        dict,
        { kind: this.#kinds[i], value: this.#numbers[i] },
        { kind: this.#kinds[i + 1], value: this.#numbers[i + 1] },
      )
    }
    this.#top = start
  }

  #put(index: number): void {
    if (!(index <= this.#memoized + MEMO_GAP)) this.#fail('malformed', `the memo number ${index}`)
    const top = this.#below(1)
    const number = this.#numbers[top]
    if (!(number >= 0 && number < MOST_MEMOIZED)) this.#fail('unsupported', `${number} in the memo`)
    if (index >= this.#memo.length) this.#memo = reserve(this.#memo, index + 1)
    if (this.#memo[index] === 0) this.#memoized++
    this.#memo[index] = 1 + this.#kinds[top] + number * KINDS
  }

  #get(index: number): void {
    const place = index < this.#memo.length ? this.#memo[index] : 0
    if (place === 0) this.#fail('malformed', `the memo has no number ${index}`)
    this.#push((place % KINDS) - 1, Math.floor(place / KINDS))
  }

  #text(text: string | undefined): void {
    if (text === undefined) this.#fail('malformed', 'a string is not UTF-8')
    this.#push(STRING, this.#values.addString(text as string))
  }

  /** Two's complement, little-endian, of any length. */
  #long(from: number, to: number): number {
    let value = 0n
    for (let i = Math.min(to, from + 9) - 1; i >= from; i--) value = (value << 8n) | BigInt(this.#bytes[i])
    return this.#integer(
      to - from > 8 ? Number.POSITIVE_INFINITY : Number(BigInt.asIntN((to - from) * 8, value)),
    )
  }

  #decimal(from: number, to: number): number {
    const text = String.fromCharCode(...this.#bytes.subarray(from, Math.min(to - 1, from + 40)))
    if (!/^-?\d+L?$/.test(text)) this.#fail('malformed', 'a number is not decimal')
    return this.#integer(Number(text.replace('L', '')))
  }

  #integer(value: number): number {
    return Number.isSafeInteger(value) ? value : this.#fail('unsupported', 'a number above 2^53')
  }

  #fail(code: FormatErrorCode, reason: string): never {
    throw new FormatError(code, reason, {
      format: 'pickle',
      offset: this.#offset + this.#at,
      path: this.#values.traces > 0 ? `traces[${this.#values.traces}]` : undefined,
    })
  }
}
