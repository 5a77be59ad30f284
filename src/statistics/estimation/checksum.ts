// The checksum of a row: which partitions of its samples among object sizes add up to the bytes V8 reports
// for it.
import { reportedSize } from './sampling.ts'
import type { Candidates, GroupSums, SizeTable } from './size-table.ts'

/** Concentration of the Dirichlet prior over a node's sizes, fitted like ./size-prior.ts. */
export const CONCENTRATION = 0.2
/** Search limits: partitions tried per sample group, and distinct partial sums kept per row. */
const MOST_SPLITS = 6000
const MOST_SUMS = 1 << 16

/** The samples of one row reported with one size, and how to partition them among object sizes. */
export interface SampleGroup {
  readonly candidates: Candidates
  readonly n: number
  /** In a partition, `ofX` samples have size candidate x and the others candidate y. */
  readonly x: Uint32Array
  readonly ofX: Uint32Array
  readonly y: Uint32Array
  /** Probability before the checksum is used; bytes V8 would report, in units of its granularity. */
  readonly weight: Float64Array
  readonly sum: Float64Array
  readonly least: number
  readonly most: number
}

/** Partitions `n` samples: all of one size, or of two of the most probable sizes. */
export function partition(
  candidates: Candidates,
  n: number,
  { interval, granularity }: SizeTable,
): SampleGroup {
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
  let at = 0
  for (; at < sizes.length; at++) x[at] = y[at] = at
  for (const [a, b] of pairs) {
    for (let m = 1; m < n; m++, at++) {
      x[at] = a
      ofX[at] = m
      y[at] = b
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

/** Evaluates checksums with a common limit on steps, which keeps the time in proportion to the samples. */
export class Checksum {
  /** Steps left. A checksum that needs more is not evaluated. */
  steps: number
  /** Probabilities of the partial sums before each group, and of what must follow each, in lists. */
  #before = new Float64Array(64)
  #after = new Float64Array(64)

  constructor(steps: number) {
    this.steps = steps
  }

  /**
   * Sums of each sample group over the partitions that add up to `total`, in units of V8's granularity;
   * undefined if there are none or the search takes too long. A forward and backward pass over the chain of
   * groups.
   */
  sum(groups: readonly SampleGroup[], total: number): GroupSums[] | undefined {
    let rest = total
    for (const group of groups) if (!isOpen(group)) rest -= group.sum[0]
    const chain = orderOf(groups)
    if (chain.length === 0) return groups.map(group => sumGroup(group))
    const windows = Number.isInteger(rest) ? windowsOf(chain, rest) : undefined
    if (!windows || !this.#forward(chain, windows)) return undefined
    const last = chain[chain.length - 1]
    const chances = new Map([[last, this.#last(last, chain.length - 1, windows, rest)]])
    const all = chances.get(last)!.reduce((a, b) => a + b)
    if (!(all > 0)) return undefined
    for (let i = chain.length - 2; i >= 0; i--) chances.set(chain[i], this.#backward(chain[i], i, windows))
    return groups.map(group => (isOpen(group) ? sumGroup(group, chances.get(group), all) : sumGroup(group)))
  }

  /** Fills `#before`. Returns false if that takes too long. */
  #forward(chain: readonly SampleGroup[], { least, start }: Windows): boolean {
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

  /** Probabilities of the last group's partitions, given what is left for it. Starts `#after`. */
  #last({ weight, sum }: SampleGroup, i: number, { least, start }: Windows, total: number): Float64Array {
    const chances = new Float64Array(sum.length)
    const length = start[i + 1] - start[i]
    this.#after.fill(0, start[i], start[i + 1])
    for (let j = 0; j < sum.length; j++) {
      const place = total - sum[j] - least[i]
      if (!(place >= 0 && place < length)) continue
      chances[j] = this.#before[start[i] + place] * weight[j]
      this.#after[start[i] + place] += weight[j]
    }
    return chances
  }

  /** Probabilities of an earlier group's partitions, from `#before` and the next group's `#after`. */
  #backward({ weight, sum }: SampleGroup, i: number, { least, start }: Windows): Float64Array {
    const before = this.#before
    const after = this.#after
    const from = start[i + 1]
    const length = start[i + 2] - from
    const chances = new Float64Array(sum.length)
    for (let at = start[i]; at < from; at++) {
      const earlier = before[at]
      let reached = 0
      if (earlier > 0) {
        const shift = at - start[i] + least[i] - least[i + 1]
        for (let j = 0; j < sum.length; j++) {
          const place = shift + sum[j]
          if (!(place >= 0 && place < length)) continue
          const later = weight[j] * after[from + place]
          chances[j] += earlier * later
          reached += later
        }
      }
      after[at] = reached
    }
    return chances
  }
}

function isOpen({ sum }: SampleGroup): boolean {
  return sum.length > 1
}

/**
 * The sample groups with several partitions, widest range first: the others then leave few partitions open.
 * The one with the most partitions comes last, where its sum is already known.
 */
function orderOf(groups: readonly SampleGroup[]): SampleGroup[] {
  const chain = groups.filter(isOpen).sort((a, b) => b.most - b.least - (a.most - a.least))
  if (chain.length < 2) return chain
  const longest = chain.reduce((a, b) => (b.sum.length > a.sum.length ? b : a))
  chain.splice(chain.indexOf(longest), 1)
  return [...chain, longest]
}

/** The partial sums before each group that can lead to the total: the smallest, and the list's start. */
interface Windows {
  readonly least: Float64Array
  readonly start: Float64Array
}

/** Undefined if nothing leads to the total, or too many partial sums do. */
function windowsOf(chain: readonly SampleGroup[], total: number): Windows | undefined {
  let least = 0 // of this group and later ones
  let most = 0
  for (const group of chain) {
    least += group.least
    most += group.most
  }
  const windows = { least: new Float64Array(chain.length), start: new Float64Array(chain.length + 1) }
  let [low, high] = [0, 0] // of earlier ones
  for (const [i, group] of chain.entries()) {
    const from = Math.max(low, total - most)
    const to = Math.min(high, total - least)
    if (!(from <= to)) return undefined
    windows.least[i] = from
    windows.start[i + 1] = windows.start[i] + to - from + 1
    low += group.least
    high += group.most
    least -= group.least
    most -= group.most
  }
  return windows.start[chain.length] <= MOST_SUMS ? windows : undefined
}

/** Sums over a group's partitions; `chances` holds their probabilities times `all`. */
function sumGroup(group: SampleGroup, chances: Float64Array = group.weight, all = 1): GroupSums {
  const { candidates, n, x, ofX, y } = group
  const shares = new Float64Array(candidates.sizes.length)
  let countSquare = 0
  for (let j = 0; j < chances.length; j++) {
    if (chances[j] === 0) continue
    const w = chances[j] / all
    const m = ofX[j]
    shares[x[j]] += w * m
    shares[y[j]] += w * (n - m)
    countSquare += w * (m * candidates.count[x[j]] + (n - m) * candidates.count[y[j]]) ** 2
  }
  return sumShares(candidates, n, shares, countSquare)
}

/** Sums of a group with `shares[j]` samples of size j on average; `countSquare`: mean square of blocks. */
export function sumShares(
  candidates: Candidates,
  n: number,
  shares: Float64Array,
  countSquare: number,
): GroupSums {
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
