import type { Session } from './session.ts'

/** The target's own counters, in bytes. */
export type Memory = Record<string, number>

/** What is evaluated in a Node target to read its counters; it changes nothing. */
const MEMORY_USAGE = 'process.memoryUsage()'

/**
 * V8's own figures of a heap: all there is of an isolate that has ended and waits for us. Nothing must be evaluated in that: Node 20
 * can die of it.
 */
export async function readHeapUsage(session: Session): Promise<Memory> {
  const { usedSize, totalSize } = await session.post<Memory>('Runtime.getHeapUsage')
  return { heapTotal: totalSize, heapUsed: usedSize }
}

/** Asks a Node isolate for its counters; V8's own figures where it answers with none. */
export async function readMemory(session: Session): Promise<Memory> {
  const asked = session.post<{ result: { value?: unknown }; exceptionDetails?: object }>('Runtime.evaluate', {
    expression: MEMORY_USAGE,
    returnByValue: true,
    silent: true,
  })
  const { result, exceptionDetails } = await asked.catch(() => ({ result: undefined, exceptionDetails: {} }))
  return result && !exceptionDetails ? ((result.value ?? {}) as Memory) : readHeapUsage(session)
}
