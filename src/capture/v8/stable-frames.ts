// Keeps the frames of a running target stable, and its objects in place. The target's lease undoes it, even
// if this process is killed.
import { TargetError } from '../../errors.ts'
import type { Target } from '../../inspector/isolate.ts'
import type { Session } from '../../inspector/session.ts'
import { COMPACTION, FOLDING, stableFlags } from './flags.ts'

/** Evaluated in a target: does the program itself trace its objects, with the library? */
const TRACES_OBJECTS = '!!this.$tracemalloc?.objects'

/** Evaluated in a target: is its coverage being collected? */
const COLLECTS_COVERAGE = '!!globalThis.process?.env?.NODE_V8_COVERAGE'

/** Keeps the frames of one more isolate stable. */
export type KeepStable = (session: Session) => Promise<void>

/** The message before the start. */
const COST = {
  chrome: 'several times slower until the page is loaded again',
  node: 'up to 3 times slower until we leave, also if we are killed',
}

export interface StableOptions {
  /**
   * Keep functions on the stack and objects apart while attached. If undefined, this is done if it can be
   * undone even when this process is killed, which is not so in Chrome; with `true` it is an error if it
   * cannot be done; `already`: the target was started that way.
   */
  stableFrames?: boolean | 'already'
  /** Called with what the user should know. */
  say(line: string): void
}

/** A function to call with each isolate for stable frames; undefined if functions may be inlined. */
export async function stabler(
  target: Target,
  { stableFrames, say }: StableOptions,
): Promise<KeepStable | undefined> {
  if (stableFrames === 'already') return async () => {}
  if (stableFrames === false || (stableFrames === undefined && target.runtime === 'chrome')) {
    say(INLINED)
    return undefined
  }
  try {
    const keep = await keepFramesStable(target)
    const cost = target.runtime === 'chrome' ? COST.chrome : COST.node
    say(`keeping frames stable: hot code runs ${cost} (turn off with --no-stable-frames)`)
    return keep
  } catch (error) {
    if (stableFrames || !(error instanceof TargetError)) throw error
    say(`${error.message}: ${INLINED}`)
    return undefined
  }
}

const INLINED = 'functions may be inlined, and memory may show at a caller'

/**
 * Makes a target keep its frames stable; the result is to be called with each of its isolates. In Node and
 * Deno it turns flags off, and precise coverage on and off, which discards code optimized with them. In
 * Chrome flags cannot be set: coverage stays on until the session ends, which prevents inlining and leaves
 * code slower than it was. Throws TargetError if the process is unknown, or collects coverage itself, which
 * this would end.
 */
async function keepFramesStable(target: Target): Promise<KeepStable> {
  if (target.runtime === 'chrome') return startCoverage
  if (!target.lease) throw new TargetError('the target does not allow setting V8 flags')
  if (await holds(target.main.session, COLLECTS_COVERAGE)) {
    throw new TargetError('the target collects coverage, and stable frames would end the collection')
  }
  const version = target.runtime === 'node' ? (target.runtimeVersion ?? '') : NEWEST
  const isNew = await target.lease.off(stableFlags(version)).catch(() => {
    throw new TargetError('the target does not allow setting V8 flags')
  })
  return async session => {
    if (isNew) await renewCode(session) // otherwise its code is stable already
  }
}

/**
 * Makes a target's compiler allocate every object separately, for exact mode without stable frames; the
 * result is to be called with each of its isolates. Does nothing if the process does not allow it.
 */
export async function objectsApart(target: Target): Promise<KeepStable | undefined> {
  if (!target.lease || (await holds(target.main.session, COLLECTS_COVERAGE))) return undefined
  const isNew = await target.lease.off(FOLDING).catch(() => false)
  return isNew ? renewCode : undefined
}

async function renewCode(session: Session): Promise<void> {
  await startCoverage(session)
  await session.post('Profiler.stopPreciseCoverage')
  await session.post('Profiler.disable')
}

/** The version of Node whose V8 is closest to Deno's. */
const NEWEST = '26'

async function startCoverage(session: Session): Promise<void> {
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true })
}

/**
 * Keeps V8 from moving the objects of a running Node process away from their traces. Does nothing for other
 * targets and unknown processes, where more traces are lost. Throws TargetError if the program itself traces
 * its objects: V8 has one tracker for all, and stopping ours would stop the program's.
 */
export async function keepObjectsInPlace({
  runtime,
  runtimeVersion = '',
  main,
  lease,
}: Target): Promise<void> {
  if (runtime !== 'node') return
  if (await holds(main.session, TRACES_OBJECTS)) {
    throw new TargetError('the program traces its objects itself, and this command would end that', {
      hint: 'call getObjectTraceback(object) in the program',
    })
  }
  if (Number.parseInt(runtimeVersion, 10) >= COMPACTS) await lease?.off(COMPACTION).catch(() => {})
}

/** The first version of Node whose V8 can be told not to compact: 16 would complain of the flag. */
const COMPACTS = 18

async function holds(session: Session, expression: string): Promise<boolean> {
  const { result } = await session.post<{ result: { value?: unknown } }>('Runtime.evaluate', {
    expression,
    returnByValue: true,
    silent: true,
  })
  return result.value === true
}
