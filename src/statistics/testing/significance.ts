// Significance tests: p-values of two sums of samples, and which of many p-values count.
import { incompleteBeta, studentTail } from '../special-functions.ts'

/** Accepted rate of false alarms: for one row; among many, the share of false ones called significant. */
export const ALPHA = 0.05

/** Two sums of samples to compare. */
export interface TwoSampleStatistic {
  /** Estimated bytes of the old and of the new side. */
  readonly old: number
  readonly new: number
  /** Variance that each side would have with the pooled bytes, as estimated from the samples of both. */
  readonly oldVariance: number
  readonly newVariance: number
  /** The pooled bytes: the mean of both. */
  readonly pooled: number
  /** Number of samples of both sides at the smaller side's interval, and that interval (per run). */
  readonly samples: number
  readonly interval: number
}

/** Smallest ratio between the two sides' scales: an exact side is a constant next to a sampled one. */
const LEAST_SCALE = 1e-4

/** Effective sample numbers of both sides and, under equality, the old side's share. */
function scaled({ old, new: now, oldVariance, newVariance, pooled }: TwoSampleStatistic) {
  const most = Math.max(oldVariance, newVariance)
  const oldScale = Math.max(oldVariance, most * LEAST_SCALE) / pooled
  const newScale = Math.max(newVariance, most * LEAST_SCALE) / pooled
  return {
    n1: Math.max(0, old) / oldScale,
    n2: Math.max(0, now) / newScale,
    share: newScale / (oldScale + newScale),
  }
}

/**
 * Two-sided p-value for equal bytes on both sides: the binomial test on samples of one scale, with a floor
 * for the probability that the smaller side missed that much. Valid for mixed object sizes and for different
 * intervals.
 */
export function equalityTest(sides: TwoSampleStatistic): number {
  if (sides.old === sides.new) return 1
  return guarded(sides, ({ n1, n2, share }) => {
    const tail = Math.min(incompleteBeta(share, n1, n2 + 1), incompleteBeta(1 - share, n2, n1 + 1))
    return Math.min(1, 2 * tail)
  })
}

/** One-sided: the probability that the new side is this much larger although both hold the same. */
export function growthTest(sides: TwoSampleStatistic): number {
  if (sides.new <= sides.old) return 1
  return guarded(sides, ({ n1, n2, share }) => incompleteBeta(1 - share, n2, n1 + 1))
}

/** A test of the samples' numbers, but at least the probability that a side missed the difference. */
function guarded(sides: TwoSampleStatistic, test: (numbers: ReturnType<typeof scaled>) => number): number {
  const isConstant = sides.oldVariance + sides.newVariance === 0
  const floor = missed(sides)
  return isConstant || !(sides.pooled > 0) ? floor : Math.max(test(scaled(sides)), floor)
}

/** Probability that a side missed the whole difference, for any sample that could account for it. */
function missed({ old, new: now, samples, interval, oldVariance, newVariance }: TwoSampleStatistic): number {
  if (oldVariance + newVariance === 0) return 0
  return Math.min(1, (1 + samples) * Math.exp(-Math.abs(now - old) / interval))
}

/** Is the difference so far within its error that no p-value is needed? Below 1 error, p is above 0.3. */
export function isSurelyNoise({ old, new: now, oldVariance, newVariance }: TwoSampleStatistic): boolean {
  return (now - old) ** 2 < oldVariance + newVariance
}

/** Could any division of these samples be significant by itself? If not, the row is left out of the many. */
export function isTestable(sides: TwoSampleStatistic): boolean {
  if (sides.oldVariance + sides.newVariance === 0) return true
  if (!(sides.pooled > 0)) return false
  const { n1, n2, share } = scaled(sides)
  return 2 * Math.min(share, 1 - share) ** (n1 + n2) <= ALPHA
}

/** Benjamini and Hochberg (1995): which p-values are significant, at most `ALPHA` of them false. */
export function falseDiscoveryRate(pValues: readonly number[]): boolean[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b])
  let called = 0
  for (let k = 0; k < order.length; k++) {
    if (pValues[order[k]] <= (ALPHA * (k + 1)) / order.length) called = k + 1
  }
  const result = new Array<boolean>(pValues.length).fill(false)
  for (const i of order.slice(0, called)) result[i] = true
  return result
}

/** Two-sided p-value for equal means of repeated runs: Student's test with pooled variance. */
export function repeatsTest(old: readonly number[], now: readonly number[]): number {
  const difference = mean(now) - mean(old)
  if (difference === 0) return 1
  const df = old.length + now.length - 2
  const variance = (squares(old) + squares(now)) / df
  if (variance === 0) return 0
  return studentTail(difference / Math.sqrt(variance * (1 / old.length + 1 / now.length)), df)
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

/** Sum of squared distances from the mean. */
function squares(values: readonly number[]): number {
  const m = mean(values)
  return values.reduce((a, b) => a + (b - m) ** 2, 0)
}
