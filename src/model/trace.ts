// One row of a snapshot as a value, and all rows as a sequence: CPython's `Trace`.
import { INSPECT } from '../text/repr.ts'
import { formatSize } from '../text/units.ts'
import type { SnapshotData } from './columns.ts'
import { Traceback } from './traceback.ts'

/** One row of a snapshot: CPython's `tracemalloc.Trace`, of `count` blocks. */
export class Trace {
  readonly domain: number
  /** Total bytes. */
  readonly size: number
  /** Number of blocks; NaN = unknown. */
  readonly count: number
  /** Constructor or kind of object; `''` = unknown. */
  readonly type: string
  readonly traceback: Traceback

  constructor(domain: number, size: number, traceback: Traceback, count = 1, type = '') {
    this.domain = domain
    this.size = size
    this.traceback = traceback
    this.count = count
    this.type = type
  }

  /** Equal for equal traces, and no others: a key for maps and sets. */
  get key(): string {
    const { domain, size, count, type, traceback } = this
    return JSON.stringify([domain, size, count, type, traceback.totalNframe, traceback.key])
  }

  /** Nothing but a trace equals one. */
  equals(other: unknown): boolean {
    return (
      other instanceof Trace &&
      this.domain === other.domain &&
      this.size === other.size &&
      (this.count === other.count || (Number.isNaN(this.count) && Number.isNaN(other.count))) &&
      this.type === other.type &&
      this.traceback.totalNframe === other.traceback.totalNframe &&
      this.traceback.equals(other.traceback)
    )
  }

  toString(): string {
    return `${this.traceback}: ${formatSize(this.size)}`
  }

  /** Python's `repr`. */
  [INSPECT](): string {
    return `<Trace domain=${this.domain} size=${formatSize(this.size)}, traceback=${this.traceback[INSPECT]()}>`
  }
}

/** The rows of a snapshot as a sequence of `Trace` views. */
export class Traces {
  readonly #snapshot: SnapshotData

  constructor(snapshot: SnapshotData) {
    this.#snapshot = snapshot
  }

  get length(): number {
    return this.#snapshot.length
  }

  /** The trace at `index`, read as by `Array.prototype.at`: negative counts from the end, NaN is 0. */
  at(index: number): Trace | undefined {
    const whole = Math.trunc(index) || 0
    const i = whole < 0 ? whole + this.length : whole
    if (i < 0 || i >= this.length) return undefined
    const { tables, columns } = this.#snapshot
    return new Trace(
      columns.domain[i],
      columns.size[i],
      new Traceback(
        tables.stacks.framesOf(columns.stack[i]).map(frame => tables.frames.get(frame)),
        columns.totalNframe?.[i] || undefined,
      ),
      columns.count[i],
      tables.strings.get(columns.type[i]),
    )
  }

  /** The traces from `start` up to `end`, as for `Array.prototype.slice`. */
  slice(start = 0, end = this.length): Trace[] {
    const placeOf = (index: number) => {
      const whole = Math.trunc(index) || 0
      return whole < 0 ? Math.max(0, whole + this.length) : Math.min(whole, this.length)
    }
    const from = placeOf(start)
    return Array.from({ length: Math.max(0, placeOf(end) - from) }, (_, i) => this.at(from + i) as Trace)
  }

  *[Symbol.iterator](): Generator<Trace> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as Trace
  }

  includes(trace: unknown): boolean {
    for (const t of this) if (t.equals(trace)) return true
    return false
  }

  /** Nothing but the traces of a snapshot equals them. */
  equals(other: unknown): boolean {
    if (!(other instanceof Traces) || this.length !== other.length) return false
    for (let i = 0; i < this.length; i++) {
      if (!(this.at(i) as Trace).equals(other.at(i) as Trace)) return false
    }
    return true
  }

  /** Python's `repr`. */
  [INSPECT](): string {
    return `<Traces len=${this.length}>`
  }
}
