import type { SnapshotMeta } from './meta.ts'
import type { Bags } from './sample-multisets.ts'
import type { Tables } from './tables/tables.ts'

/** Live samples of a sampled snapshot, as columns of equal length. */
export interface Samples {
  /** The row that the sample belongs to. */
  readonly row: Uint32Array
  /** Bytes that the sample stands for, as V8 reports them: s * floor(1 / p(s) + 0.5). */
  readonly size: Float64Array
  /** V8's number of the sample, unique in a session: the same number in two reads is the same object. */
  readonly ordinal: Float64Array
}

/** A snapshot's columns, of equal length (samples apart). */
export interface Columns {
  /** Stack ids. */
  readonly stack: Uint32Array
  /** Total bytes of the row, exact to 2^53. */
  readonly size: Float64Array
  /** Number of blocks of the row; NaN = unknown, which every sum with it is, too. */
  readonly count: Float64Array
  /** Kind of memory: 0 JS heap, 1 ArrayBuffer, 2 native, 3 code; others as a file or a caller has them. */
  readonly domain: Uint32Array
  /** String ids of the type; 0 = unknown. */
  readonly type: Uint32Array
  /** Number of frames before truncation; 0 = unknown. Absent where no row knows. */
  readonly totalNframe?: Uint32Array
  readonly samples?: Samples
  /** Instead of `samples`, where nobody needs to tell them apart. */
  readonly bags?: Bags
}

/** What a snapshot consists of, without what can be asked of it. */
export interface SnapshotData {
  readonly tables: Tables
  readonly columns: Columns
  readonly meta: SnapshotMeta
  /** Most frames a traceback may have. */
  readonly tracebackLimit: number
  /** Number of rows. */
  readonly length: number
  /** The same rows over other tables, so that ids of two snapshots compare. */
  over(tables: Tables): SnapshotData
}
