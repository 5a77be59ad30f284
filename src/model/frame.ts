// A call frame, as a value.
import { compareCodePoints } from '../text/units.ts'

/**
 * One call. `lineno` and `column` are 1-based, 0 = unknown. If `exact`, the line is the allocating or calling
 * line; otherwise it is where the function starts. Frames are compared as in CPython (by file, then line),
 * and then by function name and column.
 */
export class Frame {
  readonly filename: string
  readonly lineno: number
  readonly functionName: string
  readonly column: number
  readonly exact: boolean

  constructor(filename: string, lineno: number, functionName = '', column = 0, exact = true) {
    this.filename = filename
    this.lineno = lineno
    this.functionName = functionName
    this.column = column
    this.exact = exact
  }

  equals(other: Frame): boolean {
    return this.compare(other) === 0
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
}
