// The table of interned call frames.
import { Frame } from '../frame.ts'
import { UNKNOWN } from '../frame-text.ts'
import type { FrameId, StringId } from './ids.ts'
import type { Strings } from './strings.ts'
import { hash2, RowIndex, reserve } from './typed-arrays.ts'

/** File of built-in functions (`push`, `Map`, `JSON.parse`): the counterpart of Python's C functions. */
export const NATIVE = '<native>'
/** File of V8's own work that no function called, such as `(GC)` or `(PARSER)`. */
export const V8 = '<v8>'
/** File of objects that existed before V8's allocation tracker started. */
export const OLDER = '<older>'

/**
 * Interned frames, as columns. `functionName` and `filename` are string ids; `lineno` and `column` are
 * 1-based, 0 = unknown. `exact` is 1 if the line is the allocating or calling line itself, 0 if it is only
 * where the function starts (often all that V8 reports). Where an exact frame's function starts is in
 * `startLine` and `startColumn`, 0 = unknown; a frame that is not exact has 0 there.
 */
export class Frames {
  functionName = new Uint32Array(64)
  filename = new Uint32Array(64)
  lineno = new Uint32Array(64)
  column = new Uint32Array(64)
  exact = new Uint8Array(64)
  startLine = new Uint32Array(64)
  startColumn = new Uint32Array(64)
  length = 0
  readonly #strings: Strings
  readonly #index = new RowIndex()
  readonly #hashOf = (i: number) =>
    hashFrame(this.functionName[i], this.filename[i], this.lineno[i], this.column[i])

  constructor(strings: Strings) {
    this.#strings = strings
  }

  intern(
    functionName: string,
    filename: string,
    lineno: number,
    column = 0,
    exact = false,
    startLine = 0,
    startColumn = 0,
  ): FrameId {
    return this.internIds(
      this.#strings.intern(functionName),
      this.#strings.intern(filename),
      lineno,
      column,
      exact ? 1 : 0,
      startLine,
      startColumn,
    )
  }

  /** The frame of a value. */
  internFrame(frame: Frame): FrameId {
    const { functionName, filename, lineno, column, exact, startLine, startColumn } = frame
    return this.intern(functionName, filename, lineno, column, exact, startLine, startColumn)
  }

  /** As `intern`, with the strings as ids. */
  internIds(
    functionName: StringId,
    filename: StringId,
    lineno: number,
    column: number,
    exact: number,
    startLine = 0,
    startColumn = 0,
  ): FrameId {
    const hash = hashFrame(functionName, filename, lineno, column)
    const index = this.#index
    for (let i = index.first(hash); i >= 0; i = index.next()) {
      if (
        this.filename[i] === filename &&
        this.lineno[i] === lineno &&
        this.functionName[i] === functionName &&
        this.column[i] === column &&
        this.exact[i] === exact &&
        this.startLine[i] === startLine &&
        this.startColumn[i] === startColumn
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
    this.startLine = reserve(this.startLine, this.length)
    this.startColumn = reserve(this.startColumn, this.length)
    this.functionName[id] = functionName
    this.filename[id] = filename
    this.lineno[id] = lineno
    this.column[id] = column
    this.exact[id] = exact
    this.startLine[id] = startLine
    this.startColumn[id] = startColumn
    index.add(hash, id, this.#hashOf)
    return id
  }

  /** A view of one frame. */
  get(id: FrameId): Frame {
    return new Frame(
      this.#strings.get(this.filename[id]),
      this.lineno[id],
      this.#strings.get(this.functionName[id]),
      this.column[id],
      this.exact[id] === 1,
      this.startLine[id],
      this.startColumn[id],
    )
  }

  /** Where a frame's function starts; line 0 = unknown. */
  startOf(id: FrameId): { line: number; column: number } {
    if (this.exact[id] === 0) return { line: this.lineno[id], column: this.column[id] }
    return { line: this.startLine[id], column: this.startColumn[id] }
  }

  /** Is the file or the line of any frame known? */
  namesFiles(): boolean {
    for (let id = 0; id < this.length; id++) {
      const filename = this.#strings.get(this.filename[id] as StringId)
      if (this.lineno[id] > 0 || ![NATIVE, V8, UNKNOWN, ''].includes(filename)) return true
    }
    return false
  }

  /** Does the frame have a file, so that it can be the allocation frame? Built-ins and V8's own have none. */
  hasFile(id: FrameId): boolean {
    const filename = this.#strings.get(this.filename[id])
    return filename !== NATIVE && filename !== V8
  }
}

function hashFrame(functionName: StringId, filename: StringId, lineno: number, column: number): number {
  return hash2(hash2(filename, lineno), hash2(functionName, column))
}
