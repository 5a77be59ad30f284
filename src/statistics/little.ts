// Why a snapshot shows little or nothing.
import type { Snapshot } from '../model/snapshot.ts'
import { HINTS, type Hint } from '../text/hints.ts'

/** Bytes of buffers that are worth a hint. */
const LEAST = 4 << 20

/** What readers and filters have noted of the snapshots that are empty. */
export function emptyNotes(snapshots: readonly Snapshot[]): string[] {
  return [...new Set(snapshots.filter(({ length }) => length === 0).flatMap(({ meta }) => meta.notes ?? []))]
}

/** A hint if the process holds more in buffers than the snapshot shows of anything, and none were sampled. */
export function bufferHints({ meta, total }: Snapshot): Hint[] {
  const { arrayBuffers: outside = 0 } = meta.memory ?? {}
  if (outside < LEAST || outside < total.size || meta.bufferInterval !== undefined) return []
  return [HINTS.buffers({ outside })]
}
