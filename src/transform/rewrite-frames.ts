// Replaces the frames of snapshots: the basis of source maps and of `--app`.
import type { Snapshot } from '../model/snapshot.ts'
import { Tables } from '../model/tables/tables.ts'

/** Ids of the frames used by any row of the snapshots, ascending. The snapshots share `tables`. */
export function usedFrames(tables: Tables, snapshots: readonly Snapshot[]): number[] {
  const { stacks, frames } = tables
  const usedStack = new Uint8Array(stacks.length)
  for (const { columns } of snapshots) for (const stack of columns.stack) usedStack[stack] = 1
  const used = new Uint8Array(frames.length)
  for (let i = stacks.length - 1; i > 0; i--) {
    if (usedStack[i] === 0) continue
    usedStack[stacks.parent[i]] = 1 // a parent has a lower id, so it is still to come
    used[stacks.frame[i]] = 1
  }
  return [...used.keys()].filter(i => used[i] === 1)
}

/** Snapshots grouped by the tables they share, in order. */
export function byTables(snapshots: readonly Snapshot[]): Map<Tables, Snapshot[]> {
  const groups = new Map<Tables, Snapshot[]>()
  for (const snapshot of snapshots) {
    const group = groups.get(snapshot.tables)
    if (group) group.push(snapshot)
    else groups.set(snapshot.tables, [snapshot])
  }
  return groups
}

/** What replaces a frame: the id of a frame in `into`, or -1 to remove it from every stack. */
export type FrameRewrite = (from: Tables, frame: number, into: Tables) => number

/** The same snapshots with other frames. Shared tables stay shared; rows are kept apart. */
export function rewriteFrames(snapshots: readonly Snapshot[], rewrite: FrameRewrite): Snapshot[] {
  const result = new Map<Snapshot, Snapshot>()
  for (const [from, group] of byTables(snapshots)) {
    const into = new Tables()
    const frames = new Int32Array(from.frames.length).fill(-1)
    for (const i of usedFrames(from, group)) frames[i] = rewrite(from, i, into)
    const stacks = new Uint32Array(from.stacks.length)
    for (let i = 1; i < stacks.length; i++) {
      const frame = frames[from.stacks.frame[i]]
      const parent = stacks[from.stacks.parent[i]]
      stacks[i] = frame < 0 ? parent : into.stacks.intern(parent, frame)
    }
    const types = new Map<number, number>()
    const typeOf = (id: number) => {
      let type = types.get(id)
      if (type === undefined) types.set(id, (type = into.strings.intern(from.strings.get(id))))
      return type
    }
    for (const snapshot of group) {
      const { stack, type } = snapshot.columns
      result.set(
        snapshot,
        snapshot.with({
          tables: into,
          columns: { stack: stack.map(i => stacks[i]), type: type.map(typeOf) },
        }),
      )
    }
  }
  return snapshots.map(s => result.get(s) as Snapshot)
}
