import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { Tables } from '../../src/model/tables/tables.ts'

export const exactMeta: SnapshotMeta = { source: 'test', measure: 'live', accuracy: 'exact', counts: 'exact' }
export const sampledMeta: SnapshotMeta = {
  source: 'test',
  measure: 'live',
  accuracy: 'sampled',
  counts: 'estimated',
  interval: 1024,
  intervalSource: 'given',
}

/**
 * A snapshot drawn as text: one row a line, `size count: oldest > ... > newest`, a frame being `file:line`, or
 * `function@file:line` where the line is only the function's start.
 */
export function snapshotOf(text: string, meta: SnapshotMeta = exactMeta, tables?: Tables): Snapshot {
  const builder = new SnapshotBuilder(tables)
  for (const line of text.trim().split('\n')) {
    const [, size, count, calls] = /^\s*(-?\d+) (\d+):\s*(.*)$/.exec(line) as RegExpExecArray
    let stack = 0
    for (const call of calls.split(' > ').filter(Boolean)) {
      const [, name, file, lineno] = /^(?:(.*)@)?(.*):(\d+)$/.exec(call) as RegExpExecArray
      const frame = builder.tables.frames.intern(name ?? '', file, Number(lineno), 0, name === undefined)
      stack = builder.tables.stacks.intern(stack, frame)
    }
    builder.add(stack, Number(size), Number(count))
  }
  return builder.build(meta, 128)
}
