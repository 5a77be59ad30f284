import { DOMAIN } from '../../model/meta.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { probability } from './sampling.ts'

/** Estimates of single rows: what `RowEstimates` has as columns. */
export interface RowFunctions {
  bytes(row: number): number
  variance(row: number): number
  samples(row: number): number
  count(row: number): number
  countVariance(row: number): number
}

/**
 * Rows without samples. Of the JS heap in a sampled snapshot: every sample stands for about one interval, so the variance is at
 * most interval * size. Backing stores that were sampled: the law at their own interval, for blocks of their average size. Other
 * rows (tracked memory) are exact.
 */
export function unsampled(snapshot: Snapshot, interval: number): RowFunctions {
  const { size, count, domain } = snapshot.columns
  const { bufferInterval = 1 } = snapshot.meta
  const isStore = (row: number) => bufferInterval > 1 && domain[row] === DOMAIN.arrayBuffer && count[row] > 0
  /** Probability that a store of the row's average size is sampled. */
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
