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

/** The ways to divide the samples of one row and one report (a lot) among sizes, each way a place in the columns. */
export interface Lot {
  readonly n: number
  /** Probability before the checksum; what V8 reports for the lot. */
  readonly weight: Float64Array
  readonly sum: Float64Array
  readonly least: number
  readonly most: number
  /** What the lot's samples stand for: see `LotSums`. */
  readonly size: Float64Array
  readonly bytes: Float64Array
  readonly count: Float64Array
  readonly variance: Float64Array
  readonly countVariance: Float64Array
}

/** Divides `n` samples: all of one size, or of two of the likeliest sizes. */
export function lotOf(candidates: Candidates, n: number, interval: number): Lot {
  const { sizes, weights } = candidates
  const ways: [x: number, ofX: number, y: number][] = sizes.map((_, x) => [x, n, x])
  for (let x = 1; x < sizes.length; x++) {
    for (let y = 0; y < x && ways.length + n < MOST_SPLITS; y++) {
      for (let m = 1; m < n; m++) ways.push([x, m, y])
    }
  }
  const of = (each: ArrayLike<number>) =>
    Float64Array.from(ways, ([x, m, y]) => m * each[x] + (n - m) * each[y])
  const sum = sumsOf(sizes, ways, n, interval)
  return {
    n,
    weight: weightsOf(weights, ways, n),
    sum,
    least: sum.reduce((a, b) => Math.min(a, b)),
    most: sum.reduce((a, b) => Math.max(a, b)),
    size: of(sizes),
    bytes: of(candidates.bytes),
    count: of(candidates.count),
    variance: of(candidates.variance),
    countVariance: of(candidates.count.map(blocks => blocks * (blocks - 1))), // (1 - p) / p^2
  }
}

type Ways = readonly (readonly [x: number, ofX: number, y: number])[]

function sumsOf(sizes: readonly number[], ways: Ways, n: number, interval: number): Float64Array {
  if (ways.length === 1) return Float64Array.of(reportedSize(sizes[0], n, interval))
  const reported = sizes.map(size =>
    Float64Array.from({ length: n + 1 }, (_, m) => reportedSize(size, m, interval)),
  )
  return Float64Array.from(ways, ([x, m, y]) => reported[x][m] + reported[y][n - m])
}

function weightsOf(weights: readonly number[], ways: Ways, n: number): Float64Array {
  if (ways.length === 1) return Float64Array.of(1)
  const logs = weights.map(weight => logWeights(CONCENTRATION * weight, n))
  const log = Float64Array.from(ways, ([x, m, y]) => logs[x][m] + logs[y][n - m])
  const likeliest = log.reduce((a, b) => Math.max(a, b))
  const weight = log.map(l => Math.exp(l - likeliest))
  const all = weight.reduce((a, b) => a + b)
  return weight.map(w => w / all)
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
  let size = 0
  let bytes = 0
  let count = 0
  let countSquare = 0
  let variance = 0
  let countVariance = 0
  for (let j = 0; j < ways.length; j++) {
    const w = ways[j] / all
    if (w === 0) continue
    size += w * lot.size[j]
    bytes += w * lot.bytes[j]
    count += w * lot.count[j]
    countSquare += w * lot.count[j] ** 2
    variance += w * lot.variance[j]
    countVariance += w * lot.countVariance[j]
  }
  countVariance += Math.max(0, countSquare - count * count)
  return { n: lot.n, size, bytes, count, variance, countVariance }
}
