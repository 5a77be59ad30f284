// Has V8 stop the main thread when its heap is full, instead of ending the process, so that the last snapshot is in time however
// busy the machine is. It is the debugger that does so: V8 raises the limit while it is enabled, and lowers it again afterwards.
import { localSession, type Session } from '../../inspector/session.ts'

/** From this share of its limit on a heap is guarded. Below, programs run without the debugger, which makes each `await` dearer. */
const FILLING = 0.4
/** A heap with a smaller limit, in bytes, is guarded from the start: it can be full before anybody looks. */
const SMALL = 512 << 20

/** Guards the main thread's heap; all calls are of the watcher's thread. */
export interface HeapGuard {
  /** Takes note of the heap in use, in bytes, and begins or ends to guard it. */
  see(heap: number): Promise<void>
  /** Ends it: at its end the process waits for sessions that are open. */
  end(): Promise<void>
}

/**
 * @param limit most bytes that the heap may have
 * @param onFull is called while the thread is stopped at its limit, once until the heap has shrunk; never rejects
 */
export async function guardHeap(limit: number, onFull: () => Promise<void>): Promise<HeapGuard> {
  let session: Session | undefined
  let wasFull = false
  const begin = async () => {
    const opened = localSession('main')
    session = opened
    opened.on('Debugger.paused', async () => {
      wasFull = true
      await onFull()
      await end()
    })
    await opened.post('Debugger.enable')
    await opened.post('Debugger.setSkipAllPauses', { skip: true }) // all but that of a full heap
  }
  const end = async () => {
    const opened = session
    session = undefined
    if (!opened) return
    await opened.post('Debugger.disable').catch(() => {})
    await opened.close()
  }
  if (limit <= SMALL) await begin()
  return {
    async see(heap) {
      const isFilling = limit <= SMALL || heap > limit * FILLING
      if (heap < limit * FILLING) wasFull = false
      if (isFilling && !session && !wasFull) await begin()
      else if (!isFilling && session) await end()
    },
    end,
  }
}
