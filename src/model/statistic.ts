import { formatSigned, formatSize } from '../units.ts'
import { sortDescending } from './columns.ts'
import type { GroupKey, Groups } from './group.ts'
import type { Traceback } from './traceback.ts'

/** Total of one group: CPython's `tracemalloc.Statistic`. */
export class Statistic {
  /** One frame for the keys lineno, filename and function; the whole traceback for traceback; empty otherwise. */
  readonly traceback: Traceback
  /** Bytes. */
  readonly size: number
  /** Blocks. */
  readonly count: number
  /** The group's text in front of the figures. */
  readonly label: string
  readonly key: GroupKey
  /** Is `count` an estimate? */
  readonly estimated: boolean

  constructor(
    traceback: Traceback,
    size: number,
    count: number,
    label = `${traceback}`,
    key: GroupKey = {},
    estimated = false,
  ) {
    this.traceback = traceback
    this.size = size
    this.count = count
    this.label = label
    this.key = key
    this.estimated = estimated
  }

  equals(other: Statistic): boolean {
    return (
      this.size === other.size &&
      this.count === other.count &&
      this.label === other.label &&
      this.traceback.equals(other.traceback)
    )
  }

  /** CPython's line; an estimated count has a `~`. */
  toString(): string {
    return `${this.label}: size=${formatSize(this.size)}, count=${countText(this.count, this.estimated)}${averageText(this)}`
  }
}

/** Difference of one group between two snapshots: CPython's `tracemalloc.StatisticDiff`. */
export class StatisticDiff {
  readonly traceback: Traceback
  /** Bytes and blocks in the new snapshot. */
  readonly size: number
  readonly count: number
  /** New less old. */
  readonly sizeDiff: number
  readonly countDiff: number
  readonly label: string
  readonly key: GroupKey
  readonly estimated: boolean

  constructor(
    traceback: Traceback,
    size: number,
    sizeDiff: number,
    count: number,
    countDiff: number,
    label = `${traceback}`,
    key: GroupKey = {},
    estimated = false,
  ) {
    this.traceback = traceback
    this.size = size
    this.sizeDiff = sizeDiff
    this.count = count
    this.countDiff = countDiff
    this.label = label
    this.key = key
    this.estimated = estimated
  }

  equals(other: StatisticDiff): boolean {
    return (
      this.size === other.size &&
      this.sizeDiff === other.sizeDiff &&
      this.count === other.count &&
      this.countDiff === other.countDiff &&
      this.label === other.label &&
      this.traceback.equals(other.traceback)
    )
  }

  /** CPython's line; estimated counts have a `~`. */
  toString(): string {
    const countDiff = Math.round(this.countDiff)
    const mark = this.estimated ? '~' : ''
    return (
      `${this.label}: size=${formatSize(this.size)} (${formatSize(this.sizeDiff, true)}), ` +
      `count=${countText(this.count, this.estimated)} (${mark}${formatSigned(countDiff)})${averageText(this)}`
    )
  }
}

function countText(count: number, estimated: boolean): string {
  return `${estimated ? '~' : ''}${Math.round(count)}`
}

function averageText(statistic: { size: number; count: number }): string {
  return statistic.count ? `, average=${formatSize(statistic.size / statistic.count)}` : ''
}

/** Ids of the groups in the order of `statisticsOf`. */
export function orderOf({ grouper, ids, size, count }: Groups): Uint32Array {
  return sortIds(ids, [size, count], (a, b) => grouper.compare(a, b))
}

/** All groups as sorted statistics: by size, count, traceback, biggest first (CPython's `Statistic._sort_key`). */
export function statisticsOf(groups: Groups, ids = orderOf(groups)): Statistic[] {
  const { grouper, size, count, estimated } = groups
  return Array.from(ids, id => {
    const { traceback, label, key } = grouper.describe(id)
    return new Statistic(traceback, size[id], count[id], label, key, estimated)
  })
}

/**
 * Ids sorted biggest first by the columns in turn; ties by `compare`, last first (the order of tracebacks: `Grouper.compare`).
 */
export function sortIds(
  ids: Uint32Array,
  columns: readonly Float64Array[],
  compare: (a: number, b: number) => number,
): Uint32Array {
  const sorted = sortDescending(ids, columns[0])
  const others = columns.slice(1)
  const byOthers = (a: number, b: number): number => {
    for (const column of others) if (column[a] !== column[b]) return column[b] - column[a]
    return compare(b, a)
  }
  for (let from = 0, to = 1; to <= sorted.length; to++) {
    if (to < sorted.length && columns[0][sorted[to]] === columns[0][sorted[from]]) continue
    if (to - from > 1) sorted.subarray(from, to).sort(byOthers)
    from = to
  }
  return sorted
}
