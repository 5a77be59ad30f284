// CPython's tracemalloc functions for this thread.
import { onCompile } from '../capture/agent/compile-hook.ts'
import { startLines } from '../capture/agent/lines/start-lines.ts'
import { measure, readNow, startTracing, stopTracing, tracing } from '../capture/agent/tracing.ts'
import { nearest } from '../capture/nearest.ts'
import { snapshotOf } from '../capture/series/store.ts'
import { isOlder, traceOwn } from '../capture/v8/heap-snapshot.ts'
import { DEFAULT_INTERVAL, MAX_NFRAME, type Mode, samplerSettings } from '../capture/v8/settings.ts'
import { UsageError } from '../errors.ts'
import { Frame } from '../model/frame.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { Traceback } from '../model/traceback.ts'

export { dumpSnapshot, dumpSnapshots, loadSnapshot, loadSnapshots } from '../formats/files.ts'
export { DEFAULT_INTERVAL, MAX_NFRAME, type Mode }

export interface StartOptions {
  /** Mean number of bytes between samples; 1 = every block. Default 40320. */
  interval?: number
  /** What is measured: `live` (default), `allocated` since the start, or `exact` (interval 1). */
  mode?: Mode
  /** Also record the calls that made each object, for `getObjectTraceback`: 5 to 100 times the cost. */
  objects?: boolean
  /** Keep V8 from inlining functions and folding allocations, which move bytes elsewhere. Default true. */
  stableFrames?: boolean
  /**
   * Measure lines, not only functions, of the files that are loaded after this call: `own` (not those in
   * node_modules), `all`, or a pattern for paths. They are rewritten, and stay so after `stop()`.
   */
  lines?: string
}

const OPTIONS: readonly string[] = [
  'interval',
  'mode',
  'objects',
  'stableFrames',
  'lines',
] satisfies (keyof StartOptions)[]

/**
 * Starts tracing this thread's heap: CPython's `tracemalloc.start`. Does nothing if tracing is already on.
 * @param nframe largest number of frames in a traceback, 1 to 128 (V8 before version 14 collects 128 and a
 * snapshot keeps the newest)
 * @throws UsageError for a value that V8 does not survive, and for an option that there is not
 */
export function start(nframe: number = MAX_NFRAME, options: StartOptions = {}): void {
  const unknown = Object.keys(options).find(name => !OPTIONS.includes(name))
  if (unknown !== undefined) {
    const near = nearest(unknown, OPTIONS)
    throw new UsageError(`start has no option ${unknown}`, {
      hint: near === undefined ? `it has ${OPTIONS.join(', ')}` : `did you mean ${near}?`,
    })
  }
  const wanted = samplerSettings({ ...options, nframe })
  const { objects = false, stableFrames = true, lines } = options
  if (tracing()) return
  startTracing(wanted, { objects, stableFrames })
  const change = lines === undefined ? undefined : startLines(lines, !stableFrames)
  if (change) onCompile([change])
}

/** Stops tracing and discards the traces. */
export function stop(): void {
  stopTracing()
}

/** Is this thread being traced? */
export function isTracing(): boolean {
  return tracing() !== undefined
}

/**
 * Collects garbage and reads what is alive now. The heap is read before this returns; the promise covers the
 * decoding.
 * @throws UsageError if tracing is off
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

/** Discards all traces; tracing goes on. Snapshots from before and after are not paired. */
export function clearTraces(): void {
  const now = tracing()
  if (!now) return
  stopTracing()
  startTracing(now.sampled.sampling, { ...now, stableFrames: now.loosenFrames !== undefined })
}

/**
 * Traced bytes: `[current, peak]`, zeros if tracing is off. `current` needs a read, and so collects garbage
 * first. `peak` is the highest of all reads since the start or `resetPeak`: V8 reports nothing between reads.
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

/** Bytes used by tracing itself, from the sizes of V8's structures; 0 if off. Needs a read. */
export function getTracemallocMemory(): number {
  const now = tracing()
  return now ? measure(now).overhead : 0
}

/** Largest number of frames in a traceback. */
export function getTracebackLimit(): number {
  return tracing()?.sampled.sampling.nframe ?? MAX_NFRAME
}

/**
 * Counts memory that V8 does not see, such as a native library's, as a block allocated by the caller:
 * CPython's `PyTraceMalloc_Track`. Replaces a block with the same domain and key. An object used as key is
 * not kept alive, and the block outlives it.
 * @param domain kind of memory, 0 to 2^32 - 1, which snapshots and `DomainFilter` distinguish
 * @param key identifies the block within its domain: for example its address, or the object that owns it
 * @param size in bytes
 * @returns false if tracing is off and nothing is counted (-2 in C)
 * @throws UsageError for an invalid domain or size
 */
export function track(domain: number, key: unknown, size: number): boolean {
  checkDomain(domain)
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new UsageError(`the size must be a whole number of bytes, not ${size}`)
  }
  const now = tracing()
  now?.tracked.track(domain, key, size, track)
  return now !== undefined
}

/** Forgets a tracked block, if there is one: CPython's `PyTraceMalloc_Untrack`. False if tracing is off. */
export function untrack(domain: number, key: unknown): boolean {
  checkDomain(domain)
  const now = tracing()
  now?.tracked.untrack(domain, key)
  return now !== undefined
}

/**
 * The calls that tracked a block; undefined if there is no such block. C has it as
 * `_PyTraceMalloc_GetTraceback`.
 */
export function getTrackedTraceback(domain: number, key: unknown): Traceback | undefined {
  checkDomain(domain)
  const calls = tracing()?.tracked.callsOf(domain, key)
  if (!calls) return undefined
  const frames = calls.map(call => new Frame(call.filename, call.lineno, call.functionName, call.column))
  return new Traceback(frames.reverse(), frames.length)
}

function checkDomain(domain: number): void {
  if (!Number.isInteger(domain) || domain < 0 || domain > 0xffffffff) {
    throw new UsageError(`the domain must be a whole number in range [0; 4294967295], not ${domain}`)
  }
}

/**
 * The calls that made an object; undefined if V8 does not know: the object is older than `start`, its trace
 * was lost, it is not an object, or tracing is off. Writes a heap snapshot to a temporary file before it
 * returns, which takes seconds on a large heap.
 * @throws UsageError if tracing was started without `objects`
 */
export async function getObjectTraceback(object: object): Promise<Traceback | undefined> {
  const now = tracing()
  if (!now || Object(object) !== object) return undefined
  if (!now.objects) {
    throw new UsageError('objects are not traced', {
      hint: 'call start(nframe, { objects: true }), after stop() if tracing is already on',
    })
  }
  const trace = await traceOwn(now.session, object)
  const { frames } = trace.traceback
  if (frames.length === 0 || isOlder(trace)) return undefined
  return new Traceback(frames.slice(-getTracebackLimit()), frames.length)
}
