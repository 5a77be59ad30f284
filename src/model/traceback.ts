// The calls that led to an allocation: CPython's `Traceback`.
import { INSPECT, reprTuple } from '../text/repr.ts'
import type { Frame } from './frame.ts'

/** Returns the text of a source line, or `''`. */
export type GetLine = (filename: string, lineno: number) => string

export interface TracebackFormatOptions {
  /** Positive: only the most recent `limit` frames; negative: without the most recent `-limit`. */
  limit?: number
  mostRecentFirst?: boolean
  /** Source lines are shown only if this is given: they can be secret. */
  getLine?: GetLine
}

/** The calls that led to an allocation, oldest first: CPython's `tracemalloc.Traceback`. */
export class Traceback {
  /** Oldest first. */
  readonly frames: readonly Frame[]
  /** Number of frames before truncation; undefined if unknown. */
  readonly totalNframe: number | undefined

  constructor(frames: readonly Frame[], totalNframe?: number) {
    this.frames = frames
    this.totalNframe = totalNframe
  }

  get length(): number {
    return this.frames.length
  }

  /** The frame at `index`; negative counts from the most recent. */
  at(index: number): Frame | undefined {
    return this.frames.at(index)
  }

  slice(start?: number, end?: number): readonly Frame[] {
    return this.frames.slice(start, end)
  }

  includes(frame: unknown): boolean {
    return this.frames.some(f => f.equals(frame))
  }

  [Symbol.iterator](): Iterator<Frame> {
    return this.frames[Symbol.iterator]()
  }

  /** Equal for equal tracebacks, and no others: a key for maps and sets. */
  get key(): string {
    return this.frames.map(frame => frame.key).join()
  }

  /** Compares the frames only, not `totalNframe`. Nothing but a traceback equals one. */
  equals(other: unknown): boolean {
    return other instanceof Traceback && this.compare(other) === 0
  }

  /** Negative, 0 or positive, frame by frame from the oldest. */
  compare(other: Traceback): number {
    const n = Math.min(this.length, other.length)
    for (let i = 0; i < n; i++) {
      const order = this.frames[i].compare(other.frames[i])
      if (order !== 0) return order
    }
    return this.length - other.length
  }

  /** CPython's lines: `  File "app.js", line 10`, then the source line, indented, if `getLine` has it. */
  format(options: TracebackFormatOptions = {}): string[] {
    const { limit, mostRecentFirst, getLine } = options
    let frames = this.frames
    if (limit !== undefined) frames = limit > 0 ? frames.slice(-limit) : frames.slice(0, limit)
    if (mostRecentFirst) frames = [...frames].reverse()
    const lines: string[] = []
    for (const frame of frames) {
      lines.push(`  File "${frame.filename}", line ${frame.lineno}${frame.exact ? '' : inFunction(frame)}`)
      const line = getLine?.(frame.filename, frame.lineno).trim()
      if (line) lines.push(`    ${line}`)
    }
    return lines
  }

  /** The oldest frame, as CPython has it; `''` for an empty traceback. */
  toString(): string {
    return this.frames.length ? this.frames[0].toString() : ''
  }

  /** Python's `repr`. */
  [INSPECT](): string {
    const total = this.totalNframe === undefined ? '' : ` total_nframe=${this.totalNframe}`
    return `<Traceback ${reprTuple(this.frames.map(frame => frame[INSPECT]()))}${total}>`
  }
}

/** The function, shown if the line is not the calling line but only where the function starts. */
function inFunction(frame: Frame): string {
  return `, in ${frame.functionName || '(anonymous)'}`
}
