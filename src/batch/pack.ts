import type { SnapshotMeta } from '../model/meta.ts'
import { type Columns, Snapshot } from '../model/snapshot.ts'
import type { Tables } from '../model/tables.ts'

/** A snapshot as plain values, for another thread. */
export interface PackedSnapshot {
  strings: string[]
  frames: {
    functionName: Uint32Array
    filename: Uint32Array
    lineno: Uint32Array
    column: Uint32Array
    exact: Uint8Array
    length: number
  }
  stacks: { parent: Uint32Array; frame: Uint32Array; length: number }
  columns: Columns
  meta: SnapshotMeta
  tracebackLimit: number
}

export function packSnapshot({ tables, columns, meta, tracebackLimit }: Snapshot): PackedSnapshot {
  const { strings, frames, stacks } = tables
  return {
    strings: Array.from({ length: strings.length }, (_, i) => strings.get(i)),
    frames: {
      functionName: frames.functionName.slice(0, frames.length),
      filename: frames.filename.slice(0, frames.length),
      lineno: frames.lineno.slice(0, frames.length),
      column: frames.column.slice(0, frames.length),
      exact: frames.exact.slice(0, frames.length),
      length: frames.length,
    },
    stacks: {
      parent: stacks.parent.slice(0, stacks.length),
      frame: stacks.frame.slice(0, stacks.length),
      length: stacks.length,
    },
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [
        name,
        name === 'samples' ? copySamples(column) : column?.slice(),
      ]),
    ) as unknown as Columns,
    meta,
    tracebackLimit,
  }
}

/** Copies, since a view would take its whole buffer along. */
function copySamples(samples: Columns['samples']): Columns['samples'] {
  return samples && { row: samples.row.slice(), size: samples.size.slice(), ordinal: samples.ordinal.slice() }
}

/** The snapshot again, over tables that it shares with others of its series. */
export function unpackSnapshot(packed: PackedSnapshot, tables: Tables): Snapshot {
  const { strings, frames, stacks, columns } = packed
  const map = tables.adopt({ strings: { length: strings.length, get: i => strings[i] }, frames, stacks })
  return new Snapshot(
    tables,
    {
      ...columns,
      stack: columns.stack.map(id => map.stacks[id]),
      type: columns.type.map(id => map.strings[id]),
    },
    packed.meta,
    packed.tracebackLimit,
  )
}
