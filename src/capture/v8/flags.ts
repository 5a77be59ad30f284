// Sets V8's flags in this process so that frames stay stable and objects in place, for the library and for
// `run`.
import v8 from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import type { LocalSession } from '../../inspector/session.ts'

/** With these flags off, V8 keeps every function on the stack (the first two) and every object apart. */
const STABLE = ['turbo-inlining', 'maglev-inlining', 'turbo-allocation-folding']

/** With this flag off, V8's compiler allocates every object separately, as an exact count requires. */
export const FOLDING = ['turbo-allocation-folding']

/** The flags that V8 knows in a Node version. Node 20 has no Maglev to inline. */
export function stableFlags(nodeVersion: string): string[] {
  return STABLE.filter(flag => Number.parseInt(nodeVersion, 10) >= 22 || !flag.startsWith('maglev'))
}

/** Tells clients that attach that this process keeps its own frames stable, so that they do not undo it. */
const MARK = Symbol.for('tracemalloc.stable')

function mark(): void {
  Object.defineProperty(process, MARK, { value: true, configurable: true, enumerable: false })
}

/** Are frames kept stable in this process, by any copy of this library? */
export function areOwnFramesStable(): boolean {
  return MARK in process
}

/** Keeps frames stable in this process, for code that is not compiled yet. */
export function setStableFlags(): void {
  mark()
  for (const flag of stableFlags(process.versions.node)) v8.setFlagsFromString(`--no-${flag}`)
}

/** Keeps objects apart, also in compiled code. Returns the function that undoes it. */
export function keepOwnObjectsApart(session: LocalSession): () => void {
  return turnOff(session, FOLDING)
}

/**
 * Keeps frames stable in this process, also in compiled code. Returns the function that undoes it. Leaves
 * flags alone that the program was started with. Flags concern the whole process: a worker thread leaves them
 * set for the others.
 */
export function keepOwnFramesStable(session: LocalSession): () => void {
  mark()
  const undo = turnOff(session, stableFlags(process.versions.node))
  return () => {
    if (isMainThread) Reflect.deleteProperty(process, MARK)
    undo()
  }
}

function turnOff(session: LocalSession, wanted: readonly string[]): () => void {
  const own = [...process.execArgv, process.env.NODE_OPTIONS].join(' ')
  const flags = wanted.filter(flag => !own.includes(flag))
  const change = (prefix: string) => {
    for (const flag of flags) v8.setFlagsFromString(`--${prefix}${flag}`)
    if (flags.length > 0 && !mayCollectCoverage()) forgetOptimisedCode(session)
  }
  change('no-')
  return () => {
    if (isMainThread) change('')
  }
}

/** Turning on precise coverage discards optimized code. */
function forgetOptimisedCode(session: LocalSession): void {
  session.postNow('Profiler.enable')
  session.postNow('Profiler.startPreciseCoverage', { callCount: true })
  session.postNow('Profiler.stopPreciseCoverage')
  session.postNow('Profiler.disable')
}

/** Set where coverage is collected, which our session would end; it keeps frames stable by itself. */
const COVERAGE = ['NODE_V8_COVERAGE', 'VITEST', 'JEST_WORKER_ID']

function mayCollectCoverage(): boolean {
  return COVERAGE.some(name => process.env[name] !== undefined)
}

/** Lets V8 move objects together. The allocation tracker loses the traces of those that move. */
export const COMPACTION = ['compact']

/** Turns it on or off in this process, unless the program was started with that flag. */
export function setCompaction(isOn: boolean): void {
  const own = [...process.execArgv, process.env.NODE_OPTIONS].join(' ')
  const [flag] = COMPACTION
  if (!own.includes(flag)) v8.setFlagsFromString(`--${isOn ? '' : 'no-'}${flag}`)
}
