import { incompleteBeta, studentTail } from '../special-functions.ts'

/** Chance of a false alarm that is accepted: of one row alone, and, among many, the share of false ones among those called. */
export const ALPHA = 0.05

/** Two sums of samples to compare. */
export interface Sides {
  /** Estimated bytes of the old and of the new side. */
  readonly old: number
  readonly new: number
  /** Variance that each side would have if both held the pooled bytes: what the samples of both say. */
  readonly oldVariance: number
  readonly newVariance: number
  /** The pooled bytes: the mean of both. */
  readonly pooled: number
  /** Samples of both sides, as the smaller side's interval would have taken them, and that interval (per run). */
  readonly samples: number
  readonly interval: number
}

/** How much smaller one side's scale may count than the other's: an exact side is a constant next to a sampled one. */
const LEAST_SCALE = 1e-4

/** Effective sample numbers of both sides and the share of the old side's under equality. */
function scaled({ old, new: now, oldVariance, newVariance, pooled }: Sides) {
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
 * Two-sided p-value of equal bytes on both sides: the binomial test on samples of one scale, with a floor for the chance that
 * the smaller side missed so much. Valid for mixed object sizes and for different intervals.
 */
export function equalityTest(sides: Sides): number {
  if (sides.old === sides.new) return 1
  const guard = missed(sides)
  if (sides.oldVariance + sides.newVariance === 0 || !(sides.pooled > 0)) return guard
  const { n1, n2, share } = scaled(sides)
  const tail = Math.min(incompleteBeta(share, n1, n2 + 1), incompleteBeta(1 - share, n2, n1 + 1))
  return Math.max(Math.min(1, 2 * tail), guard)
}

/** One-sided: the chance that the new side is so much more, though both hold the same. */
export function growthTest(sides: Sides): number {
  if (sides.new <= sides.old) return 1
  const guard = missed(sides)
  if (sides.oldVariance + sides.newVariance === 0 || !(sides.pooled > 0)) return guard
  const { n1, n2, share } = scaled(sides)
  return Math.max(incompleteBeta(1 - share, n2, n1 + 1), guard)
}

/** Chance that a side missed the whole difference, for any of the samples that could have been it. */
function missed({ old, new: now, samples, interval, oldVariance, newVariance }: Sides): number {
  if (oldVariance + newVariance === 0) return 0
  return Math.min(1, (1 + samples) * Math.exp(-Math.abs(now - old) / interval))
}

/** Is the difference so much within its error that no p-value need be worked out? Below one standard error p is above 0.3. */
export function isSurelyNoise({ old, new: now, oldVariance, newVariance }: Sides): boolean {
  return (now - old) ** 2 < oldVariance + newVariance
}

/** Could any division of these samples be significant by itself? Where not, the row is left out of the many. */
export function isTestable(sides: Sides): boolean {
  if (sides.oldVariance + sides.newVariance === 0) return true
  if (!(sides.pooled > 0)) return false
  const { n1, n2, share } = scaled(sides)
  return 2 * Math.min(share, 1 - share) ** (n1 + n2) <= ALPHA
}

/** Benjamini and Hochberg (1995): which of many p-values are called, at most `ALPHA` of them falsely on average. */
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

/** Two-sided p-value of equal means of repeated runs: Student's test with the variance of both sides pooled. */
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
