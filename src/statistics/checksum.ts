// The checksum of a row: the ways to divide its samples among object sizes that add up to the bytes that V8 reports for it.

import type { LotSums } from './decode.ts'
import { reportedSize } from './sampling.ts'
import type { Candidates } from './sizes.ts'

/**
 * How little the sizes at one node are alike: concentration of the Dirichlet prior over its sizes. The likeliest one for the
 * programs of ./prior.ts.
 */
export const CONCENTRATION = 0.2
/** Most ways to split one lot, and most partial sums of a row, that are gone through. */
const MOST_SPLITS = 6000
const MOST_SUMS = 4000

/** The samples of one row and one report, and the ways to divide them among sizes, each a place in the columns. */
export interface Lot {
  readonly candidates: Candidates
  readonly n: number
  /** `ofX` of the samples are of candidate x, the others of candidate y. */
  readonly x: readonly number[]
  readonly ofX: readonly number[]
  readonly y: readonly number[]
  /** Probability before the checksum; what V8 reports for the lot. */
  readonly weight: Float64Array
  readonly sum: Float64Array
  readonly least: number
  readonly most: number
}

/** Divides `n` samples: all of one size, or of two of the likeliest sizes. */
export function lotOf(candidates: Candidates, n: number, interval: number): Lot {
  const { sizes, weights } = candidates
  if (sizes.length === 1) {
    const sum = reportedSize(sizes[0], n, interval)
    const [weight, sums] = [Float64Array.of(1), Float64Array.of(sum)]
    return { candidates, n, x: [0], ofX: [n], y: [0], weight, sum: sums, least: sum, most: sum }
  }
  const x = Array.from(sizes.keys())
  const ofX = x.map(() => n)
  const y = x.slice()
  for (let a = 1; a < sizes.length; a++) {
    for (let b = 0; b < a && x.length + n < MOST_SPLITS; b++) {
      for (let m = 1; m < n; m++) {
        x.push(a)
        ofX.push(m)
        y.push(b)
      }
    }
  }
  const weight = new Float64Array(x.length)
  const sum = new Float64Array(x.length)
  const logs = weights.map(w => logWeights(CONCENTRATION * w, n))
  const reported = sizes.map(size =>
    Float64Array.from({ length: n + 1 }, (_, m) => reportedSize(size, m, interval)),
  )
  let all = 0
  let least = Infinity
  let most = -Infinity
  for (let j = 0; j < x.length; j++) {
    const m = ofX[j]
    weight[j] = Math.exp(logs[x[j]][m] + logs[y[j]][n - m])
    sum[j] = reported[x[j]][m] + reported[y[j]][n - m]
    all += weight[j]
    least = Math.min(least, sum[j])
    most = Math.max(most, sum[j])
  }
  for (let j = 0; j < x.length; j++) weight[j] /= all
  return { candidates, n, x, ofX, y, weight, sum, least, most }
}

/** Logarithms of gamma(m + alpha) / gamma(alpha) / m! for m from 0 to n. */
function logWeights(alpha: number, n: number): Float64Array {
  const logs = new Float64Array(n + 1)
  for (let m = 1; m <= n; m++) logs[m] = logs[m - 1] + Math.log((m - 1 + alpha) / m)
  return logs
}

/**
 * Sums of each lot over the ways that add up to `total`; undefined where none do, or too many. `spend` is told how many steps
 * are to be made and says whether they may.
 */
export function sumChecked(
  lots: readonly Lot[],
  total: number,
  spend: (steps: number) => boolean,
): LotSums[] | undefined {
  // The widest lot first: what the others can add leaves few of its ways. The one of most ways last: its sum is known then.
  const order = Array.from(lots.keys()).sort((a, b) => width(lots[b]) - width(lots[a]))
  const longest = order.reduce((a, b) => (lots[b].sum.length > lots[a].sum.length ? b : a))
  order.splice(order.indexOf(longest), 1)
  const stages = forward(
    order.map(i => lots[i]),
    lots[longest],
    total,
    spend,
  )
  if (!stages) return undefined
  const { waysOf, after, all } = lastStage(stages[order.length], lots[longest], total)
  if (!(all > 0)) return undefined
  const result: LotSums[] = []
  result[longest] = sumLot(lots[longest], waysOf, all)
  let later = after
  for (let k = order.length - 1; k >= 0; k--) {
    const lot = lots[order[k]]
    const ways = new Float64Array(lot.sum.length)
    const before = new Map<number, number>()
    for (const [sum, weight] of stages[k]) {
      let reached = 0
      for (let j = 0; j < ways.length; j++) {
        const then = later.get(sum + lot.sum[j])
        if (then === undefined) continue
        ways[j] += weight * lot.weight[j] * then
        reached += lot.weight[j] * then
      }
      if (reached > 0) before.set(sum, reached)
    }
    result[order[k]] = sumLot(lot, ways, all)
    later = before
  }
  return result
}

function width(lot: Lot): number {
  return lot.most - lot.least
}

/** By number of lots taken: the partial sums that can still become `total`, with their probabilities. */
function forward(
  lots: readonly Lot[],
  last: Lot,
  total: number,
  spend: (steps: number) => boolean,
): Map<number, number>[] | undefined {
  let least = last.least
  let most = last.most
  for (const lot of lots) {
    least += lot.least
    most += lot.most
  }
  const stages = [new Map([[0, 1]])]
  for (const lot of lots) {
    least -= lot.least
    most -= lot.most
    const stage = stages[stages.length - 1]
    if (!spend(stage.size * lot.sum.length)) return undefined
    const next = new Map<number, number>()
    for (const [sum, weight] of stage) {
      for (let j = 0; j < lot.sum.length; j++) {
        const s = sum + lot.sum[j]
        if (s + least > total || s + most < total) continue
        next.set(s, (next.get(s) ?? 0) + weight * lot.weight[j])
      }
    }
    if (next.size === 0 || next.size > MOST_SUMS) return undefined
    stages.push(next)
  }
  return spend(last.sum.length + stages[lots.length].size) ? stages : undefined
}

/** Ways of the last lot, by what is left for it; the probability of each partial sum's rest; and that of `total`. */
function lastStage(stage: ReadonlyMap<number, number>, lot: Lot, total: number) {
  const waysOf = new Float64Array(lot.sum.length)
  const after = new Map<number, number>()
  let all = 0
  for (let j = 0; j < waysOf.length; j++) {
    const sum = total - lot.sum[j]
    const weight = stage.get(sum)
    if (weight === undefined) continue
    waysOf[j] = weight * lot.weight[j]
    all += waysOf[j]
    after.set(sum, (after.get(sum) ?? 0) + lot.weight[j])
  }
  return { waysOf, after, all }
}

/** Sums over a lot's ways, `ways` being their probabilities times `all`. */
export function sumLot(lot: Lot, ways: Float64Array = lot.weight, all = 1): LotSums {
  const { candidates, n, x, ofX, y } = lot
  const shares = new Float64Array(candidates.sizes.length)
  let countSquare = 0
  for (let j = 0; j < ways.length; j++) {
    if (ways[j] === 0) continue
    const w = ways[j] / all
    const m = ofX[j]
    shares[x[j]] += w * m
    shares[y[j]] += w * (n - m)
    countSquare += w * (m * candidates.count[x[j]] + (n - m) * candidates.count[y[j]]) ** 2
  }
  return sumShares(candidates, n, shares, countSquare)
}

/** Sums of a lot of which `shares[j]` samples are of size j on average; `countSquare`: the mean square of its blocks. */
export function sumShares(
  candidates: Candidates,
  n: number,
  shares: Float64Array,
  countSquare: number,
): LotSums {
  let size = 0
  let bytes = 0
  let count = 0
  let variance = 0
  let countVariance = 0
  for (let j = 0; j < shares.length; j++) {
    const m = shares[j]
    const blocks = candidates.count[j]
    size += m * candidates.sizes[j]
    bytes += m * candidates.bytes[j]
    count += m * blocks
    variance += m * candidates.variance[j]
    countVariance += m * blocks * (blocks - 1) // (1 - p) / p^2
  }
  countVariance += Math.max(0, countSquare - count * count)
  return { n, size, bytes, count, variance, countVariance }
}
