// Converts snapshots and errors to plain values that can be sent between threads.
import { FileError, FormatError, type FormatErrorCode, TracemallocError, UsageError } from '../errors.ts'
import type { SnapshotMeta } from '../model/meta.ts'
import { type Columns, Snapshot } from '../model/snapshot.ts'
import type { Tables } from '../model/tables/tables.ts'
import { estimateRows, type RowEstimates, takeEstimates } from '../statistics/estimation/estimates.ts'

/** A snapshot as plain values, for another thread. */
export interface PackedSnapshot {
  strings: string[]
  frames: {
    functionName: Uint32Array
    filename: Uint32Array
    lineno: Uint32Array
    column: Uint32Array
    exact: Uint8Array
    startLine: Uint32Array
    startColumn: Uint32Array
    length: number
  }
  stacks: { parent: Uint32Array; frame: Uint32Array; length: number }
  columns: Columns
  meta: SnapshotMeta
  tracebackLimit: number
  /** What the samples represent, which takes longer to compute than to send. */
  estimates: RowEstimates | undefined
}

export function packSnapshot(snapshot: Snapshot): PackedSnapshot {
  const { tables, columns, meta, tracebackLimit } = snapshot
  const { strings, frames, stacks } = tables
  return {
    strings: Array.from({ length: strings.length }, (_, i) => strings.get(i)),
    frames: {
      functionName: frames.functionName.slice(0, frames.length),
      filename: frames.filename.slice(0, frames.length),
      lineno: frames.lineno.slice(0, frames.length),
      column: frames.column.slice(0, frames.length),
      exact: frames.exact.slice(0, frames.length),
      startLine: frames.startLine.slice(0, frames.length),
      startColumn: frames.startColumn.slice(0, frames.length),
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
    estimates: columns.samples && estimateRows(snapshot),
  }
}

/** The memory of a packed snapshot, to be transferred without copying. */
export function buffersOf(packed: object): ArrayBuffer[] {
  return Object.values(packed).flatMap(value => {
    if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer]
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? buffersOf(value) : []
  })
}

/** Copies the samples, since sending a view would send its whole buffer. */
function copySamples(samples: Columns['samples']): Columns['samples'] {
  return samples && { row: samples.row.slice(), size: samples.size.slice(), ordinal: samples.ordinal.slice() }
}

/** Restores a snapshot, on tables shared with the others of its series. */
export function unpackSnapshot(packed: PackedSnapshot, tables: Tables): Snapshot {
  const { strings, frames, stacks, columns } = packed
  const map = tables.adopt({ strings: { length: strings.length, get: i => strings[i] }, frames, stacks })
  const snapshot = new Snapshot(
    tables,
    {
      ...columns,
      stack: columns.stack.map(id => map.stacks[id]),
      type: columns.type.map(id => map.strings[id]),
    },
    packed.meta,
    packed.tracebackLimit,
  )
  if (packed.estimates) takeEstimates(snapshot, packed.estimates)
  return snapshot
}

/** An error as plain values: sending an error loses its class. */
export interface PackedError {
  kind: 'file' | 'usage' | 'format' | 'other'
  message: string
  stack?: string
  hint?: string
  /** Only for a FormatError. */
  code?: FormatErrorCode
}

export function packError(error: unknown): PackedError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const hint = error instanceof TracemallocError ? error.hint : undefined
  if (error instanceof FormatError) return { kind: 'format', message, stack, hint, code: error.code }
  if (error instanceof UsageError) return { kind: 'usage', message, stack, hint }
  return { kind: error instanceof FileError ? 'file' : 'other', message, stack, hint }
}

/** Restores an error with its class. */
export function unpackError({ kind, message, stack, hint, code }: PackedError): Error {
  const error = {
    file: () => new FileError(message, { hint }),
    usage: () => new UsageError(message, { hint }),
    format: () => new FormatError(code!, message, { hint }),
    other: () => new Error(message),
  }[kind]()
  return Object.assign(error, { message, stack })
}
