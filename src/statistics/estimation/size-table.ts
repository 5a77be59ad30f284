// The object sizes that V8 may have reported as v = s * floor(1 / p(s) + 0.5), by v.
import { probability, reportedSize, sampleVariance } from './sampling.ts'
import { sizePrior } from './size-prior.ts'

/** The object sizes that a reported v may represent, and their probabilities before anything is known. */
export interface Candidates {
  readonly sizes: readonly number[]
  /** Sum to 1. */
  readonly weights: readonly number[]
  /** What one sample of each size represents: bytes, s / p; blocks, 1 / p; and the variance of the bytes. */
  readonly bytes: Float64Array
  readonly count: Float64Array
  readonly variance: Float64Array
  /** Mean and variance of `bytes` under the weights. */
  readonly mean: number
  readonly spread: number
}

/** Above this many intervals, objects are reported with their own size: 1 / p rounds to 1 above ln 3. */
const CERTAIN = 1.2
/** Smaller objects are never reported above this many intervals: 2 * ln 3. */
const LARGEST_ROUNDED = 2.2
/** Sizes less probable than the most probable one by this factor are left out. */
const LEAST_WEIGHT = 3e-3
/** Largest interval with a table (3/8 byte per byte of interval); above, sizes stand for themselves. */
const LARGEST_TABLE = 1 << 22

/** Sizes by v for one interval. `granularity`: object sizes are multiples of 8, or of 4 if compressed. */
export class SizeTable {
  readonly interval: number
  readonly granularity: 4 | 8
  /** Number of v's that can be reported for another size than v, in units of the granularity. */
  readonly #length: number
  /**
   * First size of each v, and the next size with the same v, in units of the granularity; 0 = none. Made when
   * it is needed: the table of a large interval takes longer than a small file.
   */
  #links: { first: Int32Array; next: Int32Array } | undefined
  readonly #known = new Map<number, Candidates>()

  constructor(interval: number, granularity: 4 | 8) {
    this.interval = interval
    this.granularity = granularity
    const reach = interval <= LARGEST_TABLE ? interval / granularity : 0
    this.#length = Math.ceil(reach * LARGEST_ROUNDED) + 1
  }

  /** First size that is reported as `v`, in units of the granularity; 0 = none. */
  #firstOf(v: number): number {
    const i = v / this.granularity
    return i < this.#length ? (this.#linked().first[i] ?? 0) : 0
  }

  #linked(): { first: Int32Array; next: Int32Array } {
    if (this.#links) return this.#links
    const { interval, granularity } = this
    const reach = interval <= LARGEST_TABLE ? interval / granularity : 0
    const first = new Int32Array(this.#length)
    const next = new Int32Array(Math.ceil(reach * CERTAIN) + 1)
    const smallest = granularity === 8 ? 2 : 3 // a header and one field; with compressed pointers 12 bytes
    for (let i = next.length - 1; i >= smallest; i--) {
      const v = reportedSize(i * granularity, 1, interval) / granularity
      next[i] = first[v]
      first[v] = i
    }
    this.#links = { first, next }
    return this.#links
  }

  /** Can an object of any size be reported as `v`? */
  has(v: number): boolean {
    if (v % this.granularity !== 0) return false
    return v >= CERTAIN * this.interval || this.#firstOf(v) > 0
  }

  /** The sizes behind `v`, most probable first, without improbable ones; `v` itself if there are none. */
  candidates(v: number): Candidates {
    let found = this.#known.get(v)
    if (!found) this.#known.set(v, (found = this.#find(v)))
    return found
  }

  /** All sizes that an object reported as `v` can have; `v` itself if there are none. */
  sizes(v: number): number[] {
    const sizes: number[] = []
    for (let i = this.#firstOf(v); i > 0; i = this.#linked().next[i]) sizes.push(i * this.granularity)
    if (v >= CERTAIN * this.interval && !sizes.includes(v)) sizes.push(v)
    return sizes.length > 0 ? sizes : [v]
  }

  #find(v: number): Candidates {
    const weighed = this.sizes(v)
      .map(size => ({ size, weight: sizePrior(size) * probability(size, this.interval) }))
      .sort((a, b) => b.weight - a.weight)
      .filter((w, _, all) => w.weight >= LEAST_WEIGHT * all[0].weight)
    const sum = weighed.reduce((total, { weight }) => total + weight, 0)
    const count = Float64Array.from(weighed, w => 1 / probability(w.size, this.interval))
    const weights = weighed.map(w => w.weight / sum)
    const bytes = count.map((n, i) => n * weighed[i].size)
    const mean = weights.reduce((total, w, i) => total + w * bytes[i], 0)
    return {
      sizes: weighed.map(w => w.size),
      weights,
      mean,
      spread: weights.reduce((total, w, i) => total + w * (bytes[i] - mean) ** 2, 0),
      bytes,
      count,
      variance: count.map((_, i) => sampleVariance(weighed[i].size, this.interval)),
    }
  }
}

let recent: readonly SizeTable[] = []

/** The table for samples reported with these sizes: of granularity 8 unless some sample requires 4. */
export function tableFor(sizes: readonly number[] | Float64Array, interval: number): SizeTable {
  const wide = tableOf(interval, 8)
  return sizes.every(v => wide.has(v)) ? wide : tableOf(interval, 4)
}

/** A table. The last few are kept for the next snapshot of the same interval. */
function tableOf(interval: number, granularity: 4 | 8): SizeTable {
  let table = recent.find(t => t.interval === interval && t.granularity === granularity)
  if (!table) {
    table = new SizeTable(interval, granularity)
    recent = [table, ...recent.slice(0, 3)]
  }
  return table
}

/**
 * Can `v` be reported at this interval? Agrees with the table, but needs none: s / p(s) lies within s / 2 of
 * v, and s / p(s) is r + s/2 + s^2 / 12r at small s, so s lies between v - r and sqrt(12 r (v - r)).
 */
export function isReportable(v: number, interval: number, granularity: 4 | 8): boolean {
  if (v % granularity !== 0 || v < interval) return false
  if (v >= CERTAIN * interval) return true
  const from = Math.max(
    granularity === 8 ? 16 : 12,
    Math.floor((v - interval) / 2 / granularity) * granularity,
  )
  const to = Math.min(CERTAIN * interval, Math.sqrt(12 * interval * (v - interval)) * 1.2 + 4 * granularity)
  for (let s = from; s <= to; s += granularity) {
    if (v % s === 0 && reportedSize(s, 1, interval) === v) return true
  }
  return false
}

/** Sums over a sample group's possible partitions, weighted by their probability. */
export interface GroupSums {
  readonly n: number
  readonly size: number
  readonly bytes: number
  readonly count: number
  readonly variance: number
  readonly countVariance: number
}
