// V8's flags that keep frames stable and objects in place, set in this process: by the library and in a program of `run`.
import v8 from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import type { LocalSession } from '../../inspector/session.ts'

/** Keep every function on the stack (the first two) and every object apart, when they are off. */
const STABLE = ['turbo-inlining', 'maglev-inlining', 'turbo-allocation-folding']

/** Has V8's compiler allocate every object apart, which an exact count takes, when it is off. */
export const FOLDING = ['turbo-allocation-folding']

/** Those that V8 of a Node version knows. Node 20 has no Maglev to inline. */
export function stableFlags(nodeVersion: string): string[] {
  return STABLE.filter(flag => Number.parseInt(nodeVersion, 10) >= 22 || !flag.startsWith('maglev'))
}

/** Tells who attaches that this process keeps its frames stable itself, so that the end of theirs is not the end of ours. */
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

/** Keeps objects apart, also in code that is compiled already, and returns the function that undoes it. */
export function keepOwnObjectsApart(session: LocalSession): () => void {
  return turnOff(session, FOLDING)
}

/**
 * Keeps frames stable in this process, also for code that is compiled already, and returns the function that undoes it. Flags that
 * the program was started with are left alone. They are of the whole process: a worker thread leaves them set for the others.
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

/** Precise coverage, turned on, throws away code that was optimised. */
function forgetOptimisedCode(session: LocalSession): void {
  session.postNow('Profiler.enable')
  session.postNow('Profiler.startPreciseCoverage', { callCount: true })
  session.postNow('Profiler.stopPreciseCoverage')
  session.postNow('Profiler.disable')
}

/** Set by Node and by test runners whose coverage, which is one for all sessions, we would end. It keeps frames stable by itself. */
const COVERAGE = ['NODE_V8_COVERAGE', 'VITEST', 'JEST_WORKER_ID']

function mayCollectCoverage(): boolean {
  return COVERAGE.some(name => process.env[name] !== undefined)
}

/** Lets V8 move objects together. The allocation tracker loses the traces of those that it moves. */
export const COMPACTION = ['compact']

/** Turns it on or off in this process, unless the program was started with or without it. */
export function setCompaction(isOn: boolean): void {
  const own = [...process.execArgv, process.env.NODE_OPTIONS].join(' ')
  const [flag] = COMPACTION
  if (!own.includes(flag)) v8.setFlagsFromString(`--${isOn ? '' : 'no-'}${flag}`)
}
