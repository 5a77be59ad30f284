import { Frame } from '../frame.ts'
import type { Strings } from './strings.ts'
import { hash2, RowIndex, reserve } from './typed-arrays.ts'

/** File of a built-in (`push`, `Map`, `JSON.parse`): what a C function is to Python. */
export const NATIVE = '<native>'
/** File of V8's own work without any caller, such as `(GC)` or `(PARSER)`. */
export const V8 = '<v8>'
/** File of what was there before V8's allocation tracker was started. */
export const OLDER = '<older>'

/**
 * Interned frames, as columns. `functionName` and `filename` are string ids; `lineno` and `column` are 1-based, 0 =
 * unknown; `exact` is 1 where the line is the allocating or calling line itself, 0 where it is only where the function
 * starts (all V8 gives).
 */
export class Frames {
  functionName = new Uint32Array(64)
  filename = new Uint32Array(64)
  lineno = new Uint32Array(64)
  column = new Uint32Array(64)
  exact = new Uint8Array(64)
  length = 0
  readonly #strings: Strings
  readonly #index = new RowIndex()
  readonly #hashOf = (i: number) =>
    hashFrame(this.functionName[i], this.filename[i], this.lineno[i], this.column[i])

  constructor(strings: Strings) {
    this.#strings = strings
  }

  intern(functionName: string, filename: string, lineno: number, column = 0, exact = false): number {
    return this.internIds(
      this.#strings.intern(functionName),
      this.#strings.intern(filename),
      lineno,
      column,
      exact ? 1 : 0,
    )
  }

  /** The same by string ids. */
  internIds(functionName: number, filename: number, lineno: number, column: number, exact: number): number {
    const hash = hashFrame(functionName, filename, lineno, column)
    const index = this.#index
    for (let i = index.first(hash); i >= 0; i = index.next()) {
      if (
        this.filename[i] === filename &&
        this.lineno[i] === lineno &&
        this.functionName[i] === functionName &&
        this.column[i] === column &&
        this.exact[i] === exact
      ) {
        return i
      }
    }
    const id = this.length++
    this.functionName = reserve(this.functionName, this.length)
    this.filename = reserve(this.filename, this.length)
    this.lineno = reserve(this.lineno, this.length)
    this.column = reserve(this.column, this.length)
    this.exact = reserve(this.exact, this.length)
    this.functionName[id] = functionName
    this.filename[id] = filename
    this.lineno[id] = lineno
    this.column[id] = column
    this.exact[id] = exact
    index.add(hash, id, this.#hashOf)
    return id
  }

  /** A view of one frame. */
  get(id: number): Frame {
    return new Frame(
      this.#strings.get(this.filename[id]),
      this.lineno[id],
      this.#strings.get(this.functionName[id]),
      this.column[id],
      this.exact[id] === 1,
    )
  }

  /** Does the frame belong to a file (and so can be the allocation frame)? False for built-ins and V8's own work. */
  hasFile(id: number): boolean {
    const filename = this.#strings.get(this.filename[id])
    return filename !== NATIVE && filename !== V8
  }
}

function hashFrame(functionName: number, filename: number, lineno: number, column: number): number {
  return hash2(hash2(filename, lineno), hash2(functionName, column))
}
