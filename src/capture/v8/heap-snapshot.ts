// Takes heap snapshots, and reads an object's allocation trace from one.
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

/** How long, in ms, a target may take to start a heap snapshot, or be silent during it. */
const SILENCE = 60_000

/**
 * Streams a heap snapshot of an isolate into a new file; none of it is held in memory. Each piece is on disk
 * before the next is accepted, so that a target faster than the disk has to wait. Throws TargetError if the
 * target is silent for a minute: a thread that loops never starts. Not for a thread's session with itself,
 * which reporting progress would end. `isLast` also ends the tracker: such a target has ended and waits for
 * us, and takes only this one snapshot.
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
      reject(new TargetError(`no heap snapshot in ${SILENCE / 1000} s: the target is in a loop or stopped`))
    }, 250)
  })
  try {
    const method = isLast ? 'stopTrackingHeapObjects' : 'takeHeapSnapshot'
    const taken = session.post(`HeapProfiler.${method}`, { reportProgress: true }, NEVER)
    taken.catch(() => {}) // may fail after everybody has stopped waiting
    await Promise.race([taken, silent])
    if (fault) throw fault
    syncNow(file, path)
  } finally {
    clearInterval(watch)
    for (const stop of stops) stop()
    closeSync(file)
  }
}

/** Longest time for a timer, in ms. */
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
 * One object as a trace: its class, its own size, and the calls that allocated it: none if V8 has lost them,
 * the file `<older>` if it is older than the tracker. `objectId` is the inspector's. V8 knows the object's id
 * in a heap snapshot only if one is taken while the inspector holds the object, hence the order.
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

/** The same for an object of this thread. The heap is read before this returns. */
export function traceOwn(session: LocalSession, object: object): Promise<Trace> {
  return withFile(path => {
    const objectId = hold(session, object)
    try {
      v8.writeHeapSnapshot(path) // through the inspector it would wait for this thread
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
      throw new TargetError('the inspector cannot see the globals of this code')
    return result.objectId
  } finally {
    Reflect.deleteProperty(globalThis, key)
  }
}

async function traceIn(path: string, object: number): Promise<Trace> {
  const { snapshots } = await loadFile(path, { from: 'heapsnapshot', object })
  const trace = snapshots[0].traces.at(0)
  if (object === 0 || !trace) throw new TargetError('the object is missing in the heap snapshot')
  return trace
}

/** Runs the work with a path for a file, which is removed afterwards. */
async function withFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-'))
  try {
    return await work(join(folder, 'object.heapsnapshot'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Did an object exist before the tracker started? */
export function isOlder({ traceback }: Trace): boolean {
  return traceback.length === 1 && traceback.frames[0].filename === OLDER
}
