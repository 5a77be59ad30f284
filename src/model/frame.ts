// A call frame, as a value.
import { INSPECT, reprText } from '../text/repr.ts'
import { compareCodePoints } from '../text/units.ts'

/**
 * One call. `lineno` and `column` are 1-based, 0 = unknown. If `exact`, the line is the allocating or calling
 * line; otherwise it is where the function starts. Where the function of an exact frame starts is in
 * `startLine` and `startColumn` (0 = unknown). Frames are compared as in CPython (by file, then line), and
 * then by function name and column.
 */
export class Frame {
  readonly filename: string
  readonly lineno: number
  readonly functionName: string
  readonly column: number
  readonly exact: boolean
  readonly startLine: number
  readonly startColumn: number

  constructor(
    filename: string,
    lineno: number,
    functionName = '',
    column = 0,
    exact = true,
    startLine = 0,
    startColumn = 0,
  ) {
    this.filename = filename
    this.lineno = lineno
    this.functionName = functionName
    this.column = column
    this.exact = exact
    this.startLine = startLine
    this.startColumn = startColumn
  }

  /** Equal for equal frames, and no others: a key for maps and sets. */
  get key(): string {
    return JSON.stringify([this.filename, this.lineno, this.functionName, this.column])
  }

  /** Is it an equal frame? Nothing else equals a frame. */
  equals(other: unknown): boolean {
    return other instanceof Frame && this.compare(other) === 0
  }

  /** Negative, 0 or positive, as for `Array.prototype.sort`. */
  compare(other: Frame): number {
    return (
      compareCodePoints(this.filename, other.filename) ||
      this.lineno - other.lineno ||
      compareCodePoints(this.functionName, other.functionName) ||
      this.column - other.column
    )
  }

  /** `file:line`, as CPython writes it. */
  toString(): string {
    return `${this.filename}:${this.lineno}`
  }

  /** Python's `repr`. */
  [INSPECT](): string {
    return `<Frame filename=${reprText(this.filename)} lineno=${this.lineno}>`
  }
}
