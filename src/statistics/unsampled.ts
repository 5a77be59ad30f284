import type { Snapshot } from '../model/snapshot.ts'

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
 * most interval * size. Other domains (tracked buffers) are exact.
 */
export function unsampled(snapshot: Snapshot, interval: number): RowFunctions {
  const { size, count, domain } = snapshot.columns
  const heap = (row: number) => (interval > 1 && domain[row] === 0 ? Math.abs(size[row]) : 0)
  return {
    bytes: row => size[row],
    variance: row => heap(row) * interval,
    samples: row => heap(row) / interval,
    count: row => count[row],
    countVariance: row => (heap(row) > 0 ? count[row] * Math.max(1, (count[row] * interval) / heap(row)) : 0),
  }
}
