// Refuses commands that V8 does not survive.
import { TargetError } from '../errors.ts'

/** Largest number of frames in a traceback. V8 before 14 keeps 128; from 148 on, deep stacks kill it. */
export const MAX_NFRAME = 128

/**
 * Refuses to send a command that V8 does not survive or answers with wrong data: an interval that is not an
 * integer of at least 1 aborts it, and so does reading stacks of more than 147 frames. Throws TargetError.
 */
export function refuseUnsafe(method: string, params: object): void {
  if (method !== 'HeapProfiler.startSampling') return
  const { samplingInterval = 1, stackDepth = 1 } = params as Record<string, unknown>
  if (!isWhole(samplingInterval) || !isWhole(stackDepth) || stackDepth > MAX_NFRAME) {
    throw new TargetError(
      `${method}: interval ${samplingInterval} with ${stackDepth} frames would end the target`,
    )
  }
}

/** The same inside the target: there, a snapshot that reports progress to the thread it stops is fatal. */
export function refuseUnsafeLocally(method: string, params: object): void {
  refuseUnsafe(method, params)
  if ('reportProgress' in params && params.reportProgress) {
    throw new TargetError(`${method}: reporting progress inside of the thread would end it`)
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
