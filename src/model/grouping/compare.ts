// Compares two snapshots group by group.
import type { SnapshotData } from '../columns.ts'
import { positions } from '../tables/typed-arrays.ts'
import { type Cumulative, Grouper, type KeyType } from './group.ts'
import { StatisticDiff, sortIds } from './statistic.ts'

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
  const a = grouper.group(old)
  const b = grouper.group(now)
  const n = grouper.length
  const size = padded(b.size, n)
  const count = padded(b.count, n)
  const sizeDiff = size.slice()
  const countDiff = count.slice()
  for (const id of a.ids) {
    sizeDiff[id] -= a.size[id]
    countDiff[id] -= a.count[id]
  }
  const ids = union(a.ids, b.ids, n)
  const columns = [sizeDiff.map(Math.abs), size, countDiff.map(Math.abs), count]
  const order = sortIds(ids, columns, (a, b) => grouper.compare(a, b))
  const diffs = { size, count, sizeDiff, countDiff, estimated: a.estimated || b.estimated }
  return Array.from(order, id => new StatisticDiff(grouper, id, diffs))
}

function padded(column: Float64Array, length: number): Float64Array {
  const result = new Float64Array(length)
  result.set(column.subarray(0, length))
  return result
}

/** Ids in `a` or `b`, ascending. */
function union(a: Uint32Array, b: Uint32Array, length: number): Uint32Array {
  const present = new Uint8Array(length)
  for (const id of a) present[id] = 1
  for (const id of b) present[id] = 1
  return positions(present)
}
