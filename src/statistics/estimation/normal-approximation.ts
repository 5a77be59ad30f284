// Approximates the sizes behind a row's samples where the checksum would take too long to evaluate.
import { CONCENTRATION, sumShares } from './checksum.ts'
import type { Candidates, GroupSums } from './size-table.ts'

/** How many of a group's most probable sizes are also tried as pairs. */
const MOST_PAIRED = 4
/** Smallest variance of a row's bytes: rounding in the sum of a few small objects. */
const LEAST_VARIANCE = 64
/** Fraction of the others' variance below which a group's own variance says nothing about its sizes. */
const LEAST_PART = 0.01

interface UndecidedGroup {
  readonly candidates: Candidates
  readonly n: number
  /** Mean number of samples of each size. */
  readonly shares: Float64Array
  /** Mean square of the group's number of blocks. */
  countSquare: number
  /** The group's part of the total: mean and variance, from the prior alone, then given the total. */
  mean: number
  variance: number
}

/**
 * Approximates each sample group's sizes where enumeration is too slow: the other groups' sum is taken as
 * normal, the group itself as one size or a mix of two. Groups are done in order of falling variance, so that
 * each narrows the next.
 */
export function approximate(
  candidates: readonly Candidates[],
  counts: Uint32Array,
  total: number,
): GroupSums[] {
  const groups: UndecidedGroup[] = []
  let mean = 0
  let variance = LEAST_VARIANCE
  for (let i = 0; i < candidates.length; i++) {
    const group = beforeTotal(candidates[i], counts[i])
    groups.push(group)
    mean += group.mean
    variance += group.variance
  }
  for (const group of groups.toSorted((a, b) => b.variance - a.variance)) {
    mean -= group.mean
    variance -= group.variance
    if (group.variance > LEAST_PART * variance)
      condition(group, total - mean, Math.max(LEAST_VARIANCE, variance))
    mean += group.mean
    variance += group.variance
  }
  return groups.map(({ candidates, n, shares, countSquare }) => sumShares(candidates, n, shares, countSquare))
}

/** A group before the total is known: a draw from a Dirichlet multinomial. */
function beforeTotal(candidates: Candidates, n: number): UndecidedGroup {
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

/** Probabilities of the alternatives tried; a scratch array. */
const probabilities: number[] = []

/** Updates a group's sizes, given that it adds about `rest` with that variance. */
function condition(group: UndecidedGroup, rest: number, variance: number): void {
  const { candidates, n, shares } = group
  const { weights, bytes, count: blocks } = candidates
  const { length } = weights
  const logN = CONCENTRATION * Math.log(n)
  // All samples have one size.
  let all = 0
  const density = 1 / Math.sqrt(2 * Math.PI * variance)
  for (let j = 0; j < length; j++) {
    const distance = rest - n * bytes[j]
    const log = logN * (weights[j] - 1) - distance ** 2 / (2 * variance)
    all += probabilities[j] = density * weights[j] * Math.exp(log)
  }
  // The samples have two sizes, mixed so that the group adds `rest`.
  let k = length
  for (let x = 1; x < Math.min(length, MOST_PAIRED); x++) {
    for (let y = 0; y < x; y++) all += probabilities[k++] = densityOfPair(group, x, y, rest)
  }
  if (!(all > 0)) return
  shares.fill(0)
  let mean = 0
  let square = 0
  group.countSquare = 0
  for (let j = 0; j < length; j++) {
    const probability = probabilities[j] / all
    shares[j] += probability * n
    mean += probability * n * bytes[j]
    square += probability * (n * bytes[j]) ** 2
    group.countSquare += probability * (n * blocks[j]) ** 2
  }
  k = length
  for (let x = 1; x < Math.min(length, MOST_PAIRED); x++) {
    for (let y = 0; y < x; y++) {
      const probability = probabilities[k++] / all
      if (probability === 0) continue
      const ofX = (rest - n * bytes[y]) / (bytes[x] - bytes[y])
      shares[x] += probability * ofX
      shares[y] += probability * (n - ofX)
      mean += probability * rest
      square += probability * (rest ** 2 + variance)
      group.countSquare += probability * (ofX * blocks[x] + (n - ofX) * blocks[y]) ** 2
    }
  }
  group.mean = mean
  group.variance = Math.max(0, square - mean ** 2)
}

/** Probability density of `rest` as a sum of objects of sizes x and y with beta distributed shares. */
function densityOfPair(
  { candidates: { weights, bytes }, n }: UndecidedGroup,
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
