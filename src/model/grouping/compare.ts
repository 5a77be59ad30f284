// Compares groups of snapshots: the one place that unites, subtracts and orders them.
import type { SnapshotData } from '../columns.ts'
import { positions } from '../tables/typed-arrays.ts'
import { type Cumulative, Grouper, type Groups, type KeyType } from './group.ts'
import { type DiffColumns, StatisticDiff, sortIds } from './statistic.ts'

/**
 * Differences of two snapshots by group, sorted by |size difference|, size, |count difference|, count,
 * traceback, largest first (CPython's `StatisticDiff._sort_key`).
 */
export function compareSnapshots(
  now: SnapshotData,
  old: SnapshotData,
  keyType: KeyType | readonly KeyType[],
  cumulative: Cumulative = false,
): StatisticDiff[] {
  const grouper = new Grouper(now.tables, keyType, cumulative)
  const grouped = [grouper.group(old), grouper.group(now)]
  const [before, after] = grouped.map(groups => padded(groups, grouper.length))
  const diffs = differences(after, before, grouped)
  const order = orderOfDiffs(idsIn(grouped, grouper.length), diffs, grouper)
  return Array.from(order, id => new StatisticDiff(grouper, id, diffs))
}

/** Bytes and blocks by group id. */
export type Amounts = Pick<Groups, 'size' | 'count'>

/** The amounts of groups for `length` ids: 0 for those that have no rows. */
export function padded({ size, count }: Amounts, length: number): Amounts {
  const longer = (column: Float64Array) => {
    const result = new Float64Array(length)
    result.set(column.subarray(0, length))
    return result
  }
  return { size: longer(size), count: longer(count) }
}

/** New amounts and what they are more than the old ones, of the same length. */
export function differences(after: Amounts, before: Amounts, grouped: readonly Groups[]): DiffColumns {
  const minus = (a: Float64Array, b: Float64Array) => a.map((value, id) => value - b[id])
  return {
    ...after,
    sizeDiff: minus(after.size, before.size),
    countDiff: minus(after.count, before.count),
    estimated: grouped.some(groups => groups.estimated),
  }
}

/** Ids below `length` that have rows in any of the groups, ascending. */
export function idsIn(grouped: readonly Groups[], length: number): Uint32Array {
  const present = new Uint8Array(length)
  for (const { ids } of grouped) for (const id of ids) present[id] = 1
  return positions(present)
}

/** Ids in the order of `compareSnapshots`. */
export function orderOfDiffs(
  ids: Uint32Array,
  { size, count, sizeDiff, countDiff }: DiffColumns,
  grouper: Grouper,
): Uint32Array {
  const columns = [sizeDiff.map(Math.abs), size, countDiff.map(Math.abs), count]
  return sortIds(ids, columns, (a, b) => grouper.compare(a, b))
}
