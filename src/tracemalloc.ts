import { DEFAULT_INTERVAL, MAX_NFRAME, type Mode, sampling } from './capture/settings.ts'
import { snapshotOf } from './capture/store.ts'
import { measure, readNow, startTracing, stopTracing, tracing } from './capture/tracing.ts'
import { UsageError } from './errors.ts'
import type { Snapshot } from './model/snapshot.ts'

export { dumpSnapshot, loadSnapshot } from './load.ts'
export { DEFAULT_INTERVAL, MAX_NFRAME, type Mode }

export interface StartOptions {
  /** Bytes between samples, on average; 1 = every block. Default 40320. */
  interval?: number
  /** What is measured: `live` (default), `allocated` since the start, or `exact` (interval 1). */
  mode?: Mode
}

/**
 * Starts tracing this thread's heap: CPython's `tracemalloc.start`. Does nothing when tracing is on already.
 * @param nframe most frames of a traceback, 1 to 128 (V8 before version 14 collects 128 and a snapshot keeps the newest)
 * @throws UsageError for a value that V8 does not survive
 */
export function start(nframe: number = MAX_NFRAME, options: StartOptions = {}): void {
  const wanted = sampling({ ...options, nframe })
  if (!tracing()) startTracing(wanted)
}

/** Stops tracing; the traces are gone. */
export function stop(): void {
  stopTracing()
}

/** Is this thread traced? */
export function isTracing(): boolean {
  return tracing() !== undefined
}

/**
 * Collects garbage and reads what is alive now. The heap is read before this returns; the promise is for the decoding.
 * @throws UsageError when tracing is off
 */
export async function takeSnapshot(): Promise<Snapshot> {
  const now = tracing()
  if (!now) {
    throw new UsageError('the tracemalloc module must be tracing memory allocations to take a snapshot', {
      hint: 'call start() first',
    })
  }
  return snapshotOf(readNow(now))
}

/** Forgets all traces; tracing goes on. Snapshots from before and after do not pair. */
export function clearTraces(): void {
  const now = tracing()
  if (!now) return
  stopTracing()
  startTracing(now.sampled.sampling, now.blocks !== undefined)
}

/**
 * Bytes that the traces stand for: `[current, peak]`, zeros when tracing is off. `current` is a read, and so collects garbage
 * first. `peak` is the highest of all reads since the start or `resetPeak`: between reads V8 tells nobody.
 */
export function getTracedMemory(): [current: number, peak: number] {
  const now = tracing()
  if (!now) return [0, 0]
  const current = measure(now).size
  return [current, now.peak]
}

/** Sets the peak to what is alive now. */
export function resetPeak(): void {
  const now = tracing()
  if (!now) return
  now.peak = 0
  measure(now)
}

/** Bytes that tracing itself holds, by the sizes of V8's structures: 0 when it is off. Like `getTracedMemory`, this is a read. */
export function getTracemallocMemory(): number {
  const now = tracing()
  return now ? measure(now).overhead : 0
}

/** Most frames of a traceback. */
export function getTracebackLimit(): number {
  return tracing()?.sampled.sampling.nframe ?? MAX_NFRAME
}
