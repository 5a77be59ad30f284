// Adds up rows: for formats that keep less than a snapshot, and for differences as snapshots.
import { SnapshotBuilder } from '../model/builder.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Tables } from '../model/tables/tables.ts'
import { hash2, RowIndex } from '../model/tables/typed-arrays.ts'
import { checkSums } from './whole-numbers.ts'

/** What a format keeps of a row besides its stack. */
export interface KeptFields {
  exact?: boolean
  domain?: boolean
  type?: boolean
}

/**
 * A snapshot reduced to what a format keeps: stacks and what `kept` names. Rows that differ in nothing else
 * are added up, in order of first appearance, on tables without unused entries. Throws FormatError
 * `too-large` for a sum beyond 2^53.
 */
export function merged(snapshot: Snapshot, kept: KeptFields = {}): Snapshot {
  const { columns } = snapshot
  const builder = new SnapshotBuilder()
  const stackOf = stackMapper(snapshot.tables, builder.tables, kept.exact === true)
  const add = rowAdder(builder)
  for (let i = 0; i < snapshot.length; i++) {
    const type = kept.type ? builder.tables.strings.intern(snapshot.tables.strings.get(columns.type[i])) : 0
    add(
      stackOf(columns.stack[i]),
      columns.size[i],
      columns.count[i],
      kept.domain ? columns.domain[i] : 0,
      type,
    )
  }
  return withExactSums(builder.build(snapshot.meta, snapshot.tracebackLimit))
}

function withExactSums(snapshot: Snapshot): Snapshot {
  checkSums(snapshot.columns.size)
  checkSums(snapshot.columns.count)
  return snapshot
}

/**
 * What changed from `old` to `now`: a row for each stack, domain and type whose size or count differs. Size
 * and count are new minus old, so they can be negative. The metadata is `now`'s, except what concerns a
 * single read.
 */
export function differenceOf(now: Snapshot, old: Snapshot): Snapshot {
  const builder = new SnapshotBuilder(now.tables)
  const add = rowAdder(builder)
  for (const [{ columns, length }, sign] of [
    [now, 1],
    [old.over(now.tables), -1],
  ] as const) {
    for (let i = 0; i < length; i++) {
      const { stack, size, count, domain, type } = columns
      add(stack[i], sign * size[i], sign * count[i], domain[i], type[i])
    }
  }
  const { session: _, read: __, memory: ___, skipped: ____, ...meta } = now.meta
  const all = builder.build(
    {
      ...meta,
      accuracy: either(now.meta.accuracy, old.meta.accuracy, 'sampled'),
      counts: either(now.meta.counts, old.meta.counts, 'estimated'),
      name: 'difference',
    },
    Math.max(now.tracebackLimit, old.tracebackLimit),
  )
  const changed = Uint32Array.from(all.columns.stack.keys()).filter(
    // An unknown count is not a change.
    i => all.columns.size[i] !== 0 || Math.abs(all.columns.count[i]) > 0,
  )
  return withExactSums(all.withRows(changed))
}

function either<T>(a: T, b: T, weaker: T): T {
  return a === weaker || b === weaker ? weaker : a
}

/** Adds rows; those with equal stack, domain and type are added up. */
export function rowAdder(builder: SnapshotBuilder) {
  const index = new RowIndex()
  const stacks: number[] = []
  const domains: number[] = []
  const types: number[] = []
  const hashOf = (row: number) => hash2(stacks[row], hash2(domains[row], types[row]))
  return (stack: number, size: number, count: number, domain: number, type: number): void => {
    const hash = hash2(stack, hash2(domain, type))
    const found = index.find(hash, i => stacks[i] === stack && domains[i] === domain && types[i] === type)
    if (found >= 0) {
      builder.grow(found, size, count)
      return
    }
    const row = builder.add(stack, size, count, domain, type)
    stacks.push(stack)
    domains.push(domain)
    types.push(type)
    index.add(hash, row, hashOf)
  }
}

/** Maps stacks of one table to another. Only requested stacks are added there. */
function stackMapper(from: Tables, to: Tables, exact: boolean): (stack: number) => number {
  const stacks = new Uint32Array(from.stacks.length) // id in `to`; 0 = not yet
  const frames = new Uint32Array(from.frames.length) // id in `to`, plus 1
  const frameOf = (frame: number): number => {
    if (frames[frame] === 0) {
      const kept = from.frames.get(frame)
      const { functionName, filename, lineno, column } = kept
      const id = exact
        ? to.frames.internFrame(kept)
        : to.frames.intern(functionName, filename, lineno, column)
      frames[frame] = id + 1
    }
    return frames[frame] - 1
  }
  return stack => {
    const missing: number[] = []
    let known = stack
    for (; known !== 0 && stacks[known] === 0; known = from.stacks.parent[known]) missing.push(known)
    for (let i = missing.length - 1; i >= 0; i--) {
      const parent = stacks[from.stacks.parent[missing[i]]]
      stacks[missing[i]] = to.stacks.intern(parent, frameOf(from.stacks.frame[missing[i]]))
    }
    return stacks[stack]
  }
}
