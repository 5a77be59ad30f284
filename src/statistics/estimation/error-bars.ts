// Error bars of groups' sizes and counts.
import type { Grouper } from '../../model/grouping/group.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { reserve } from '../../model/tables/typed-arrays.ts'
import type { ErrorBar } from '../results.ts'
import { gammaLimits } from './confidence-limits.ts'
import { type EstimateColumn, estimateRows, estimatesOf, type RowEstimates, sumRows } from './estimates.ts'

const UNKNOWN: ErrorBar = { sizeError: null, sizeLow: null, sizeHigh: null, countError: null }

/** Rows processed at a time: four columns of a large snapshot would take most of its memory. */
const PART = 1 << 18

/** The error bar of an exact size. */
function exactBar(size: number): ErrorBar {
  return { sizeError: 0, sizeLow: size, sizeHigh: size, countError: 0 }
}

/**
 * Error bars by group id and the size shown; for several snapshots, those of their mean. The standard error
 * is the root of sum s^2 (1 - p) / p^2 over the samples. As an interval that is right only from about 30
 * samples on, so the 95 % interval is Fay and Feuer's; it always contains the size shown. The id -1 stands
 * for the total.
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
      totals(grouper, snapshot, rows, 'bytes', 'variance'),
      totals(grouper, snapshot, rows, 'samples', 'countVariance'),
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

/** Sums of two columns, by group and over all rows. */
function totals(
  grouper: Grouper,
  snapshot: Snapshot,
  rows: RowEstimates,
  ...names: readonly [EstimateColumn, EstimateColumn]
) {
  const { stack, type, domain } = snapshot.columns
  const of = [new Float64Array(0), new Float64Array(0)]
  const all = [0, 0]
  const scratch = names.map(() => new Float64Array(Math.min(PART, snapshot.length)))
  for (let from = 0; from < snapshot.length; from += PART) {
    const to = Math.min(from + PART, snapshot.length)
    const columns = names.map((name, i) => estimatesOf(rows, name, from, scratch[i].subarray(0, to - from)))
    const part = snapshot.with({
      columns: {
        stack: stack.subarray(from, to),
        type: type.subarray(from, to),
        domain: domain.subarray(from, to),
      },
    })
    for (const [i, sums] of sumRows({ grouper }, part, columns[0], columns[1]).entries()) {
      for (const value of columns[i]) all[i] += value
      of[i] = reserve(of[i], grouper.length)
      for (let id = 0; id < sums.length && id < grouper.length; id++) of[i][id] += sums[id]
    }
  }
  return { of, all }
}
