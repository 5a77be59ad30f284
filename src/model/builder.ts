// Builds a snapshot row by row. Every converter and every capture ends here.
import type { SnapshotMeta } from './meta.ts'
import { type Samples, Snapshot } from './snapshot.ts'
import type { StackId, StringId } from './tables/ids.ts'
import { Tables } from './tables/tables.ts'
import { reserve } from './tables/typed-arrays.ts'

/** The only writer of a snapshot's columns. Several builders may share one Tables. */
export class SnapshotBuilder {
  readonly tables: Tables
  #rows = 0
  #stack = new Uint32Array(64)
  #size = new Float64Array(64)
  #count = new Float64Array(64)
  #domain = new Uint32Array(64)
  #type = new Uint32Array(64)
  #totalNframe: Uint32Array | undefined
  #samples = 0
  #sampleRow = new Uint32Array(0)
  #sampleSize = new Float64Array(0)
  #sampleOrdinal = new Float64Array(0)

  constructor(tables = new Tables()) {
    this.tables = tables
  }

  get length(): number {
    return this.#rows
  }

  /**
   * Adds a row of `size` bytes in `count` blocks (NaN = unknown) and returns its number. `type` is a string
   * id; `totalNframe` is the number of frames before truncation, 0 = unknown.
   */
  add(stack: StackId, size: number, count: number, domain = 0, type: StringId = 0, totalNframe = 0): number {
    const row = this.#rows++
    if (row >= this.#stack.length) {
      this.#stack = reserve(this.#stack, row + 1)
      this.#size = reserve(this.#size, row + 1)
      this.#count = reserve(this.#count, row + 1)
      this.#domain = reserve(this.#domain, row + 1)
      this.#type = reserve(this.#type, row + 1)
      if (this.#totalNframe) this.#totalNframe = reserve(this.#totalNframe, row + 1)
    }
    this.#stack[row] = stack
    this.#size[row] = size
    this.#count[row] = count
    // Zeros are not written: the operating system does not back pages that are never touched.
    if (domain !== 0) this.#domain[row] = domain
    if (type !== 0) this.#type[row] = type
    if (totalNframe !== 0) {
      this.#totalNframe ??= new Uint32Array(this.#stack.length)
      this.#totalNframe[row] = totalNframe
    }
    return row
  }

  /** Adds to a row's totals. */
  grow(row: number, size: number, count: number): void {
    this.#size[row] += size
    this.#count[row] += count
  }

  /** Adds blocks to a row. */
  addBlocks(row: number, count: number): void {
    this.#count[row] += count
  }

  /** Stack of a row. */
  stackOf(row: number): StackId {
    return this.#stack[row]
  }

  /** Bytes added to a row so far. */
  sizeOf(row: number): number {
    return this.#size[row]
  }

  /** Number of blocks added to a row so far. */
  countOf(row: number): number {
    return this.#count[row]
  }

  /** Adds a live sample to a row: its size as V8 reports it (already scaled up), and its ordinal. */
  addSample(row: number, size: number, ordinal: number): void {
    const i = this.#samples++
    if (i >= this.#sampleRow.length) {
      this.#sampleRow = reserve(this.#sampleRow, i + 1)
      this.#sampleSize = reserve(this.#sampleSize, i + 1)
      this.#sampleOrdinal = reserve(this.#sampleOrdinal, i + 1)
    }
    this.#sampleRow[i] = row
    this.#sampleSize[i] = size
    this.#sampleOrdinal[i] = ordinal
  }

  build(meta: SnapshotMeta, tracebackLimit: number): Snapshot {
    const n = this.#rows
    const samples: Samples | undefined = this.#samples
      ? {
          row: this.#sampleRow.subarray(0, this.#samples),
          size: this.#sampleSize.subarray(0, this.#samples),
          ordinal: this.#sampleOrdinal.subarray(0, this.#samples),
        }
      : undefined
    return new Snapshot(
      this.tables,
      {
        stack: this.#stack.subarray(0, n),
        size: this.#size.subarray(0, n),
        count: this.#count.subarray(0, n),
        domain: this.#domain.subarray(0, n),
        type: this.#type.subarray(0, n),
        totalNframe: this.#totalNframe?.subarray(0, n),
        samples,
      },
      meta,
      tracebackLimit,
    )
  }
}
