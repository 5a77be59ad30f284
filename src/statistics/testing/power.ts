// Power of a comparison: the smallest growth that it can detect.
import { normalQuantile } from '../special-functions.ts'
import { BETWEEN_RUNS, LEAST_SHARE } from './rules.ts'
import { ALPHA } from './significance.ts'

/** Standard errors that the exact tests need beyond the normal law. Without it, 80 % becomes 76 %. */
const CAUTION = 0.15

/** The setting in which growth is to be detected. */
export interface DetectableOptions {
  /** Bytes of the row; if paired, only those freed between the reads. */
  readonly size: number
  /** Sampling interval in bytes; 1 = exact. */
  readonly interval: number
  /** Total bytes: between runs, less than 1 % of it is never significant. */
  readonly total?: number
  /** Same session, sample by sample? */
  readonly paired?: boolean
  /** Rows judged together (Benjamini and Hochberg). Default 20; 1 for a single total. */
  readonly rows?: number
  /** Probability of detecting it. Default 0.8. */
  readonly power?: number
}

/**
 * Smallest growth in bytes that a comparison of two snapshots detects with the given probability. The
 * estimate must exceed T = z sqrt(2 r S + r T + 2 tau^2), z the quantile of the level for the most
 * significant of the rows; its own error is about sqrt(2 r S + r D).
 */
export function detectableGrowth(options: DetectableOptions): number {
  const { size, interval, total = 0, paired = false, rows = 20, power = 0.8 } = options
  const r = interval > 1 ? interval : 0
  const tau = paired ? 0 : BETWEEN_RUNS
  const z = normalQuantile(1 - ALPHA / (2 * rows))
  // If paired without churn all samples are new, and only their number counts; otherwise both sides have the
  // row's samples.
  const called = (z * z * r + Math.sqrt(z ** 4 * r * r + 8 * z * z * (r * size + tau * tau))) / 2
  const threshold = Math.max(called, paired ? 0 : LEAST_SHARE * total)
  const q = normalQuantile(power) + CAUTION
  // D - q sqrt(2 r S + r D) = T
  return threshold + (q * q * r + q * Math.sqrt(q * q * r * r + 4 * r * (threshold + 2 * size))) / 2
}
