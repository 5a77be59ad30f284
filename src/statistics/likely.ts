// Which sizes stand behind a row's samples where the checksum is too long to work out.

import type { LotSums } from './decode.ts'
import { reportedSize } from './sampling.ts'
import type { Candidates } from './sizes.ts'

/** Of a lot's likeliest sizes so many are also taken in pairs. */
const MOST_PAIRED = 4
/** Least variance of a row's bytes: that of the rounding of a few small objects' sum. */
const LEAST_VARIANCE = 64

interface Lot {
  readonly candidates: Candidates
  readonly n: number
  /** By size: what V8 reports if all of the lot's objects are of it. */
  readonly values: Float64Array
  /** Shares of the sizes among the lot's objects. */
  readonly shares: Float64Array
  /** What the lot adds to the total: mean and variance, by the usual sizes first and by the total then. */
  mean: number
  variance: number
}

/**
 * Gives each lot its sizes by the usual ones and by what the other lots leave of `total`: these are taken as normal, the lot as all
 * of one size or of two. Lots that can differ most come first; what is known of them then narrows the rest. A lot's sizes are those of a
 * draw from a Dirichlet multinomial of this concentration, which is small, so that lots of one size are usual.
 */
export function sumLikely(
  candidates: readonly Candidates[],
  counts: Uint32Array,
  total: number,
  concentration: number,
  interval: number,
): LotSums[] {
  const lots = candidates.map((c, i) => lotOf(c, counts[i], concentration, interval))
  let mean = 0
  let variance = LEAST_VARIANCE
  for (const lot of lots) {
    mean += lot.mean
    variance += lot.variance
  }
  for (const lot of lots.toSorted((a, b) => b.variance - a.variance)) {
    if (lot.variance === 0) break
    mean -= lot.mean
    variance -= lot.variance
    settle(lot, total - mean, Math.max(LEAST_VARIANCE, variance), concentration)
    mean += lot.mean
    variance += lot.variance
  }
  return lots.map(lot => lotSums(lot, concentration))
}

function lotOf(candidates: Candidates, n: number, concentration: number, interval: number): Lot {
  const { sizes, weights, mean, spread } = candidates
  const isOpen = sizes.length > 1
  const values = Float64Array.from(sizes, s => reportedSize(s, n, interval))
  return {
    candidates,
    n,
    values,
    shares: Float64Array.from(weights),
    mean: isOpen ? n * mean : values[0],
    variance: isOpen ? (spread * n * (n + concentration)) / (1 + concentration) : 0,
  }
}

/** Shares of a lot's sizes, when it is likely to add `rest`, with that variance. */
function settle(lot: Lot, rest: number, variance: number, concentration: number): void {
  const { candidates, n, values, shares } = lot
  const { weights } = candidates
  const { length } = weights
  const logs: number[] = []
  // All of one size.
  for (let j = 0; j < length; j++) {
    const distance = rest - values[j]
    logs.push(
      Math.log(weights[j]) -
        concentration * (1 - weights[j]) * Math.log(n) -
        distance ** 2 / (2 * variance) -
        Math.log(2 * Math.PI * variance) / 2,
    )
  }
  // Of two: so many of the first that the lot adds `rest`.
  const pairs: { x: number; y: number; part: number }[] = []
  for (let x = 1; x < Math.min(length, MOST_PAIRED); x++) {
    for (let y = 0; y < x; y++) {
      const reach = values[x] - values[y]
      const part = (rest - values[y]) / reach
      if (!(part * n >= 1 && (1 - part) * n >= 1)) continue
      pairs.push({ x, y, part })
      logs.push(
        Math.log(concentration * weights[x] * weights[y]) -
          concentration * (1 - weights[x] - weights[y]) * Math.log(n) +
          (concentration * weights[x] - 1) * Math.log(part) +
          (concentration * weights[y] - 1) * Math.log(1 - part) -
          Math.log(Math.abs(reach)),
      )
    }
  }
  const most = logs.reduce((a, b) => Math.max(a, b))
  const ways = logs.map(log => Math.exp(log - most))
  const sum = ways.reduce((a, b) => a + b)
  shares.fill(0)
  let mean = 0
  let square = 0
  for (let j = 0; j < length; j++) {
    const way = ways[j] / sum
    shares[j] += way
    mean += way * values[j]
    square += way * values[j] ** 2
  }
  for (const [i, { x, y, part }] of pairs.entries()) {
    const way = ways[length + i] / sum
    shares[x] += way * part
    shares[y] += way * (1 - part)
    mean += way * rest
    square += way * (rest ** 2 + variance)
  }
  lot.mean = mean
  lot.variance = Math.max(0, square - mean ** 2)
}

function lotSums({ n, shares, candidates }: Lot, concentration: number): LotSums {
  const { sizes, bytes: weighed, count: blocks, variance: variances } = candidates
  let size = 0
  let bytes = 0
  let count = 0
  let square = 0
  let variance = 0
  let countVariance = 0
  for (let j = 0; j < sizes.length; j++) {
    const w = shares[j]
    size += w * sizes[j]
    bytes += w * weighed[j]
    count += w * blocks[j]
    square += w * blocks[j] ** 2
    variance += w * variances[j]
    countVariance += w * blocks[j] * (blocks[j] - 1) // (1 - p) / p^2
  }
  const spread = Math.max(0, square - count ** 2)
  return {
    n,
    size: n * size,
    bytes: n * bytes,
    count: n * count,
    variance: n * variance,
    countVariance: n * countVariance + (spread * n * (n + concentration)) / (1 + concentration),
  }
}
