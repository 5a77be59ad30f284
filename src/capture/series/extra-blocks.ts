// Adds rows for memory outside V8's sampler: tracked memory and backing stores.
import { type Site, siteOfHelper } from '../../lines/helper-name.ts'
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

/** Calls, most recent first, without the helpers of a rewritten program: their callers have their places. */
function foldCalls(calls: readonly Call[]): Call[] {
  const folded: Call[] = []
  let site: Site | undefined // of the helper that was passed over
  for (const [i, call] of calls.entries()) {
    const own = siteOfHelper(call.functionName)
    // A helper stands at the end of its script, and is called by the function that its operation stands in.
    if (own && own.lineno <= call.lineno && call.filename === calls[i + 1]?.filename) {
      site ??= own
      continue
    }
    folded.push(site ? { ...call, ...site } : call)
    site = undefined
  }
  return folded
}

/** The snapshot with rows for these blocks appended. */
export function withExtraBlocks(snapshot: Snapshot, blocks: readonly ExtraBlocks[]): Snapshot {
  if (blocks.length === 0) return snapshot
  const { tables, columns } = snapshot
  const stacks = blocks.map(({ calls }) =>
    foldCalls(calls).reduceRight((stack, { functionName, filename, lineno, column }) => {
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
