import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import v8 from 'node:v8'
import { PRIVATE_FILE } from '../../bytes/disk.ts'
import { asFileError, TargetError } from '../../errors.ts'
import { loadFile } from '../../formats/files.ts'
import type { LocalSession, Session } from '../../inspector/session.ts'
import { OLDER } from '../../model/tables/frames.ts'
import type { Trace } from '../../model/trace.ts'

/** How long a target may take to begin with a heap snapshot, and be silent during it, in ms. */
const SILENCE = 60_000

/**
 * Streams a heap snapshot of an isolate into a new file; nothing of it is held. Every piece is on disk before the next is taken,
 * so that a target which is faster than the disk has to wait. Throws TargetError when the target is silent for a minute: a thread
 * that loops never begins. Not for a session of the thread with itself, which reporting progress ends. `isLast` ends the tracker, too:
 * the only snapshot that a target takes which has ended and waits for us.
 */
export async function saveHeap(session: Session, path: string, isLast = false): Promise<void> {
  const file = openFile(path)
  let heard = performance.now()
  let fault: Error | undefined
  const stops = [
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }: { chunk: string }) => {
      heard = performance.now()
      try {
        writeAll(file, chunk)
      } catch (error) {
        fault ??= asFileError(`write ${path}`, error) as Error
      }
    }),
    session.on('HeapProfiler.reportHeapSnapshotProgress', () => {
      heard = performance.now()
    }),
  ]
  let watch: NodeJS.Timeout | undefined
  const silent = new Promise<never>((_, reject) => {
    watch = setInterval(() => {
      if (fault) reject(fault)
      if (performance.now() - heard < SILENCE) return
      reject(new TargetError(`no heap snapshot in ${SILENCE / 1000} s: the target loops or is stopped`))
    }, 250)
  })
  try {
    const method = isLast ? 'stopTrackingHeapObjects' : 'takeHeapSnapshot'
    const taken = session.post(`HeapProfiler.${method}`, { reportProgress: true }, NEVER)
    taken.catch(() => {}) // may end when nobody waits for it any more
    await Promise.race([taken, silent])
    if (fault) throw fault
    syncNow(file, path)
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
    return openSync(path, 'wx', PRIVATE_FILE)
  } catch (error) {
    throw asFileError(`write ${path}`, error)
  }
}

function syncNow(file: number, path: string): void {
  try {
    fsyncSync(file)
  } catch (error) {
    throw asFileError(`write ${path}`, error)
  }
}

function writeAll(file: number, chunk: string): void {
  const bytes = Buffer.from(chunk)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

/**
 * One object as a trace: its class, its own size, and the calls that allocated it, which are none where V8 has lost them, and the file
 * `<older>` where it is older than the tracker. `objectId` is the inspector's. V8 knows the object's id in a heap snapshot only when
 * one was taken while the inspector held the object, so that is the order.
 */
export function traceObject(session: Session, objectId: string): Promise<Trace> {
  return withFile(async path => {
    await saveHeap(session, path)
    const { heapSnapshotObjectId } = await session.post<Numbered>('HeapProfiler.getHeapObjectId', {
      objectId,
    })
    return traceIn(path, Number(heapSnapshotObjectId))
  })
}

/** The same for an object of this thread, whose heap is read before this returns. */
export function traceOwn(session: LocalSession, object: object): Promise<Trace> {
  return withFile(path => {
    const objectId = hold(session, object)
    try {
      v8.writeHeapSnapshot(path) // in the inspector's own way it would wait for this thread
      const { heapSnapshotObjectId } = session.postNow<Numbered>('HeapProfiler.getHeapObjectId', { objectId })
      return traceIn(path, Number(heapSnapshotObjectId))
    } finally {
      session.postNow('Runtime.releaseObject', { objectId })
    }
  })
}

interface Numbered {
  heapSnapshotObjectId: string
}

/** The inspector's id of an object. */
function hold(session: LocalSession, object: object): string {
  const key = Symbol.for('tracemalloc.object')
  Object.defineProperty(globalThis, key, { value: object, configurable: true })
  try {
    const { result } = session.postNow<{ result: { objectId?: string } }>('Runtime.evaluate', {
      expression: "globalThis[Symbol.for('tracemalloc.object')]",
    })
    if (result.objectId === undefined)
      throw new TargetError('the inspector does not see the globals of this code')
    return result.objectId
  } finally {
    Reflect.deleteProperty(globalThis, key)
  }
}

async function traceIn(path: string, object: number): Promise<Trace> {
  const { snapshots } = await loadFile(path, { from: 'heapsnapshot', object })
  const trace = snapshots[0].traces.at(0)
  if (object === 0 || !trace) throw new TargetError('V8 has lost the object in its own heap snapshot')
  return trace
}

/** Does the work with a path for a file that goes when it is done. */
async function withFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-'))
  try {
    return await work(join(folder, 'object.heapsnapshot'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Was an object there before the tracker? */
export function isOlder({ traceback }: Trace): boolean {
  return traceback.length === 1 && traceback.frames[0].filename === OLDER
}
