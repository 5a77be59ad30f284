import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TargetError, TracemallocError } from '../errors.ts'
import { loadFile } from '../load.ts'
import type { Trace } from '../model/trace.ts'
import type { Session } from './session.ts'

/** How long a target may take to begin with a heap snapshot, and be silent during it, in ms. */
const SILENCE = 60_000

/**
 * Streams a heap snapshot of an isolate into a new file; nothing of it is held. Every piece is on disk before the next is taken,
 * so that a target which is faster than the disk has to wait. Throws TargetError when the target is silent for a minute: a thread
 * that loops never begins. Not for a session of the thread with itself, which reporting progress ends.
 */
export async function saveHeap(session: Session, path: string): Promise<void> {
  const file = openFile(path)
  let heard = Date.now()
  let fault: Error | undefined
  const stops = [
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }: { chunk: string }) => {
      heard = Date.now()
      try {
        writeAll(file, chunk)
      } catch (error) {
        fault ??= new TracemallocError(`cannot write ${path}: ${(error as Error).message}`, { cause: error })
      }
    }),
    session.on('HeapProfiler.reportHeapSnapshotProgress', () => {
      heard = Date.now()
    }),
  ]
  let watch: NodeJS.Timeout | undefined
  const silent = new Promise<never>((_, reject) => {
    watch = setInterval(() => {
      if (fault) reject(fault)
      if (Date.now() - heard < SILENCE) return
      reject(new TargetError(`no heap snapshot in ${SILENCE / 1000} s: the target loops or is stopped`))
    }, 250)
  })
  try {
    const taken = session.post('HeapProfiler.takeHeapSnapshot', { reportProgress: true }, NEVER)
    taken.catch(() => {}) // may end when nobody waits for it any more
    await Promise.race([taken, silent])
    if (fault) throw fault
    fsyncSync(file)
  } finally {
    clearInterval(watch)
    for (const stop of stops) stop()
    closeSync(file)
  }
}

/** Longest time that a timer takes, in ms. */
const NEVER = 0x7fffffff

function openFile(path: string): number {
  try {
    return openSync(path, 'wx')
  } catch (error) {
    throw new TracemallocError(`cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
}

function writeAll(file: number, chunk: string): void {
  const bytes = Buffer.from(chunk)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

/** Starts V8's allocation tracker: every object from now on has a trace, at many times the cost of sampling. */
export async function startTracker(session: Session): Promise<void> {
  await session.post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true })
}

/** Ends it without the heap snapshot that V8 would send to the end of it. */
export async function stopTracker(session: Session): Promise<void> {
  await session.post('HeapProfiler.disable')
}

/**
 * One object as a trace: its class, its own size, and the calls that allocated it, which are none where it is older than the
 * tracker. `objectId` is the inspector's. V8 knows the object's id in a heap snapshot only when one was taken while the inspector
 * held the object, so that is the order.
 */
export async function traceObject(session: Session, objectId: string): Promise<Trace> {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-'))
  try {
    const path = join(folder, 'object.heapsnapshot')
    await saveHeap(session, path)
    const { heapSnapshotObjectId } = await session.post<{ heapSnapshotObjectId: string }>(
      'HeapProfiler.getHeapObjectId',
      { objectId },
    )
    const object = Number(heapSnapshotObjectId)
    const { snapshots } = await loadFile(path, { from: 'heapsnapshot', object })
    const trace = snapshots[0].traces.at(0)
    if (object === 0 || !trace) throw new TargetError('V8 has lost the object in its own heap snapshot')
    return trace
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
