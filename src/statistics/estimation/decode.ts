// From the sizes that V8 reports back to the objects that were sampled.
//
// A sample of an s byte object appears as v = s * floor(1 / p(s) + 0.5). Many s share one v. Two things choose among them: V8's
// usual object sizes (./prior.ts), and the checksum: the samples of a node must add up to its `selfSize`.

import type { Samples } from '../../model/snapshot.ts'
import { Checksum, type Lot, lotOf } from './checksum.ts'
import { sumLikely } from './normal-approximation.ts'
import { NumberIds } from './number-ids.ts'
import { type Candidates, type LotSums, type SizeTable, tableFor } from './size-table.ts'

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

/** Largest lot whose ways are gone through. */
const LARGEST_SPLIT = 1000
/** Rows of more samples are hardly met twice. */
const LARGEST_CACHED = 4

/** Steps for all checksums of a snapshot: plenty for a small one, one a sample for a large one, whatever a file holds. */
export function stepsFor(samples: number): number {
  return Math.max(samples, 150_000 - 5 * samples)
}

/**
 * Decodes live samples. `rowSize` holds each row's bytes as reported (`selfSize`): the checksum; where it does not fit (rows
 * that were merged), the usual sizes alone decide.
 */
export function decodeSamples(samples: Samples, rowSize: Float64Array, interval: number): Decoded {
  const lots = findLots(samples, rowSize.length)
  const table = tableFor(lots.values, interval)
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

/** Lots in order of their rows, and the different values. */
function findLots(samples: Samples, rows: number) {
  const total = samples.row.length
  const start = new Uint32Array(rows + 1)
  for (let i = 0; i < total; i++) start[samples.row[i] + 1]++
  for (let r = 0; r < rows; r++) start[r + 1] += start[r]
  const next = start.slice()
  const order = new Uint32Array(total)
  for (let i = 0; i < total; i++) order[next[samples.row[i]]++] = i
  const ids = new NumberIds(total)
  const valueId = new Uint32Array(total)
  const values: number[] = []
  for (let i = 0; i < total; i++) {
    const id = (valueId[i] = ids.intern(samples.size[i]))
    if (id === values.length) values.push(samples.size[i])
  }
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
  return {
    lot,
    row: row.subarray(0, length),
    value: value.subarray(0, length),
    n: n.subarray(0, length),
    values,
  }
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
  readonly #lots = new Map<number, Map<number, Lot>>()
  readonly #rows = new Map<string, readonly LotSums[]>()

  /** `steps` are those of all checksums. */
  constructor(table: SizeTable, steps: number) {
    this.#table = table
    this.#checksum = new Checksum(steps)
  }

  /** Sums of each lot: `counts[i]` samples reported as `values[i]`. `total` is the row's bytes as reported. */
  decode(values: Float64Array, counts: Uint32Array, total: number): readonly LotSums[] {
    if (values.length > LARGEST_CACHED || counts.reduce((a, b) => a + b) > LARGEST_CACHED)
      return this.#decode(values, counts, total)
    const isLone = values.length === 1 && counts[0] === 1 // nothing to check a lone sample against
    const key = isLone ? `${values[0]}` : `${values.join()};${counts.join()};${total}`
    let sums = this.#rows.get(key)
    if (!sums) this.#rows.set(key, (sums = this.#decode(values, counts, total)))
    return sums
  }

  /** By the checksum if it can be worked out, else by what is likely. */
  #decode(values: Float64Array, counts: Uint32Array, total: number): readonly LotSums[] {
    const candidates = Array.from(values, v => this.#table.candidates(v))
    const isSure = candidates.every(c => c.sizes.length === 1)
    if (isSure || (this.#checksum.steps > 0 && isSmall(candidates, counts))) {
      const lots = candidates.map((c, i) => this.#lotOf(values[i], c, counts[i]))
      const sums = this.#checksum.sum(lots, total / this.#table.granularity)
      if (sums) return sums
    }
    return sumLikely(candidates, counts, total)
  }

  #lotOf(v: number, candidates: Candidates, n: number): Lot {
    let known = this.#lots.get(v)
    if (!known) this.#lots.set(v, (known = new Map()))
    let lot = known.get(n)
    if (!lot) {
      known.set(n, (lot = lotOf(candidates, n, this.#table)))
      this.#checksum.steps -= 4 * lot.sum.length
    }
    return lot
  }
}

function isSmall(candidates: readonly Candidates[], counts: Uint32Array): boolean {
  return candidates.every((c, i) => c.sizes.length === 1 || counts[i] <= LARGEST_SPLIT)
}
