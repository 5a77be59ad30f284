// Pairs two reads of one session. The same ordinal is the same object, so every sample is new, freed or
// survived.
import { DOMAIN } from '../../model/meta.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { RowEstimates } from '../estimation/estimates.ts'
import { NumberIds } from '../estimation/number-ids.ts'

/** Do both snapshots come from one run of one sampler? */
export function isPaired(a: Snapshot, b: Snapshot): boolean {
  return a.meta.session !== undefined && a.meta.session === b.meta.session
}

/**
 * What was allocated and freed between two reads, by cell. A cell is the rows of one stack, type and domain,
 * of either snapshot. The cells are the rows of `snapshot` (for grouping), which uses the tables of both.
 */
export interface PairedCells {
  readonly snapshot: Snapshot
  /** Bytes as V8 reports them: `new - freed` is the difference of the sizes, exactly. */
  readonly new: Float64Array
  readonly freed: Float64Array
  /** Unbiased bytes of the new and freed samples, their variance and number. */
  readonly newBytes: Float64Array
  readonly freedBytes: Float64Array
  readonly newVariance: Float64Array
  readonly freedVariance: Float64Array
  readonly newSamples: Float64Array
  readonly freedSamples: Float64Array
}

/** Which samples are in both reads, by ordinal: 1 = survived. */
function survivors(old: Snapshot, now: Snapshot): { old: Uint8Array; now: Uint8Array } {
  const before = old.columns.samples?.ordinal ?? new Float64Array(0)
  const after = now.columns.samples?.ordinal ?? new Float64Array(0)
  const ids = new NumberIds(before.length)
  const idOf = new Uint32Array(before.length)
  for (let i = 0; i < before.length; i++) idOf[i] = ids.intern(before[i])
  const isThere = new Uint8Array(ids.length)
  const inNow = new Uint8Array(after.length)
  for (let i = 0; i < after.length; i++) {
    const id = ids.find(after[i])
    if (id >= 0) inNow[i] = isThere[id] = 1
  }
  const inOld = new Uint8Array(before.length)
  for (let i = 0; i < before.length; i++) inOld[i] = isThere[idOf[i]]
  return { old: inOld, now: inNow }
}

/** Numbers the cells of rows that share tables. */
class Cells {
  readonly #ids = new Map<number, number>()
  readonly #kinds = new Map<number, Map<number, number>>()
  readonly stack: number[] = []
  readonly type: number[] = []
  readonly domain: number[] = []
  #kindCount = 0

  /** Cell of each row. */
  number(snapshot: Snapshot): Uint32Array {
    const { stack, type, domain } = snapshot.columns
    const stacks = snapshot.tables.stacks.length
    return stack.map((s, row) => {
      const key = this.#kind(type[row], domain[row]) * stacks + s
      let id = this.#ids.get(key)
      if (id === undefined) {
        this.#ids.set(key, (id = this.stack.length))
        this.stack.push(s)
        this.type.push(type[row])
        this.domain.push(domain[row])
      }
      return id
    })
  }

  #kind(type: number, domain: number): number {
    let kinds = this.#kinds.get(type)
    if (!kinds) this.#kinds.set(type, (kinds = new Map()))
    let id = kinds.get(domain)
    if (id === undefined) kinds.set(domain, (id = this.#kindCount++))
    return id
  }
}

/** What one read's samples say about a cell: those that the other read lacks (new or freed), and all. */
interface Side {
  size: Float64Array
  bytes: Float64Array
  variance: Float64Array
  samples: Float64Array
  /** Variance and number of samples outside the heap, where samples are not kept. */
  otherVariance: Float64Array
  otherSamples: Float64Array
  /** Weighted bytes of the samples in this read only, and of all. */
  only: Float64Array
  all: Float64Array
  kept: Float64Array
}

function sideOf(
  snapshot: Snapshot,
  estimates: RowEstimates | undefined,
  cells: Uint32Array,
  length: number,
  survived: Uint8Array,
): Side {
  const column = () => new Float64Array(length)
  const side: Side = {
    size: column(),
    bytes: column(),
    variance: column(),
    samples: column(),
    otherVariance: column(),
    otherSamples: column(),
    only: column(),
    all: column(),
    kept: column(),
  }
  const { samples, size, domain } = snapshot.columns
  for (let row = 0; row < snapshot.length; row++) {
    side.size[cells[row]] += size[row]
    if (domain[row] === DOMAIN.heap) continue
    side.otherVariance[cells[row]] += estimates?.variance[row] ?? 0
    side.otherSamples[cells[row]] += estimates?.samples[row] ?? 0
  }
  if (!samples) return side
  const decoded = estimates?.decoded
  for (let i = 0; i < samples.row.length; i++) {
    const cell = cells[samples.row[i]]
    const group = decoded ? decoded.group[i] : 0
    const weight = decoded ? decoded.bytes[group] : samples.size[i]
    side.all[cell] += weight
    if (survived[i] === 1) {
      side.kept[cell]++
      continue
    }
    side.only[cell] += weight
    side.bytes[cell] += weight
    side.samples[cell]++
    if (decoded) side.variance[cell] += decoded.variance[group]
  }
  return side
}

/** Counts bytes of a cell without samples as present in this read only. */
function comeOrGo(side: Side, cell: number, bytes: number): void {
  side.bytes[cell] = bytes
  if (bytes === 0) return
  const share = bytes / side.size[cell]
  side.variance[cell] = share * side.otherVariance[cell]
  side.samples[cell] = share * side.otherSamples[cell]
}

/**
 * Pairs two reads of one session. `old` must use the tables of `now`. A cell's freed bytes are its old size
 * divided among its samples; its new bytes are the rest of the size difference, so V8's rounding never shows
 * as growth.
 */
export function pairSnapshots(
  now: Snapshot,
  old: Snapshot,
  nowEstimates: RowEstimates | undefined,
  oldEstimates: RowEstimates | undefined,
): PairedCells {
  const cells = new Cells()
  const oldCells = cells.number(old)
  const nowCells = cells.number(now)
  const n = cells.stack.length
  const survived = survivors(old, now)
  const before = sideOf(old, oldEstimates, oldCells, n, survived.old)
  const after = sideOf(now, nowEstimates, nowCells, n, survived.now)
  const allocated = new Float64Array(n)
  const freed = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const difference = after.size[i] - before.size[i]
    let gone = before.all[i] > 0 ? Math.round((before.size[i] * before.only[i]) / before.all[i]) : 0
    if (after.samples[i] === 0) gone = -difference
    allocated[i] =
      before.samples[i] === 0 ? Math.max(0, difference) : Math.max(0, difference, difference + gone)
    freed[i] = allocated[i] - difference
    // Rows without samples are new or freed by their difference.
    if (before.all[i] + after.all[i] === 0) {
      comeOrGo(after, i, allocated[i])
      comeOrGo(before, i, freed[i])
    }
  }
  return {
    snapshot: now.with({
      columns: {
        stack: Uint32Array.from(cells.stack),
        type: Uint32Array.from(cells.type),
        domain: Uint32Array.from(cells.domain),
        size: after.size,
        count: allocated,
        totalNframe: undefined,
        samples: undefined,
      },
    }),
    new: allocated,
    freed,
    newBytes: after.bytes,
    freedBytes: before.bytes,
    newVariance: after.variance,
    freedVariance: before.variance,
    newSamples: after.samples,
    freedSamples: before.samples,
  }
}
