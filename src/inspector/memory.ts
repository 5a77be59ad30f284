import type { Session } from './session.ts'

/** The target's own counters, in bytes. */
export type Memory = Record<string, number>

/** What is evaluated in a Node target to read its counters; it changes nothing. */
const MEMORY_USAGE = 'process.memoryUsage()'

/** Asks a Node isolate for its counters. */
export async function readMemory(session: Session): Promise<Memory> {
  const { result, exceptionDetails } = await session.post<{
    result: { value?: Memory }
    exceptionDetails?: object
  }>('Runtime.evaluate', {
    expression: MEMORY_USAGE,
    returnByValue: true,
    silent: true,
  })
  return exceptionDetails ? {} : (result.value ?? {}) // a worker thread that is ending answers with an exception
}
