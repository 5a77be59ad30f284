// The estimates of a snapshot's rows, as columns.
import type { Decoded } from './decode.ts'

/** Estimates by row, from its samples. */
export interface RowEstimates {
  /** Sampling interval in bytes; 1 = exact. */
  readonly interval: number
  /** Unbiased bytes: sum of s / p. (`size` is rounded per node and object size.) */
  readonly bytes: Float64Array
  /** Variance of the bytes: sum of s^2 (1 - p) / p^2. */
  readonly variance: Float64Array
  /** Number of samples. */
  readonly samples: Float64Array
  readonly count: Float64Array
  readonly countVariance: Float64Array
  /** The decoded samples; undefined where exact or without samples. */
  readonly decoded: Decoded | undefined
}
