// The columns that hold a snapshot's rows and samples.
import type { SnapshotMeta } from './meta.ts'
import type { SampleMultisets } from './sample-multisets.ts'
import type { Tables } from './tables/tables.ts'

/** Live samples of a sampled snapshot, as columns of equal length. */
export interface Samples {
  /** Row of the sample. */
  readonly row: Uint32Array
  /** Bytes the sample represents, as V8 reports them: s * floor(1 / p(s) + 0.5). */
  readonly size: Float64Array
  /** V8's number for the sample, unique in a session: the same number in two reads is the same object. */
  readonly ordinal: Float64Array
}

/** A snapshot's columns, all of equal length except `samples`. */
export interface Columns {
  /** Stack ids. */
  readonly stack: Uint32Array
  /** Total bytes of the row, exact to 2^53. */
  readonly size: Float64Array
  /** Number of blocks of the row; NaN = unknown, and so is every sum that includes it. */
  readonly count: Float64Array
  /** Kind of memory: 0 JS heap, 1 ArrayBuffer, 2 native, 3 code; a file or a caller may use other numbers. */
  readonly domain: Uint32Array
  /** String ids of the type; 0 = unknown. */
  readonly type: Uint32Array
  /** Number of frames before truncation; 0 = unknown. Absent if unknown for every row. */
  readonly totalNframe?: Uint32Array
  readonly samples?: Samples
  /** Used instead of `samples` when no reader needs the ordinals. */
  readonly multisets?: SampleMultisets
}

/** The data of a snapshot, without its methods: what grouping and filters need. */
export interface SnapshotData {
  readonly tables: Tables
  readonly columns: Columns
  readonly meta: SnapshotMeta
  /** Largest number of frames in a traceback. */
  readonly tracebackLimit: number
  /** Number of rows. */
  readonly length: number
  /** The same rows on other tables, so that the ids of two snapshots can be compared. */
  over(tables: Tables): SnapshotData
}
