import type { LocalSession, Session } from './session.ts'
import { type Sampling, startParameters } from './settings.ts'

/** V8's profile as the protocol gives it; the heapprofile converter reads it. */
export interface Profile {
  head: object
  samples?: readonly unknown[]
}

/** What V8 answers when nobody samples. */
const NOT_STARTED = /was not started/

/**
 * Starts sampling in an isolate. There is one sampler per isolate, shared by all clients, and V8 ignores a second start
 * without a word, so this asks first (a read, which collects garbage). False: another client's sampler runs already, with an
 * interval that nobody tells; it can be read and must not be stopped.
 */
export async function startSampler(session: Session, sampling: Sampling): Promise<boolean> {
  try {
    await session.post('HeapProfiler.getSamplingProfile')
    return false
  } catch (error) {
    if (!NOT_STARTED.test((error as Error).message)) throw error
  }
  await session.post('HeapProfiler.startSampling', startParameters(sampling))
  return true
}

/** The same in this thread, done when it returns. */
export function startSamplerNow(session: LocalSession, sampling: Sampling): boolean {
  try {
    session.postNow('HeapProfiler.getSamplingProfile')
    return false
  } catch (error) {
    if (!NOT_STARTED.test((error as Error).message)) throw error
  }
  session.postNow('HeapProfiler.startSampling', startParameters(sampling))
  return true
}

/** Collects garbage and reads what is alive (or, in the mode `allocated`, what was allocated). Sampling goes on. */
export async function readSampler(session: Session): Promise<Profile> {
  const { profile } = await session.post<{ profile: Profile }>('HeapProfiler.getSamplingProfile')
  return profile
}

/** Ends sampling; V8 forgets all samples. Only for a sampler that this session started. */
export async function stopSampler(session: Session): Promise<void> {
  await session.post('HeapProfiler.stopSampling')
}
