// Adds rows for memory outside V8's sampler: tracked memory and backing stores.
import type { Snapshot } from '../../model/snapshot.ts'

/** A call in a stack. Line and column are 1-based and those of the call, not where its function starts. */
export interface Call {
  functionName: string
  filename: string
  lineno: number
  column: number
}

/** Live blocks that V8's sampler does not see, allocated by the same calls. */
export interface ExtraBlocks {
  domain: number
  /** Bytes and blocks that they represent. */
  size: number
  count: number
  /** Most recent first. */
  calls: readonly Call[]
}

/** The snapshot with rows for these blocks appended. */
export function withExtraBlocks(snapshot: Snapshot, blocks: readonly ExtraBlocks[]): Snapshot {
  if (blocks.length === 0) return snapshot
  const { tables, columns } = snapshot
  const stacks = blocks.map(({ calls }) =>
    calls.reduceRight((stack, { functionName, filename, lineno, column }) => {
      return tables.stacks.intern(stack, tables.frames.intern(functionName, filename, lineno, column, true))
    }, 0),
  )
  const numbers = (a: Float64Array, more: number[]) => Float64Array.from([...a, ...more])
  const ids = (a: Uint32Array, more: number[]) => Uint32Array.from([...a, ...more])
  const zeros = blocks.map(() => 0)
  return snapshot.with({
    columns: {
      stack: ids(columns.stack, stacks),
      size: numbers(
        columns.size,
        blocks.map(({ size }) => size),
      ),
      count: numbers(
        columns.count,
        blocks.map(({ count }) => count),
      ),
      domain: ids(
        columns.domain,
        blocks.map(({ domain }) => domain),
      ),
      type: ids(columns.type, zeros),
      totalNframe: columns.totalNframe && ids(columns.totalNframe, zeros),
    },
  })
}
