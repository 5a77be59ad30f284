// Which sizes stand behind a row's samples where the checksum is too long to work out.

import { CONCENTRATION, sumShares } from './checksum.ts'
import type { Candidates, LotSums } from './size-table.ts'

/** Of a lot's likeliest sizes so many are also taken in pairs. */
const MOST_PAIRED = 4
/** Least variance of a row's bytes: that of the rounding of a few small objects' sum. */
const LEAST_VARIANCE = 64
/** Part of the others' variance below which a lot's own says nothing of its sizes. */
const LEAST_PART = 0.01

interface Lot {
  readonly candidates: Candidates
  readonly n: number
  /** By size: how many samples are of it, on average. */
  readonly shares: Float64Array
  /** Mean square of the lot's blocks. */
  countSquare: number
  /** What the lot adds to the total: mean and variance, by the usual sizes first and by the total then. */
  mean: number
  variance: number
}

/**
 * Gives each lot its sizes by the usual ones and by what the other lots leave of `total`: these are taken as normal, the lot as all
 * of one size or of two. Lots that can differ most come first; what is known of them then narrows the rest.
 */
export function sumLikely(candidates: readonly Candidates[], counts: Uint32Array, total: number): LotSums[] {
  const lots: Lot[] = []
  let mean = 0
  let variance = LEAST_VARIANCE
  for (let i = 0; i < candidates.length; i++) {
    const lot = lotOf(candidates[i], counts[i])
    lots.push(lot)
    mean += lot.mean
    variance += lot.variance
  }
  for (const lot of lots.toSorted((a, b) => b.variance - a.variance)) {
    mean -= lot.mean
    variance -= lot.variance
    if (lot.variance > LEAST_PART * variance) settle(lot, total - mean, Math.max(LEAST_VARIANCE, variance))
    mean += lot.mean
    variance += lot.variance
  }
  return lots.map(({ candidates, n, shares, countSquare }) => sumShares(candidates, n, shares, countSquare))
}

/** A lot as it is before the total is known: a draw from a Dirichlet multinomial. */
function lotOf(candidates: Candidates, n: number): Lot {
  const { weights, spread, count: blocks } = candidates
  const alike = (n + CONCENTRATION) / (1 + CONCENTRATION)
  const shares = new Float64Array(weights.length)
  let count = 0
  let square = 0
  for (let j = 0; j < shares.length; j++) {
    shares[j] = n * weights[j]
    count += weights[j] * blocks[j]
    square += weights[j] * blocks[j] ** 2
  }
  const countSquare = n * alike * (square - count ** 2) + (n * count) ** 2
  return { candidates, n, shares, countSquare, mean: n * candidates.mean, variance: n * alike * spread }
}

/** Probabilities of the ways that are gone through. */
const chances: number[] = []

/** Tells a lot's sizes, when it is likely to add `rest`, with that variance. */
function settle(lot: Lot, rest: number, variance: number): void {
  const { candidates, n, shares } = lot
  const { weights, bytes, count: blocks } = candidates
  const { length } = weights
  const logN = CONCENTRATION * Math.log(n)
  // All of one size.
  let all = 0
  const density = 1 / Math.sqrt(2 * Math.PI * variance)
  for (let j = 0; j < length; j++) {
    const distance = rest - n * bytes[j]
    const log = logN * (weights[j] - 1) - distance ** 2 / (2 * variance)
    all += chances[j] = density * weights[j] * Math.exp(log)
  }
  // Of two: so many of the first that the lot adds `rest`.
  let k = length
  for (let x = 1; x < Math.min(length, MOST_PAIRED); x++) {
    for (let y = 0; y < x; y++) all += chances[k++] = chanceOfPair(lot, x, y, rest)
  }
  if (!(all > 0)) return
  shares.fill(0)
  let mean = 0
  let square = 0
  lot.countSquare = 0
  for (let j = 0; j < length; j++) {
    const way = chances[j] / all
    shares[j] += way * n
    mean += way * n * bytes[j]
    square += way * (n * bytes[j]) ** 2
    lot.countSquare += way * (n * blocks[j]) ** 2
  }
  k = length
  for (let x = 1; x < Math.min(length, MOST_PAIRED); x++) {
    for (let y = 0; y < x; y++) {
      const way = chances[k++] / all
      if (way === 0) continue
      const ofX = (rest - n * bytes[y]) / (bytes[x] - bytes[y])
      shares[x] += way * ofX
      shares[y] += way * (n - ofX)
      mean += way * rest
      square += way * (rest ** 2 + variance)
      lot.countSquare += way * (ofX * blocks[x] + (n - ofX) * blocks[y]) ** 2
    }
  }
  lot.mean = mean
  lot.variance = Math.max(0, square - mean ** 2)
}

/** Probability density of `rest` as the sum of some objects of size x and some of size y: that of their beta distributed shares. */
function chanceOfPair(
  { candidates: { weights, bytes }, n }: Lot,
  x: number,
  y: number,
  rest: number,
): number {
  const reach = n * (bytes[x] - bytes[y])
  const part = (rest - n * bytes[y]) / reach
  if (!(part * n >= 1 && (1 - part) * n >= 1)) return 0
  const a = CONCENTRATION * weights[x]
  const b = CONCENTRATION * weights[y]
  const others = n ** (a + b - CONCENTRATION)
  return (((a * b) / CONCENTRATION) * others * part ** (a - 1) * (1 - part) ** (b - 1)) / Math.abs(reach)
}
