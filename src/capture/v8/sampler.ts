// Starts, reads and stops V8's sampling heap profiler.
import { TargetError } from '../../errors.ts'
import type { LocalSession, Session } from '../../inspector/session.ts'
import { type SamplerSettings, startParameters } from './settings.ts'

/** V8's answer if nobody is sampling. */
const NOT_STARTED = /was not started/

/** Does the error say that nobody is sampling? */
export function isNotSampling(error: unknown): boolean {
  return NOT_STARTED.test((error as Error).message)
}

/**
 * Starts sampling in an isolate. All clients share one sampler per isolate, and V8 silently ignores a second
 * start, so this first asks whether it runs (with a read, which collects garbage). Returns false if another
 * client's sampler is running: its interval is unknown; it can be read and must not be stopped.
 */
export async function startSampler(session: Session, sampling: SamplerSettings): Promise<boolean> {
  try {
    await session.postText('HeapProfiler.getSamplingProfile')
    return false
  } catch (error) {
    if (!isNotSampling(error)) throw error
  }
  await session.post('HeapProfiler.startSampling', startParameters(sampling))
  return true
}

/** The same in this thread, synchronously. */
export function startSamplerNow(session: LocalSession, sampling: SamplerSettings): boolean {
  try {
    session.postNow('HeapProfiler.getSamplingProfile')
    return false
  } catch (error) {
    if (!isNotSampling(error)) throw error
  }
  session.postNow('HeapProfiler.startSampling', startParameters(sampling))
  return true
}

/**
 * Collects garbage and reads what is alive (or, in mode `allocated`, what was allocated), as the text of V8's
 * own profile, which the heapprofile converter reads. Sampling goes on.
 */
export async function readSampler(session: Session): Promise<string> {
  const text = await session.postText('HeapProfiler.getSamplingProfile')
  const start = '{"profile":'
  if (!text.startsWith(start)) throw new TargetError('the target did not answer with a profile')
  return text.slice(start.length, -1)
}

/** Stops sampling; V8 forgets all samples. Only for a sampler that this session started. */
export async function stopSampler(session: Session): Promise<void> {
  await session.post('HeapProfiler.stopSampling')
}
