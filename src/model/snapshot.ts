// The snapshot: a value that is filtered, grouped and compared, like CPython's.
import { UsageError } from '../errors.ts'
import type { Columns, Samples, SnapshotData } from './columns.ts'
import { type BaseFilter, matchingRows } from './filter.ts'
import { compareSnapshots } from './grouping/compare.ts'
import { type Cumulative, type Grouper, groupRows, type KeyType } from './grouping/group.ts'
import { type ErrorBars, type Statistic, type StatisticDiff, statisticsOf } from './grouping/statistic.ts'
import type { SnapshotMeta } from './meta.ts'
import { namedTables } from './tables/named.ts'
import type { Tables } from './tables/tables.ts'
import { type Trace, Traces } from './trace.ts'

export type { Columns, Samples } from './columns.ts'

/**
 * Memory blocks that were alive at one moment (or allocated up to it); each row has the stack that allocated
 * it: CPython's `tracemalloc.Snapshot`. Immutable: a filter returns a new snapshot on the same tables.
 */
export class Snapshot implements SnapshotData {
  /** Reads the one snapshot of a file: CPython's `Snapshot.load`. Throws FormatError. */
  declare static load: (path: string) => Promise<Snapshot>
  /**
   * A snapshot of these traces: CPython's constructor. Throws UsageError for a size that is not a number.
   */
  declare static from: (
    traces: Iterable<Trace>,
    tracebackLimit?: number,
    meta?: Partial<SnapshotMeta>,
  ) => Snapshot
  /**
   * Writes a file whose ending names the format, whole or not at all: CPython's `Snapshot.dump`. What the
   * program has attached to the snapshot is kept, if it is JSON. Throws UsageError or FileError.
   */
  declare dump: (path: string) => Promise<void>
  /** How sure the sizes of groups are; the model itself knows no statistics. */
  declare static errorBars: ((snapshot: Snapshot, grouper: Grouper) => ErrorBars) | undefined
  readonly tables: Tables
  readonly columns: Columns
  readonly meta: SnapshotMeta
  /** Largest number of frames in a traceback. */
  readonly tracebackLimit: number
  #named: Snapshot | undefined

  constructor(tables: Tables, columns: Columns, meta: SnapshotMeta, tracebackLimit: number) {
    this.tables = tables
    this.columns = columns
    this.meta = meta
    this.tracebackLimit = tracebackLimit
  }

  /** Number of rows. */
  get length(): number {
    return this.columns.stack.length
  }

  /** Total bytes and blocks. */
  get total(): { size: number; count: number } {
    let size = 0
    let count = 0
    for (let i = 0; i < this.length; i++) {
      size += this.columns.size[i]
      count += this.columns.count[i]
    }
    return { size, count }
  }

  /** The rows as CPython's sequence of traces: views made on access. */
  get traces(): Traces {
    return new Traces(this)
  }

  /**
   * Groups the traces and sorts the groups, largest first, as CPython does. Each has an error bar
   * (`sizeError`, `sizeLow`, `sizeHigh`).
   * @param keyType one key, or several: `'lineno'`, `['type', 'lineno']`
   * @param cumulative `true` counts a trace once for each different key in its traceback, `'per-frame'` once
   * for each frame (what CPython does: a recursive function counts many times). Throws UsageError for a key
   * without frames.
   */
  statistics(keyType: KeyType | readonly KeyType[], cumulative: Cumulative = false): Statistic[] {
    const named = this.named()
    const groups = groupRows(named, keyType, cumulative)
    return statisticsOf(groups, undefined, Snapshot.errorBars?.(named, groups.grouper))
  }

  /** Differences from an older snapshot by the same keys: largest change first, as CPython sorts them. */
  compareTo(
    old: Snapshot,
    keyType: KeyType | readonly KeyType[],
    cumulative: Cumulative = false,
  ): StatisticDiff[] {
    return compareSnapshots(this.named(), old.named(), keyType, cumulative)
  }

  /** A new snapshot of the traces that some inclusive filter (if any) and every exclusive filter keep. */
  filterTraces(filters: Iterable<BaseFilter>): Snapshot {
    return this.withRows(matchingRows(this, [...filters]))
  }

  /** A new snapshot of the given rows, each at most once. Throws UsageError for a missing row. */
  withRows(rows: ArrayLike<number>): Snapshot {
    for (let i = 0; i < rows.length; i++) {
      if (!(rows[i] >= 0 && rows[i] < this.length && Number.isInteger(rows[i])))
        throw new UsageError(`no row ${rows[i]} of ${this.length}`)
    }
    const { stack, size, count, domain, type, totalNframe, samples, multisets } = this.columns
    const pick = <T extends Uint32Array | Float64Array>(column: T): T => {
      const picked = new (column.constructor as new (n: number) => T)(rows.length)
      for (let i = 0; i < rows.length; i++) picked[i] = column[rows[i]]
      return picked
    }
    return new Snapshot(
      this.tables,
      {
        stack: pick(stack),
        size: pick(size),
        count: pick(count),
        domain: pick(domain),
        type: pick(type),
        totalNframe: totalNframe && pick(totalNframe),
        samples: samples && pickSamples(samples, rows, this.length),
        multisets: multisets && { ...multisets, ofRow: pick(multisets.ofRow) },
      },
      this.meta,
      this.tracebackLimit,
    )
  }

  /** The same snapshot with some columns, metadata or tables replaced. */
  with(changes: { columns?: Partial<Columns>; meta?: Partial<SnapshotMeta>; tables?: Tables }): Snapshot {
    return new Snapshot(
      changes.tables ?? this.tables,
      { ...this.columns, ...changes.columns },
      { ...this.meta, ...changes.meta },
      this.tracebackLimit,
    )
  }

  /**
   * The same snapshot with one name for each file: `/srv/m.mjs` for `/srv/m.mjs?v=17`. Statistics, reports
   * and filters use these names; traces, and files that are written, keep the names that were read.
   */
  named(): Snapshot {
    if (this.#named) return this.#named
    const names = namedTables(this.tables)
    if (!names) return this
    const { tables, stacks } = names
    const { stack, type } = this.columns
    const types = new Map<number, number>()
    const typeHere = (id: number) => {
      let here = types.get(id)
      if (here === undefined) types.set(id, (here = tables.strings.intern(this.tables.strings.get(id))))
      return here
    }
    const columns = { stack: stack.map(id => stacks[id]), type: type.map(typeHere) }
    this.#named = this.with({ tables, columns })
    this.#named.#named = this.#named
    return this.#named
  }

  /** The same snapshot on other tables (missing entries are added), to compare the ids of two snapshots. */
  over(tables: Tables): Snapshot {
    if (tables === this.tables) return this
    const { stacks, strings } = tables.adopt(this.tables)
    return this.with({
      tables,
      columns: {
        stack: this.columns.stack.map(id => stacks[id]),
        type: this.columns.type.map(id => strings[id]),
      },
    })
  }
}

function pickSamples(samples: Samples, rows: ArrayLike<number>, length: number): Samples {
  const newRow = new Uint32Array(length) // row here + 1; 0 = gone
  for (let i = 0; i < rows.length; i++) newRow[rows[i]] = i + 1
  const kept: number[] = []
  for (let i = 0; i < samples.row.length; i++) if (newRow[samples.row[i]] !== 0) kept.push(i)
  return {
    row: Uint32Array.from(kept, i => newRow[samples.row[i]] - 1),
    size: Float64Array.from(kept, i => samples.size[i]),
    ordinal: Float64Array.from(kept, i => samples.ordinal[i]),
  }
}
