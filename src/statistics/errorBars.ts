import type { Grouper } from '../model/group.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { estimateRows, sumRows } from './estimates.ts'
import { gammaLimits } from './limits.ts'
import type { ErrorBar } from './types.ts'

const UNKNOWN: ErrorBar = { sizeError: null, sizeLow: null, sizeHigh: null, countError: null }

/** The error bar of a size that is exact. */
export function exactBar(size: number): ErrorBar {
  return { sizeError: 0, sizeLow: size, sizeHigh: size, countError: 0 }
}

/**
 * Error bars of groups' sizes, by group id and the size shown; of several snapshots, of their mean. The standard error is the root of
 * sum s^2 (1 - p) / p^2 over the samples; as an interval it is right only from about 30 samples, so the 95 % interval is Fay and
 * Feuer's. It holds the size shown. The id -1 stands for everything.
 */
export function errorBars(
  snapshots: readonly Snapshot[],
  grouper: Grouper,
): (id: number, size: number) => ErrorBar {
  const estimates = snapshots.map(estimateRows)
  if (estimates.includes(undefined)) return () => UNKNOWN
  const runs = snapshots.length
  const sums = snapshots.map((snapshot, i) => {
    const rows = estimates[i] as NonNullable<(typeof estimates)[number]>
    return [
      totals(grouper, snapshot, rows.bytes, rows.variance),
      totals(grouper, snapshot, rows.samples, rows.countVariance),
    ]
  })
  const sum = (pair: number, column: number, id: number) =>
    sums.reduce((all, s) => all + (id < 0 ? s[pair].all[column] : (s[pair].of[column][id] ?? 0)), 0)
  const interval = Math.max(...estimates.map(rows => rows?.interval ?? 1))
  return (id, size) => {
    if (interval === 1 || sum(1, 0, id) === 0) return exactBar(size) // without samples: of exact rows
    const variance = sum(0, 1, id) / runs ** 2
    const { low, high } = gammaLimits(sum(0, 0, id) / runs, variance, interval / runs)
    return {
      sizeError: Math.sqrt(variance),
      sizeLow: Math.min(low, size),
      sizeHigh: Math.max(high, size),
      countError: Math.sqrt(sum(1, 1, id)) / runs,
    }
  }
}

/** Sums of two row columns, by group and of all rows. */
function totals(grouper: Grouper, snapshot: Snapshot, a: Float64Array, b: Float64Array) {
  const all = [a, b].map(column => column.reduce((x, y) => x + y, 0))
  return { of: sumRows({ grouper }, snapshot, a, b), all }
}
