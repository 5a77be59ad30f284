// Which sizes stand behind a row's samples where the checksum is too long to work out.

import type { LotSums } from './decode.ts'
import type { Candidates } from './sizes.ts'

/** Square of a tilt, in standard deviations of a sample's bytes, whose square terms matter little. */
const SLIGHT = 0.1

/**
 * Gives each candidate the probability weight * exp(k s / p), k such that the lots add up to `total` on average (the distribution
 * nearest to the weights that does). A lot of n samples then varies as a draw from a Dirichlet multinomial of this concentration whose
 * mean bytes are known.
 */
export function sumTilted(
  candidates: readonly Candidates[],
  counts: Uint32Array,
  total: number,
  concentration: number,
): LotSums[] {
  const most = candidates.reduce((length, c) => Math.max(length, c.sizes.length), 0)
  const scratch = new Float64Array(most)
  const k = tiltFor(candidates, counts, total, scratch)
  return candidates.map((c, i) => lotSums(c, counts[i], k, concentration, scratch))
}

/**
 * Newton's steps between bounds that close in, ending within the rounding of the total. The first needs no exponentials, and is the
 * last where the tilt is slight.
 */
function tiltFor(
  candidates: readonly Candidates[],
  counts: Uint32Array,
  total: number,
  scratch: Float64Array,
): number {
  let sum = 0
  let slope = 0 // of the sum by k: the variance
  let widest = 0
  for (let i = 0; i < candidates.length; i++) {
    sum += counts[i] * candidates[i].mean
    slope += counts[i] * candidates[i].spread
    widest = Math.max(widest, candidates[i].spread)
  }
  let low = -1
  let high = 1
  let k = 0
  for (let step = 0; slope > 0 && Math.abs(sum - total) > 8 * candidates.length && step < 30; step++) {
    if (sum < total) low = k
    else high = k
    const next = k + (total - sum) / slope
    k = next > low && next < high ? next : (low + high) / 2
    if (step === 0 && k * k * widest < SLIGHT) break
    sum = slope = 0
    for (let i = 0; i < candidates.length; i++) {
      const { sizes, bytes } = candidates[i]
      const mean = tilt(candidates[i], k, scratch)
      sum += counts[i] * mean
      for (let j = 0; j < sizes.length; j++) slope += counts[i] * scratch[j] * (bytes[j] - mean) ** 2
    }
  }
  return k
}

/** Puts a lot's probabilities into `scratch` and gives its mean bytes. */
function tilt({ weights, bytes }: Candidates, k: number, scratch: Float64Array): number {
  const { length } = bytes
  if (length === 1) {
    scratch[0] = 1
    return bytes[0]
  }
  let most = -Infinity
  for (let j = 0; j < length; j++) most = Math.max(most, k * bytes[j])
  let sum = 0
  for (let j = 0; j < length; j++) sum += scratch[j] = weights[j] * Math.exp(k * bytes[j] - most)
  let mean = 0
  for (let j = 0; j < length; j++) mean += (scratch[j] /= sum) * bytes[j]
  return mean
}

function lotSums(
  candidates: Candidates,
  n: number,
  k: number,
  concentration: number,
  scratch: Float64Array,
): LotSums {
  const { sizes, bytes, count: blocks, variance: variances } = candidates
  const mean = tilt(candidates, k, scratch)
  let size = 0
  let count = 0
  let variance = 0
  let countVariance = 0
  for (let j = 0; j < sizes.length; j++) {
    size += scratch[j] * sizes[j]
    count += scratch[j] * blocks[j]
    variance += scratch[j] * variances[j]
    countVariance += scratch[j] * blocks[j] * (blocks[j] - 1) // (1 - p) / p^2
  }
  let spread = 0
  let along = 0
  let across = 0
  for (let j = 0; j < sizes.length; j++) {
    spread += scratch[j] * (blocks[j] - count) ** 2
    along += scratch[j] * (blocks[j] - count) * (bytes[j] - mean)
    across += scratch[j] * (bytes[j] - mean) ** 2
  }
  const left = across > 0 ? Math.max(0, spread - along ** 2 / across) : 0
  return {
    n,
    size: n * size,
    bytes: n * mean,
    count: n * count,
    variance: n * variance,
    countVariance: n * countVariance + (left * n * (n + concentration)) / (1 + concentration),
  }
}
