// Infers the sampled objects from the sizes that V8 reports. An object of s bytes is reported as v = s *
// floor(1 / p(s) + 0.5), so several s share one v. Two things decide among them: how common each size is
// (./size-prior.ts), and the checksum: a node's samples must add up to its `selfSize`.
import type { Samples } from '../../model/snapshot.ts'
import { Checksum, partition, type SampleGroup } from './checksum.ts'
import { approximate } from './normal-approximation.ts'
import { NumberIds } from './number-ids.ts'
import { type Candidates, type GroupSums, type SizeTable, tableFor } from './size-table.ts'

/** Decoded samples. Those of one row with the same v form a group; what is uncertain is averaged. */
export interface Decoded {
  /** Sample group of each sample. */
  readonly group: Uint32Array
  /** Row and number of samples, by group. */
  readonly row: Uint32Array
  readonly n: Uint32Array
  /** For ONE sample of each group: object size s; bytes, s / p; blocks, 1 / p; variance of the bytes. */
  readonly size: Float64Array
  readonly bytes: Float64Array
  readonly count: Float64Array
  readonly variance: Float64Array
  /** For all samples of each group: variance of the count, including the uncertainty of decoding. */
  readonly countVariance: Float64Array
}

/** Largest sample group whose partitions are enumerated. */
const LARGEST_SPLIT = 1000
/** Rows with more samples rarely repeat, so they are not cached. */
const LARGEST_CACHED = 4

/** Steps for all checksums of a snapshot: plenty for a small one, one per sample for a large one. */
export function stepsFor(samples: number): number {
  return Math.max(samples, 150_000 - 5 * samples)
}

/**
 * Decodes live samples. `rowSize` holds each row's bytes as reported (`selfSize`): the checksum. If it does
 * not fit (in merged rows), only how common each size is decides.
 */
export function decodeSamples(samples: Samples, rowSize: Float64Array, interval: number): Decoded {
  const groups = findGroups(samples, rowSize.length)
  const table = tableFor(groups.values, interval)
  const n = groups.row.length
  const decoded: Decoded = {
    group: groups.group,
    row: groups.row,
    n: groups.n,
    size: new Float64Array(n),
    bytes: new Float64Array(n),
    count: new Float64Array(n),
    variance: new Float64Array(n),
    countVariance: new Float64Array(n),
  }
  const rows = new RowDecoder(table, stepsFor(samples.row.length))
  for (let first = 0; first < n; ) {
    let end = first + 1
    while (end < n && groups.row[end] === groups.row[first]) end++
    const found = rows.decode(
      groups.value.subarray(first, end),
      groups.n.subarray(first, end),
      rowSize[groups.row[first]],
    )
    for (let i = first; i < end; i++) store(decoded, i, found[i - first])
    first = end
  }
  return decoded
}

/** Sample groups in order of their rows, and the distinct values. */
function findGroups(samples: Samples, rows: number) {
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
  // For each value: its latest group, and that group's row + 1.
  const newest = new Uint32Array(ids.length)
  const ofRow = new Uint32Array(ids.length)
  const group = new Uint32Array(total)
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
      group[i] = newest[v]
    }
  }
  return {
    group,
    row: row.subarray(0, length),
    value: value.subarray(0, length),
    n: n.subarray(0, length),
    values,
  }
}

function store(decoded: Decoded, group: number, sums: GroupSums): void {
  decoded.size[group] = sums.size / sums.n
  decoded.bytes[group] = sums.bytes / sums.n
  decoded.count[group] = sums.count / sums.n
  decoded.variance[group] = sums.variance / sums.n
  decoded.countVariance[group] = sums.countVariance
}

/** Decodes the samples of one row at a time. */
export class RowDecoder {
  readonly #table: SizeTable
  readonly #checksum: Checksum
  readonly #groups = new Map<number, Map<number, SampleGroup>>()
  readonly #rows = new Map<string, readonly GroupSums[]>()

  /** `steps` is the limit for all checksums together. */
  constructor(table: SizeTable, steps: number) {
    this.#table = table
    this.#checksum = new Checksum(steps)
  }

  /** Sums of each group of `counts[i]` samples reported as `values[i]`. `total`: the row's reported bytes. */
  decode(values: Float64Array, counts: Uint32Array, total: number): readonly GroupSums[] {
    if (values.length > LARGEST_CACHED || counts.reduce((a, b) => a + b) > LARGEST_CACHED)
      return this.#decode(values, counts, total)
    const isLone = values.length === 1 && counts[0] === 1 // nothing to check a lone sample against
    const key = isLone ? `${values[0]}` : `${values.join()};${counts.join()};${total}`
    let sums = this.#rows.get(key)
    if (!sums) this.#rows.set(key, (sums = this.#decode(values, counts, total)))
    return sums
  }

  /** Uses the checksum if it can be evaluated, otherwise the normal approximation. */
  #decode(values: Float64Array, counts: Uint32Array, total: number): readonly GroupSums[] {
    const candidates = Array.from(values, v => this.#table.candidates(v))
    const isSure = candidates.every(c => c.sizes.length === 1)
    if (isSure || (this.#checksum.steps > 0 && isSmall(candidates, counts))) {
      const groups = candidates.map((c, i) => this.#groupOf(values[i], c, counts[i]))
      const sums = this.#checksum.sum(groups, total / this.#table.granularity)
      if (sums) return sums
    }
    return approximate(candidates, counts, total)
  }

  #groupOf(v: number, candidates: Candidates, n: number): SampleGroup {
    let known = this.#groups.get(v)
    if (!known) this.#groups.set(v, (known = new Map()))
    let group = known.get(n)
    if (!group) {
      known.set(n, (group = partition(candidates, n, this.#table)))
      this.#checksum.steps -= 4 * group.sum.length
    }
    return group
  }
}

function isSmall(candidates: readonly Candidates[], counts: Uint32Array): boolean {
  return candidates.every((c, i) => c.sizes.length === 1 || counts[i] <= LARGEST_SPLIT)
}
