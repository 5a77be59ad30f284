// Starts and stops V8's allocation tracker, which records where every object was allocated.
import type { LocalSession, Session } from '../../inspector/session.ts'

const TRACK = { trackAllocations: true }

/** Starts V8's allocation tracker: every object from now on has a trace. It costs far more than sampling. */
export async function startTracker(session: Session): Promise<void> {
  await session.post('HeapProfiler.startTrackingHeapObjects', TRACK)
}

/** The same in this thread, synchronously. */
export function startTrackerNow(session: LocalSession): void {
  session.postNow('HeapProfiler.startTrackingHeapObjects', TRACK)
}

/** Stops it without the heap snapshot that V8 would send at its end. */
export async function stopTracker(session: Session): Promise<void> {
  await session.post('HeapProfiler.disable')
}
