// A target's own memory counters.
import type { Session } from './session.ts'

/** The target's own counters, in bytes. */
export type Memory = Record<string, number>

/** Evaluated in a Node target to read its counters; it changes nothing. */
const MEMORY_USAGE = 'process.memoryUsage()'

/** V8's own figures for a heap. Nothing may be evaluated in an isolate that has ended: Node 20 can crash. */
export async function readHeapUsage(session: Session): Promise<Memory> {
  const { usedSize, totalSize } = await session.post<Memory>('Runtime.getHeapUsage')
  return { heapTotal: totalSize, heapUsed: usedSize }
}

/** The counters of a Node isolate, or V8's own figures if it does not answer with any. */
export async function readMemory(session: Session): Promise<Memory> {
  const asked = session.post<{ result: { value?: unknown }; exceptionDetails?: object }>('Runtime.evaluate', {
    expression: MEMORY_USAGE,
    returnByValue: true,
    silent: true,
  })
  const { result, exceptionDetails } = await asked.catch(() => ({ result: undefined, exceptionDetails: {} }))
  return result && !exceptionDetails ? ((result.value ?? {}) as Memory) : readHeapUsage(session)
}
