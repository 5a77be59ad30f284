// The checksum of a row: the ways to divide its samples among object sizes that add up to the bytes that V8 reports for it.

import { reportedSize } from './sampling.ts'
import type { Candidates, LotSums, SizeTable } from './size-table.ts'

/**
 * How little the sizes at one node are alike: concentration of the Dirichlet prior over its sizes. The likeliest one for the
 * programs of ./prior.ts.
 */
export const CONCENTRATION = 0.2
/** Most ways to split one lot that are gone through, and most partial sums of a row that are told apart. */
const MOST_SPLITS = 6000
const MOST_SUMS = 1 << 16

/** The samples of one row and one report, and the ways to divide them among sizes, each a place in the columns. */
export interface Lot {
  readonly candidates: Candidates
  readonly n: number
  /** `ofX` of the samples are of candidate x, the others of candidate y. */
  readonly x: Uint32Array
  readonly ofX: Uint32Array
  readonly y: Uint32Array
  /** Probability before the checksum; what V8 reports for the lot, in units of its granularity. */
  readonly weight: Float64Array
  readonly sum: Float64Array
  readonly least: number
  readonly most: number
}

/** Divides `n` samples: all of one size, or of two of the likeliest sizes. */
export function lotOf(candidates: Candidates, n: number, { interval, granularity }: SizeTable): Lot {
  const { sizes, weights } = candidates
  if (sizes.length === 1) {
    const sum = reportedSize(sizes[0], n, interval) / granularity
    const [only, all] = [Uint32Array.of(0), Uint32Array.of(n)]
    return {
      candidates,
      n,
      x: only,
      ofX: all,
      y: only,
      weight: Float64Array.of(1),
      sum: Float64Array.of(sum),
      least: sum,
      most: sum,
    }
  }
  const pairs: [a: number, b: number][] = []
  let length = sizes.length
  for (let a = 1; a < sizes.length; a++) {
    for (let b = 0; b < a && length + n < MOST_SPLITS; b++) {
      pairs.push([a, b])
      length += n - 1
    }
  }
  const x = new Uint32Array(length)
  const ofX = new Uint32Array(length).fill(n)
  const y = new Uint32Array(length)
  let way = 0
  for (; way < sizes.length; way++) x[way] = y[way] = way
  for (const [a, b] of pairs) {
    for (let m = 1; m < n; m++, way++) {
      x[way] = a
      ofX[way] = m
      y[way] = b
    }
  }
  const weight = new Float64Array(length)
  const sum = new Float64Array(length)
  const logs = weights.map(w => logWeights(CONCENTRATION * w, n))
  const reported = sizes.map(size => reportedSizes(size, n, interval))
  let all = 0
  let least = Infinity
  let most = -Infinity
  for (let j = 0; j < length; j++) {
    const m = ofX[j]
    weight[j] = Math.exp(logs[x[j]][m] + logs[y[j]][n - m])
    sum[j] = (reported[x[j]][m] + reported[y[j]][n - m]) / granularity
    all += weight[j]
    if (sum[j] < least) least = sum[j]
    if (sum[j] > most) most = sum[j]
  }
  for (let j = 0; j < length; j++) weight[j] /= all
  return { candidates, n, x, ofX, y, weight, sum, least, most }
}

/** What V8 reports for 0 to n samples of one size. */
function reportedSizes(size: number, n: number, interval: number): Float64Array {
  const reported = new Float64Array(n + 1)
  for (let m = 1; m <= n; m++) reported[m] = reportedSize(size, m, interval)
  return reported
}

/** Logarithms of gamma(m + alpha) / gamma(alpha) / m! for m from 0 to n. */
function logWeights(alpha: number, n: number): Float64Array {
  const logs = new Float64Array(n + 1)
  for (let m = 1; m <= n; m++) logs[m] = logs[m - 1] + Math.log((m - 1 + alpha) / m)
  return logs
}

/** Works out checksums, within a number of steps for all: time stays in proportion to the samples, whatever a file holds. */
export class Checksum {
  /** Steps left: what needs more is not worked out. */
  steps: number
  /** Probabilities of the partial sums before each lot, one list behind the other; and of what must follow each. */
  #before = new Float64Array(64)
  #after = new Float64Array(64)

  constructor(steps: number) {
    this.steps = steps
  }

  /**
   * Sums of each lot over the ways that add up to `total`, in units of V8's granularity; undefined where none do, or where that takes too
   * long. A chain of the lots' sums, gone through forwards and backwards.
   */
  sum(lots: readonly Lot[], total: number): LotSums[] | undefined {
    let rest = total
    for (const lot of lots) if (!isOpen(lot)) rest -= lot.sum[0]
    const chain = orderOf(lots)
    if (chain.length === 0) return lots.map(lot => sumLot(lot))
    const windows = Number.isInteger(rest) ? windowsOf(chain, rest) : undefined
    if (!windows || !this.#forward(chain, windows)) return undefined
    const last = chain[chain.length - 1]
    const ways = new Map([[last, this.#last(last, chain.length - 1, windows, rest)]])
    const all = ways.get(last)!.reduce((a, b) => a + b)
    if (!(all > 0)) return undefined
    for (let i = chain.length - 2; i >= 0; i--) ways.set(chain[i], this.#backward(chain[i], i, windows))
    return lots.map(lot => (isOpen(lot) ? sumLot(lot, ways.get(lot), all) : sumLot(lot)))
  }

  /** Fills `#before`: false where that takes too long. */
  #forward(chain: readonly Lot[], { least, start }: Windows): boolean {
    const end = start[chain.length]
    if (!this.#spend(end >> 3)) return false
    if (this.#before.length < end) {
      this.#before = new Float64Array(end * 2)
      this.#after = new Float64Array(end * 2)
    }
    const before = this.#before.fill(0, 0, end)
    before[0] = 1
    for (let i = 0; i < chain.length - 1; i++) {
      const { weight, sum } = chain[i]
      const from = start[i + 1]
      const length = start[i + 2] - from
      let reached = 0
      for (let at = start[i]; at < from; at++) if (before[at] > 0) reached++
      if (!this.#spend(reached * sum.length)) return false
      for (let at = start[i]; at < from; at++) {
        const earlier = before[at]
        if (earlier === 0) continue
        const shift = at - start[i] + least[i] - least[i + 1]
        for (let j = 0; j < sum.length; j++) {
          const place = shift + sum[j]
          if (place >= 0 && place < length) before[from + place] += earlier * weight[j]
        }
      }
    }
    return this.#spend(chain[chain.length - 1].sum.length)
  }

  #spend(steps: number): boolean {
    if (steps > this.steps) return false
    this.steps -= steps
    return true
  }

  /** Probabilities of the last lot's ways, by what is left for it; and begins `#after`. */
  #last({ weight, sum }: Lot, i: number, { least, start }: Windows, total: number): Float64Array {
    const ways = new Float64Array(sum.length)
    const length = start[i + 1] - start[i]
    this.#after.fill(0, start[i], start[i + 1])
    for (let j = 0; j < sum.length; j++) {
      const place = total - sum[j] - least[i]
      if (!(place >= 0 && place < length)) continue
      ways[j] = this.#before[start[i] + place] * weight[j]
      this.#after[start[i] + place] += weight[j]
    }
    return ways
  }

  /** Probabilities of another lot's ways, by `#before` and what is in `#after` of the next. */
  #backward({ weight, sum }: Lot, i: number, { least, start }: Windows): Float64Array {
    const before = this.#before
    const after = this.#after
    const from = start[i + 1]
    const length = start[i + 2] - from
    const ways = new Float64Array(sum.length)
    for (let at = start[i]; at < from; at++) {
      const earlier = before[at]
      let reached = 0
      if (earlier > 0) {
        const shift = at - start[i] + least[i] - least[i + 1]
        for (let j = 0; j < sum.length; j++) {
          const place = shift + sum[j]
          if (!(place >= 0 && place < length)) continue
          const later = weight[j] * after[from + place]
          ways[j] += earlier * later
          reached += later
        }
      }
      after[at] = reached
    }
    return ways
  }
}

function isOpen({ sum }: Lot): boolean {
  return sum.length > 1
}

/**
 * The lots of several ways, the widest first: what the others can add leaves few of its ways. The one of most ways last: its sum is
 * known then.
 */
function orderOf(lots: readonly Lot[]): Lot[] {
  const chain = lots.filter(isOpen).sort((a, b) => b.most - b.least - (a.most - a.least))
  if (chain.length < 2) return chain
  const longest = chain.reduce((a, b) => (b.sum.length > a.sum.length ? b : a))
  chain.splice(chain.indexOf(longest), 1)
  return [...chain, longest]
}

/** Before each lot, the partial sums that can lead to the total: the least of them, and where their list starts. */
interface Windows {
  readonly least: Float64Array
  readonly start: Float64Array
}

/** Undefined where nothing leads to the total, or too much. */
function windowsOf(chain: readonly Lot[], total: number): Windows | undefined {
  let least = 0 // of this lot and those behind
  let most = 0
  for (const lot of chain) {
    least += lot.least
    most += lot.most
  }
  const windows = { least: new Float64Array(chain.length), start: new Float64Array(chain.length + 1) }
  let [low, high] = [0, 0] // of those before
  for (const [i, lot] of chain.entries()) {
    const from = Math.max(low, total - most)
    const to = Math.min(high, total - least)
    if (!(from <= to)) return undefined
    windows.least[i] = from
    windows.start[i + 1] = windows.start[i] + to - from + 1
    low += lot.least
    high += lot.most
    least -= lot.least
    most -= lot.most
  }
  return windows.start[chain.length] <= MOST_SUMS ? windows : undefined
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
