// A snapshot made of traces: what CPython's constructor does.
import { UsageError } from '../errors.ts'
import { SnapshotBuilder } from './builder.ts'
import type { SnapshotMeta } from './meta.ts'
import type { Snapshot } from './snapshot.ts'
import type { Trace } from './trace.ts'

/**
 * A snapshot of these traces: CPython's `Snapshot(traces, traceback_limit)`.
 * @param meta what is known of them; without it they count as exact, and as alive
 * @throws UsageError for a size or a number of blocks that is not a number
 */
export function snapshotFrom(
  traces: Iterable<Trace>,
  tracebackLimit = 1,
  meta: Partial<SnapshotMeta> = {},
): Snapshot {
  const builder = new SnapshotBuilder()
  const { strings, frames, stacks } = builder.tables
  for (const { domain, size, count, type, traceback } of traces) {
    if (!Number.isFinite(size) || typeof count !== 'number')
      throw new UsageError(`a trace has ${size} bytes in ${count} blocks`)
    let stack = 0
    for (const frame of traceback.frames) stack = stacks.intern(stack, frames.internFrame(frame))
    builder.add(stack, size, count, domain, strings.intern(type), traceback.totalNframe ?? 0)
  }
  return builder.build(
    { source: 'traces', measure: 'live', accuracy: 'exact', counts: 'exact', ...meta },
    tracebackLimit,
  )
}
