import { SnapshotBuilder } from '../model/builder.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Tables } from '../model/tables/tables.ts'
import { hash2, RowIndex } from '../model/tables/typed-arrays.ts'
import { checkSums } from './whole-numbers.ts'

/** What a format can tell rows apart by, besides their stacks. */
export interface Kept {
  exact?: boolean
  domain?: boolean
  type?: boolean
}

/**
 * A snapshot as a format holds it that keeps only stacks and what `kept` names: rows that differ in nothing else are
 * added, in the order of their first one, over tables with nothing that no row uses. Throws FormatError `too-large` for a sum
 * beyond 2^53.
 */
export function merged(snapshot: Snapshot, kept: Kept = {}): Snapshot {
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
 * What changed from `old` to `now`: a row for each stack, domain and type whose size or count differs, the size and count
 * being new less old, so they can be negative. The facts are `now`'s, without those of a single read.
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
    i => all.columns.size[i] !== 0 || Math.abs(all.columns.count[i]) > 0, // unknown is no change,
  )
  return withExactSums(all.withRows(changed))
}

function either<T>(a: T, b: T, weaker: T): T {
  return a === weaker || b === weaker ? weaker : a
}

/** Adds rows, those of equal stack, domain and type to each other. */
function rowAdder(builder: SnapshotBuilder) {
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

/** Gives, for a stack of one table, the stack of another: only what is asked for gets there. */
function stackMapper(from: Tables, to: Tables, exact: boolean): (stack: number) => number {
  const stacks = new Uint32Array(from.stacks.length) // id there; 0 = not yet
  const frames = new Uint32Array(from.frames.length) // id there + 1
  const frameOf = (frame: number): number => {
    if (frames[frame] === 0) {
      const { functionName, filename, lineno, column, exact: isExact } = from.frames.get(frame)
      frames[frame] = to.frames.intern(functionName, filename, lineno, column, exact && isExact) + 1
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
