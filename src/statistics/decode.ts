// From the sizes that V8 reports back to the objects that were sampled.
//
// A sample of an s byte object appears as v = s * floor(1 / p(s) + 0.5). Many s share one v. Two things choose among them: V8's
// usual object sizes (./prior.ts), and the checksum: the samples of a node must add up to its `selfSize`.

import type { Samples } from '../model/snapshot.ts'
import { NumberIds } from './numbers.ts'
import { probability, reportedSize, sampleVariance } from './sampling.ts'
import { type Candidates, type SizeTable, tableFor } from './sizes.ts'
import { logGamma } from './special.ts'
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
/** Most ways to split one lot, largest lot that is split, and most partial sums of a row, that are gone through. */
const MOST_SPLITS = 2000
const LARGEST_SPLIT = 200
const MOST_SUMS = 4000
/** Rows of more lots are hardly met twice. */
const LARGEST_CACHED = 4

/** Steps for all checksums of a snapshot: plenty for a small one, few for each sample of a large one, whatever a file holds. */
export function stepsFor(samples: number): number {
  return 60_000 + samples
}

/** One way to divide a lot's samples among sizes. */
interface Split {
  readonly parts: readonly { readonly size: number; readonly n: number }[]
  readonly weight: number
  /** What V8 reports for these parts. */
  readonly sum: number
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
  /** Steps left before the checksum is no longer tried: time stays in proportion to the samples, whatever a file holds. */
  #steps: number
  readonly #splits = new Map<string, readonly Split[]>()
  readonly #rows = new Map<string, readonly LotSums[]>()

  constructor(table: SizeTable, steps: number) {
    this.#table = table
    this.#steps = steps
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
    const { interval } = this.#table
    const candidates = Array.from(values, v => this.#table.candidates(v))
    const isOpen = candidates.some(c => c.sizes.length > 1)
    const isSmall = candidates.every((c, i) => c.sizes.length === 1 || counts[i] <= LARGEST_SPLIT)
    if (!isOpen || (isSmall && this.#steps > 0)) {
      const splits = Array.from(values, (v, i) => this.#splitsOf(v, counts[i]))
      const weights = isOpen ? this.#checked(splits, total) : splits.map(s => s.map(x => x.weight))
      if (weights) return splits.map((s, i) => sumSplits(s, weights[i], counts[i], interval))
    }
    return sumTilted(candidates, counts, total, CONCENTRATION)
  }

  /** Ways to divide `n` samples reported as `v`: all of one size, or of two of the likeliest sizes. */
  #splitsOf(v: number, n: number): readonly Split[] {
    const key = `${v};${n}`
    let splits = this.#splits.get(key)
    if (!splits) {
      this.#splits.set(key, (splits = splitsOf(this.#table.candidates(v), n, this.#table.interval)))
      this.#steps -= splits.length
    }
    return splits
  }

  /** Probabilities of the splits given that their sums add up to `total`; undefined where none do, or too many. */
  #checked(splits: readonly (readonly Split[])[], total: number): number[][] | undefined {
    const stages: Map<number, number>[] = [new Map([[0, 1]])]
    const rest = restOf(splits)
    for (let i = 0; i < splits.length; i++) {
      this.#steps -= stages[i].size * splits[i].length
      if (this.#steps < 0) return undefined
      const next = new Map<number, number>()
      for (const [sum, weight] of stages[i]) {
        for (const split of splits[i]) {
          const s = sum + split.sum
          if (s + rest.least[i + 1] > total || s + rest.most[i + 1] < total) continue
          next.set(s, (next.get(s) ?? 0) + weight * split.weight)
        }
      }
      if (next.size === 0 || next.size > MOST_SUMS) return undefined
      stages.push(next)
    }
    return backward(splits, stages, total)
  }
}

/** Least and most that the splits from each stage on can add. */
function restOf(splits: readonly (readonly Split[])[]) {
  const least = new Float64Array(splits.length + 1)
  const most = new Float64Array(splits.length + 1)
  for (let i = splits.length - 1; i >= 0; i--) {
    let low = Infinity
    let high = -Infinity
    for (const { sum } of splits[i]) {
      if (sum < low) low = sum
      if (sum > high) high = sum
    }
    least[i] = least[i + 1] + low
    most[i] = most[i + 1] + high
  }
  return { least, most }
}

/** The backward pass: the probability of each split, its stage's partial sums before and after taken together. */
function backward(
  splits: readonly (readonly Split[])[],
  stages: readonly Map<number, number>[],
  total: number,
) {
  const all = stages[splits.length].get(total)
  if (!all) return undefined
  let after = new Map([[total, 1]])
  const result: number[][] = []
  for (let i = splits.length - 1; i >= 0; i--) {
    const before = new Map<number, number>()
    const probabilities = new Array<number>(splits[i].length).fill(0)
    for (const [sum, weight] of stages[i]) {
      for (let k = 0; k < splits[i].length; k++) {
        const split = splits[i][k]
        const later = after.get(sum + split.sum)
        if (later === undefined) continue
        probabilities[k] += (weight * split.weight * later) / all
        before.set(sum, (before.get(sum) ?? 0) + split.weight * later)
      }
    }
    result[i] = probabilities
    after = before
  }
  return result
}

function splitsOf(candidates: Candidates, n: number, interval: number): readonly Split[] {
  const { sizes, weights } = candidates
  const found: { parts: { size: number; n: number }[]; log: number }[] = []
  const add = (chosen: [number, number][]) => {
    let log = 0
    for (const [i, m] of chosen) {
      const alpha = CONCENTRATION * weights[i]
      log += logGamma(m + alpha) - logGamma(alpha) - logGamma(m + 1)
    }
    found.push({ parts: chosen.map(([i, m]) => ({ size: sizes[i], n: m })), log })
  }
  for (let i = 0; i < sizes.length; i++) add([[i, n]])
  for (let x = 1; x < sizes.length; x++) {
    for (let y = 0; y < x && found.length + n < MOST_SPLITS; y++) {
      for (let m = 1; m < n; m++)
        add([
          [x, m],
          [y, n - m],
        ])
    }
  }
  const most = Math.max(...found.map(f => f.log))
  const sum = found.reduce((a, f) => a + Math.exp(f.log - most), 0)
  return found.map(({ parts, log }) => ({
    parts,
    weight: Math.exp(log - most) / sum,
    sum: parts.reduce((a, p) => a + reportedSize(p.size, p.n, interval), 0),
  }))
}

function sumSplits(
  splits: readonly Split[],
  weights: readonly number[],
  n: number,
  interval: number,
): LotSums {
  let size = 0
  let bytes = 0
  let count = 0
  let countSquare = 0
  let variance = 0
  let countVariance = 0
  for (let k = 0; k < splits.length; k++) {
    let blocks = 0
    for (const part of splits[k].parts) {
      const w = weights[k] * part.n
      const p = probability(part.size, interval)
      size += w * part.size
      bytes += (w * part.size) / p
      variance += w * sampleVariance(part.size, interval)
      countVariance += (w * (1 - p)) / (p * p)
      blocks += part.n / p
    }
    count += weights[k] * blocks
    countSquare += weights[k] * blocks * blocks
  }
  countVariance += Math.max(0, countSquare - count * count)
  return { n, size, bytes, count, variance, countVariance }
}
