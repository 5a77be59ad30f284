import type { Snapshot } from '../../src/model/snapshot.ts'

/** Throws an Error that names the first invariant a snapshot breaks; used by the tests of every reader. */
export function checkSnapshot(snapshot: Snapshot): void {
  const { tables, columns } = snapshot
  const { strings, frames, stacks } = tables
  const fail = (what: string): never => {
    throw new Error(`broken snapshot: ${what}`)
  }
  if (strings.get(0) !== '') fail('string 0 is not empty')
  for (let i = 0; i < frames.length; i++) {
    if (frames.filename[i] >= strings.length) fail(`frames[${i}].filename`)
    if (frames.functionName[i] >= strings.length) fail(`frames[${i}].functionName`)
    if (frames.exact[i] > 1) fail(`frames[${i}].exact`)
  }
  for (let i = 1; i < stacks.length; i++) {
    if (stacks.parent[i] >= i) fail(`stacks[${i}].parent`)
    if (stacks.frame[i] >= frames.length) fail(`stacks[${i}].frame`)
  }
  const n = columns.stack.length
  for (const name of ['size', 'count', 'domain', 'type', 'totalNframe'] as const) {
    const column = columns[name]
    if (column && column.length !== n) fail(`column ${name} has ${column.length} values, stack has ${n}`)
  }
  for (let i = 0; i < n; i++) {
    if (columns.stack[i] >= stacks.length) fail(`stack[${i}]`)
    if (columns.type[i] >= strings.length) fail(`type[${i}]`)
    if (!(Math.abs(columns.size[i]) <= Number.MAX_SAFE_INTEGER)) fail(`size[${i}] = ${columns.size[i]}`)
    if (Math.abs(columns.count[i]) > Number.MAX_SAFE_INTEGER) fail(`count[${i}] = ${columns.count[i]}`)
  }
  const { samples } = columns
  if (samples) {
    if (samples.size.length !== samples.row.length || samples.ordinal.length !== samples.row.length) {
      fail('samples have columns of different lengths')
    }
    for (let i = 0; i < samples.row.length; i++) if (samples.row[i] >= n) fail(`samples[${i}].row`)
  }
  if (
    snapshot.meta.accuracy === 'exact' &&
    snapshot.meta.interval !== undefined &&
    snapshot.meta.interval !== 1
  ) {
    fail('exact, but with a sampling interval')
  }
}
