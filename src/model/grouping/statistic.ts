// Statistics and differences of groups, as CPython shows and sorts them.
import { formatCount, formatCounts, formatSize } from '../../text/units.ts'
import { sortDescending } from '../tables/typed-arrays.ts'
import type { Traceback } from '../traceback.ts'
import type { GroupDescription, GroupKey, Groups } from './group.ts'

/** Describes groups by id: a Grouper. */
export interface Describer {
  describe(id: number): GroupDescription
}

/** A group's description, made on first access: reports show few of many groups. */
abstract class Described {
  readonly #describer: Describer
  readonly #id: number
  #known: GroupDescription | undefined

  constructor(describer: Describer, id: number) {
    this.#describer = describer
    this.#id = id
  }

  /** The whole traceback for `traceback`; one frame for `lineno`, `filename` and `function`; else empty. */
  get traceback(): Traceback {
    return this.#description.traceback
  }

  /** The group's text, shown before the figures. */
  get label(): string {
    return this.#description.label
  }

  get key(): GroupKey {
    return this.#description.key
  }

  get #description(): GroupDescription {
    return (this.#known ??= this.#describer.describe(this.#id))
  }

  /** `console.log` shows the line of `toString`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `<${this.constructor.name} ${this}>`
  }
}

/** Error bar of a group's size and count. All null if the interval is unknown; errors are 0 if exact. */
export interface ErrorBar {
  /** One standard error, in bytes. */
  readonly sizeError: number | null
  /** 95 % interval of the true size, in bytes. */
  readonly sizeLow: number | null
  readonly sizeHigh: number | null
  /** One standard error of the count, including the uncertainty of decoding. */
  readonly countError: number | null
}

/** The error bar of a group, by its id and size. */
export type ErrorBars = (id: number, size: number) => ErrorBar

/**
 * Total of one group: CPython's `tracemalloc.Statistic`, with an error bar where sizes are estimates. The
 * bar is worked out when it is first asked for.
 */
export class Statistic extends Described implements ErrorBar {
  /** Bytes. */
  readonly size: number
  /** Blocks; NaN = unknown. */
  readonly count: number
  /** Is `count` an estimate? */
  readonly estimated: boolean
  readonly #bar: () => ErrorBar | undefined

  constructor(
    describer: Describer,
    id: number,
    size: number,
    count: number,
    estimated = false,
    bars?: ErrorBars,
  ) {
    super(describer, id)
    this.size = size
    this.count = count
    this.estimated = estimated
    this.#bar = () => bars?.(id, size)
  }

  /** One standard error of the size, in bytes; 0 if exact, null if unknown. */
  get sizeError(): number | null {
    return this.#bar()?.sizeError ?? null
  }

  /** Lower end of the 95 % interval of the true size, in bytes; null if unknown. */
  get sizeLow(): number | null {
    return this.#bar()?.sizeLow ?? null
  }

  /** Upper end of the 95 % interval of the true size, in bytes; null if unknown. */
  get sizeHigh(): number | null {
    return this.#bar()?.sizeHigh ?? null
  }

  /** One standard error of the count; 0 if exact, null if unknown. */
  get countError(): number | null {
    return this.#bar()?.countError ?? null
  }

  /** Nothing but a statistic of the same group and figures equals it. */
  equals(other: unknown): boolean {
    return (
      other instanceof Statistic &&
      this.size === other.size &&
      isSame(this.count, other.count) &&
      this.label === other.label &&
      this.traceback.equals(other.traceback)
    )
  }

  /** CPython's line; an estimated count has a `~`. */
  override toString(): string {
    return `${this.label}: size=${formatSize(this.size)}, count=${formatCount(this.count, this.estimated)}${averageText(this)}`
  }
}

/** Columns of differences by group id. */
export interface DiffColumns {
  /** Bytes and blocks in the new snapshot; NaN blocks = unknown. */
  readonly size: Float64Array
  readonly count: Float64Array
  /** New less old. */
  readonly sizeDiff: Float64Array
  readonly countDiff: Float64Array
  /** Are counts estimates? */
  readonly estimated: boolean
}

/** Difference of one group between two snapshots: CPython's `tracemalloc.StatisticDiff`. */
export class StatisticDiff extends Described {
  /** Bytes and blocks in the new snapshot; NaN blocks = unknown. */
  readonly size: number
  readonly count: number
  /** New less old. */
  readonly sizeDiff: number
  readonly countDiff: number
  /** Are the counts estimates? */
  readonly estimated: boolean

  constructor(describer: Describer, id: number, columns: DiffColumns) {
    super(describer, id)
    this.size = columns.size[id]
    this.sizeDiff = columns.sizeDiff[id]
    this.count = columns.count[id]
    this.countDiff = columns.countDiff[id]
    this.estimated = columns.estimated
  }

  /** Nothing but a difference of the same group and figures equals it. */
  equals(other: unknown): boolean {
    return (
      other instanceof StatisticDiff &&
      this.size === other.size &&
      this.sizeDiff === other.sizeDiff &&
      isSame(this.count, other.count) &&
      isSame(this.countDiff, other.countDiff) &&
      this.label === other.label &&
      this.traceback.equals(other.traceback)
    )
  }

  /** CPython's line; estimated counts have a `~`. */
  override toString(): string {
    return (
      `${this.label}: size=${formatSize(this.size)} (${formatSize(this.sizeDiff, true)}), ` +
      `count=${formatCounts(this.count, this.countDiff, this.estimated)}${averageText(this)}`
    )
  }
}

/** Are two numbers of blocks equal? Two unknown ones are. */
function isSame(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b))
}

function averageText(statistic: { size: number; count: number }): string {
  return statistic.count ? `, average=${formatSize(statistic.size / statistic.count)}` : ''
}

/** Ids of the groups in the order of `statisticsOf`. */
export function orderOf({ grouper, ids, size, count }: Groups): Uint32Array {
  return sortIds(ids, [size, count], (a, b) => grouper.compare(a, b))
}

/** All groups sorted by size, count, traceback, largest first (CPython's `Statistic._sort_key`). */
export function statisticsOf(groups: Groups, ids = orderOf(groups), bars?: ErrorBars): Statistic[] {
  const { grouper, size, count, estimated } = groups
  return Array.from(ids, id => new Statistic(grouper, id, size[id], count[id], estimated, bars))
}

/** Largest first, NaN last. */
function descending(a: number, b: number): number {
  return Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : b - a
}

/** Ids sorted by the columns in turn, largest first; ties in the reverse order of `compare`. */
export function sortIds(
  ids: Uint32Array,
  columns: readonly Float64Array[],
  compare: (a: number, b: number) => number,
): Uint32Array {
  const sorted = sortDescending(ids, columns[0])
  const others = columns.slice(1)
  const byOthers = (a: number, b: number): number => {
    for (const column of others) if (!isSame(column[a], column[b])) return descending(column[a], column[b])
    return compare(b, a)
  }
  for (let from = 0, to = 1; to <= sorted.length; to++) {
    if (to < sorted.length && columns[0][sorted[to]] === columns[0][sorted[from]]) continue
    if (to - from > 1) sorted.subarray(from, to).sort(byOthers)
    from = to
  }
  return sorted
}
