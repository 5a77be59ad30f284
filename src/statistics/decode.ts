// From the sizes that V8 reports back to the objects that were sampled.
//
// A sample of an s byte object appears as v = s * floor(1 / p(s) + 0.5). Many s share one v. Two things choose among them: V8's
// usual object sizes (./prior.ts), and the checksum: the samples of a node must add up to its `selfSize`.

import type { Samples } from '../model/snapshot.ts'
import { Checksum, type Splits } from './checksum.ts'
import { NumberIds } from './numbers.ts'
import { probability, reportedSize, sampleVariance } from './sampling.ts'
import { type Candidates, type SizeTable, tableFor } from './sizes.ts'
import { sumTilted } from './tilt.ts'

/**
 * Live samples, decoded. Samples of one row and one v form a lot; what cannot be told for sure is averaged by its probability.
 */
export interface Decoded {
  /** Lot of each sample. */
  readonly lot: Uint32Array
  /** By lot: its row, its number of samples. */
  readonly row: Uint32Array
  readonly n: Uint32Array
  /** By lot, for ONE of its samples: object size s; bytes stood for, s / p; blocks stood for, 1 / p; variance of the bytes. */
  readonly size: Float64Array
  readonly bytes: Float64Array
  readonly count: Float64Array
  readonly variance: Float64Array
  /** By lot, for all its samples: variance of the count, what decoding leaves open included. */
  readonly countVariance: Float64Array
}

/** How strongly the sizes at one node are alike: concentration of the Dirichlet prior over its sizes. */
const CONCENTRATION = 2
/** Most ways to split one lot, and largest lot that is split. */
const MOST_SPLITS = 2000
const LARGEST_SPLIT = 200
/** Rows of more lots are hardly met twice. */
const LARGEST_CACHED = 4

/** Steps for all checksums of a snapshot: plenty for a small one, few for each sample of a large one, whatever a file holds. */
export function stepsFor(samples: number): number {
  return 60_000 + samples
}

/**
 * Decodes live samples. `rowSize` holds each row's bytes as reported (`selfSize`): the checksum; where it does not fit (rows
 * that were merged), the usual sizes alone decide.
 */
export function decodeSamples(samples: Samples, rowSize: Float64Array, interval: number): Decoded {
  const table = tableFor(samples.size, interval)
  const lots = findLots(samples, rowSize.length)
  const n = lots.row.length
  const decoded: Decoded = {
    lot: lots.lot,
    row: lots.row,
    n: lots.n,
    size: new Float64Array(n),
    bytes: new Float64Array(n),
    count: new Float64Array(n),
    variance: new Float64Array(n),
    countVariance: new Float64Array(n),
  }
  const rows = new RowDecoder(table, stepsFor(samples.row.length))
  for (let first = 0; first < n; ) {
    let end = first + 1
    while (end < n && lots.row[end] === lots.row[first]) end++
    const found = rows.decode(
      lots.value.subarray(first, end),
      lots.n.subarray(first, end),
      rowSize[lots.row[first]],
    )
    for (let i = first; i < end; i++) store(decoded, i, found[i - first])
    first = end
  }
  return decoded
}

/** Lots in order of their rows. */
function findLots(samples: Samples, rows: number) {
  const total = samples.row.length
  const start = new Uint32Array(rows + 1)
  for (let i = 0; i < total; i++) start[samples.row[i] + 1]++
  for (let r = 0; r < rows; r++) start[r + 1] += start[r]
  const next = start.slice()
  const order = new Uint32Array(total)
  for (let i = 0; i < total; i++) order[next[samples.row[i]]++] = i
  const ids = new NumberIds(1024)
  const valueId = new Uint32Array(total)
  for (let i = 0; i < total; i++) valueId[i] = ids.intern(samples.size[i])
  // By value: its newest lot, and that lot's row + 1.
  const newest = new Uint32Array(ids.length)
  const ofRow = new Uint32Array(ids.length)
  const lot = new Uint32Array(total)
  const row = new Uint32Array(total)
  const value = new Float64Array(total)
  const n = new Uint32Array(total)
  let length = 0
  for (let r = 0; r < rows; r++) {
    for (let k = start[r]; k < start[r + 1]; k++) {
      const i = order[k]
      const v = valueId[i]
      if (ofRow[v] !== r + 1) {
        ofRow[v] = r + 1
        newest[v] = length
        row[length] = r
        value[length++] = samples.size[i]
      }
      n[newest[v]]++
      lot[i] = newest[v]
    }
  }
  return { lot, row: row.subarray(0, length), value: value.subarray(0, length), n: n.subarray(0, length) }
}

/** Sums over a lot's possible splits, weighted by their probability. */
export interface LotSums {
  readonly n: number
  readonly size: number
  readonly bytes: number
  readonly count: number
  readonly variance: number
  readonly countVariance: number
}

function store(decoded: Decoded, lot: number, sums: LotSums): void {
  decoded.size[lot] = sums.size / sums.n
  decoded.bytes[lot] = sums.bytes / sums.n
  decoded.count[lot] = sums.count / sums.n
  decoded.variance[lot] = sums.variance / sums.n
  decoded.countVariance[lot] = sums.countVariance
}

/** Decodes the samples of one row after the other. */
export class RowDecoder {
  readonly #table: SizeTable
  readonly #checksum: Checksum
  readonly #splits = new Map<string, Splits>()
  readonly #rows = new Map<string, readonly LotSums[]>()

  /** `steps` are those of all checksums. */
  constructor(table: SizeTable, steps: number) {
    this.#table = table
    this.#checksum = new Checksum(steps)
  }

  /** Sums of each lot: `counts[i]` samples reported as `values[i]`. `total` is the row's bytes as reported. */
  decode(values: Float64Array, counts: Uint32Array, total: number): readonly LotSums[] {
    if (values.length > LARGEST_CACHED) return this.#decode(values, counts, total)
    const isLone = values.length === 1 && counts[0] === 1 // nothing to check a lone sample against
    const key = isLone ? `${values[0]}` : `${values.join()};${counts.join()};${total}`
    let sums = this.#rows.get(key)
    if (!sums) this.#rows.set(key, (sums = this.#decode(values, counts, total)))
    return sums
  }

  /** By the checksum if it can be worked out, else so that the lots add up on average. */
  #decode(values: Float64Array, counts: Uint32Array, total: number): readonly LotSums[] {
    const candidates = Array.from(values, v => this.#table.candidates(v))
    const isSmall = candidates.every((c, i) => c.sizes.length === 1 || counts[i] <= LARGEST_SPLIT)
    if (isSmall && (this.#checksum.steps > 0 || candidates.every(c => c.sizes.length === 1))) {
      const splits = candidates.map((c, i) => this.#splitsOf(c, values[i], counts[i]))
      const weights = this.#checksum.weigh(splits, total / this.#table.granularity)
      if (weights) return splits.map((s, i) => sumSplits(s, weights[i], counts[i]))
    }
    return sumTilted(candidates, counts, total, CONCENTRATION)
  }

  /** Ways to divide `n` samples reported as `v`. */
  #splitsOf(candidates: Candidates, v: number, n: number): Splits {
    const key = `${v};${n}`
    let splits = this.#splits.get(key)
    if (!splits) {
      this.#splits.set(key, (splits = splitsOf(candidates, n, this.#table)))
      this.#checksum.steps -= splits.weight.length
    }
    return splits
  }
}

/** All of one size, or of two of the likeliest sizes. */
function splitsOf({ sizes, weights }: Candidates, n: number, { interval, granularity }: SizeTable): Splits {
  let length = sizes.length
  const pairs: [x: number, y: number][] = []
  for (let x = 1; x < sizes.length; x++) {
    for (let y = 0; y < x && length + n < MOST_SPLITS; y++) {
      pairs.push([x, y])
      length += n - 1
    }
  }
  // Of m objects of each size, m from 0 to n: the log of their weight, by Dirichlet's multinomial law.
  const logs = weights.map(weight => {
    const alpha = CONCENTRATION * weight
    const log = new Float64Array(n + 1)
    for (let m = 1; m <= n; m++) log[m] = log[m - 1] + Math.log((m - 1 + alpha) / m)
    return log
  })
  const chances = sizes.map(size => probability(size, interval))
  const variances = sizes.map(size => sampleVariance(size, interval))
  const splits: Splits = {
    weight: new Float64Array(length),
    reported: new Float64Array(length),
    size: new Float64Array(length),
    bytes: new Float64Array(length),
    count: new Float64Array(length),
    variance: new Float64Array(length),
    countVariance: new Float64Array(length),
  }
  const add = (k: number, x: number, m: number) => {
    splits.weight[k] += logs[x][m]
    splits.reported[k] += reportedSize(sizes[x], m, interval) / granularity
    splits.size[k] += m * sizes[x]
    splits.bytes[k] += (m * sizes[x]) / chances[x]
    splits.count[k] += m / chances[x]
    splits.variance[k] += m * variances[x]
    splits.countVariance[k] += (m * (1 - chances[x])) / chances[x] ** 2
  }
  let k = 0
  for (; k < sizes.length; k++) add(k, k, n)
  for (const [x, y] of pairs) {
    for (let m = 1; m < n; m++, k++) {
      add(k, x, m)
      add(k, y, n - m)
    }
  }
  normalize(splits.weight)
  return splits
}

/** Turns logs into weights that sum to 1. */
function normalize(weights: Float64Array): void {
  let most = -Infinity
  for (const log of weights) most = Math.max(most, log)
  let sum = 0
  for (let k = 0; k < weights.length; k++) sum += weights[k] = Math.exp(weights[k] - most)
  for (let k = 0; k < weights.length; k++) weights[k] /= sum
}

function sumSplits(splits: Splits, weights: Float64Array, n: number): LotSums {
  let size = 0
  let bytes = 0
  let count = 0
  let countSquare = 0
  let variance = 0
  let countVariance = 0
  for (let k = 0; k < weights.length; k++) {
    const w = weights[k]
    if (w === 0) continue
    size += w * splits.size[k]
    bytes += w * splits.bytes[k]
    count += w * splits.count[k]
    countSquare += w * splits.count[k] ** 2
    variance += w * splits.variance[k]
    countVariance += w * splits.countVariance[k]
  }
  countVariance += Math.max(0, countSquare - count * count)
  return { n, size, bytes, count, variance, countVariance }
}
