// Estimates of rows that have no samples.
import { DOMAIN } from '../../model/meta.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { probability } from './sampling.ts'

/** Estimates of single rows: functions for the columns of `RowEstimates`. */
export interface RowFunctions {
  bytes(row: number): number
  variance(row: number): number
  samples(row: number): number
  count(row: number): number
  countVariance(row: number): number
}

/**
 * Rows without samples. In the JS heap of a sampled snapshot, every sample represents about one interval, so
 * the variance is at most interval * size. Sampled backing stores follow the same law at their own interval,
 * with blocks of average size. Other rows (explicitly tracked memory) are exact.
 */
export function rowsWithoutSamples(snapshot: Snapshot, interval: number): RowFunctions {
  const { size, count, domain } = snapshot.columns
  const { bufferInterval = 1 } = snapshot.meta
  const isStore = (row: number) => bufferInterval > 1 && domain[row] === DOMAIN.arrayBuffer && count[row] > 0
  /** Probability that a backing store of the row's average size is sampled. */
  const p = (row: number) => probability(Math.abs(size[row]) / count[row], bufferInterval)
  const heap = (row: number) => (interval > 1 && domain[row] === 0 ? Math.abs(size[row]) : 0)
  return {
    bytes: row => size[row],
    variance: row =>
      isStore(row) ? ((size[row] ** 2 / count[row]) * (1 - p(row))) / p(row) : heap(row) * interval,
    samples: row => (isStore(row) ? count[row] * p(row) : heap(row) / interval),
    count: row => count[row],
    countVariance: row => {
      if (isStore(row)) return (count[row] * (1 - p(row))) / p(row)
      return heap(row) > 0 ? count[row] * Math.max(1, (count[row] * interval) / heap(row)) : 0
    },
  }
}
