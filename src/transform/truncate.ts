// Limits the depth of tracebacks.
import { Snapshot } from '../model/snapshot.ts'

/**
 * A snapshot whose tracebacks have at most `limit` frames: the most recent ones remain, and `totalNframe`
 * keeps the number. CPython's `start(nframe)` stores them this way from the start.
 */
export function limitFrames(snapshot: Snapshot, limit: number): Snapshot {
  if (limit >= snapshot.tracebackLimit) return snapshot
  const { tables, columns, meta } = snapshot
  const { stacks } = tables
  const depths = Uint32Array.from(columns.stack, id => stacks.depthOf(id))
  const cut = new Map<number, number>()
  const stack = columns.stack.map((id, row) => {
    if (depths[row] <= limit) return id
    let short = cut.get(id)
    if (short === undefined) {
      short = stacks
        .framesOf(id)
        .slice(-limit)
        .reduce((parent, frame) => stacks.intern(parent, frame), 0)
      cut.set(id, short)
    }
    return short
  })
  const totalNframe = columns.totalNframe ?? depths
  return new Snapshot(tables, { ...columns, stack, totalNframe }, meta, limit)
}
