import v8 from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import { TargetError } from '../../errors.ts'
import type { LocalSession, Session } from '../../inspector/session.ts'

/** Keeps every function on the stack (the first two) and every object apart. */
const FLAGS = ['turbo-inlining', 'maglev-inlining', 'turbo-allocation-folding']

/** The flags that V8 of a Node version knows. Node 20 has no Maglev to inline. */
function flagsOf(nodeVersion: string): string[] {
  return FLAGS.filter(flag => Number.parseInt(nodeVersion, 10) >= 22 || !flag.startsWith('maglev'))
}

/** Keeps frames stable in this process, for code that is not compiled yet. */
export function setStableFlags(): void {
  for (const flag of flagsOf(process.versions.node)) v8.setFlagsFromString(`--no-${flag}`)
}

/**
 * Keeps frames stable in this process, also for code that is compiled already, and returns the function that undoes it. Flags that
 * the program was started with are left alone. They are of the whole process: a worker thread leaves them set for the others.
 */
export function keepOwnFramesStable(session: LocalSession): () => void {
  const own = [...process.execArgv, process.env.NODE_OPTIONS].join(' ')
  const flags = flagsOf(process.versions.node).filter(flag => !own.includes(flag))
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
const COMPACTION = ['compact']

/** Turns it on or off in this process, unless the program was started with or without it. */
export function setCompaction(isOn: boolean): void {
  const own = [...process.execArgv, process.env.NODE_OPTIONS].join(' ')
  const [flag] = COMPACTION
  if (!own.includes(flag)) v8.setFlagsFromString(`--${isOn ? '' : 'no-'}${flag}`)
}

/** What is evaluated in a Node target to learn whether the program itself traces its objects, with the library. */
const TRACES_OBJECTS = "!!globalThis[Symbol.for('tracemalloc')]?.objects"

/** What is evaluated in a Node target: sets the flags that its own arguments leave alone. */
const setFlags = (flags: readonly string[], prefix: string) => `(() => {
  const own = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  const { setFlagsFromString } = require('v8')
  for (const flag of ${JSON.stringify(flags)}) if (!own.includes(flag)) setFlagsFromString('--${prefix}' + flag)
})()`

/** What is evaluated in a Node target to learn whether its coverage is collected. */
const COLLECTS_COVERAGE = '!!process.env.NODE_V8_COVERAGE'

/**
 * Keeps frames stable in a running isolate; returns the function that undoes it. In a Node process it sets the flags, and turns
 * precise coverage on and off, which throws away code that was optimised without them. In Chrome nobody can set flags: coverage
 * stays on meanwhile, which keeps functions from being inlined at a cost. Throws TargetError where the process cannot be told, or
 * collects coverage itself, which this would end.
 */
export async function keepFramesStable(
  session: Session,
  { runtime, runtimeVersion = '' }: { runtime: string; runtimeVersion: string | undefined },
): Promise<() => Promise<void>> {
  if (runtime === 'chrome') {
    await startCoverage(session)
    return () => stopCoverage(session)
  }
  const flags = flagsOf(runtimeVersion)
  await change(session, flags, 'no-')
  return () => change(session, flags, '')
}

async function startCoverage(session: Session): Promise<void> {
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true })
}

async function stopCoverage(session: Session): Promise<void> {
  await session.post('Profiler.stopPreciseCoverage')
  await session.post('Profiler.disable')
}

async function change(session: Session, flags: readonly string[], prefix: string): Promise<void> {
  if (await evaluate(session, COLLECTS_COVERAGE)) {
    throw new TargetError('the target collects coverage, which --stable-frames would end')
  }
  await evaluate(session, setFlags(flags, prefix))
  await startCoverage(session)
  await stopCoverage(session)
}

/**
 * Keeps V8 from moving the objects of a running Node process away from their traces; returns the function that undoes it. Elsewhere,
 * and where the process cannot be told, nothing is done: then more traces are lost. Throws TargetError where the program itself traces
 * its objects: V8 has one tracker for all, and our end would be its end.
 */
export async function keepObjectsInPlace(
  session: Session,
  { runtime }: { runtime: string },
): Promise<() => Promise<void>> {
  const nothing = async () => {}
  if (runtime !== 'node') return nothing
  if (await evaluate(session, TRACES_OBJECTS).catch(() => false)) {
    throw new TargetError('the program traces its objects itself, which this would end', {
      hint: 'getObjectTraceback(object) in the program tells of one',
    })
  }
  return evaluate(session, setFlags(COMPACTION, 'no-')).then(
    () => () => evaluate(session, setFlags(COMPACTION, '')).then(nothing),
    () => nothing,
  )
}

async function evaluate(session: Session, expression: string): Promise<unknown> {
  const { result, exceptionDetails } = await session.post<{
    result: { value?: unknown }
    exceptionDetails?: object
  }>('Runtime.evaluate', { expression, includeCommandLineAPI: true, returnByValue: true, silent: true })
  if (exceptionDetails) throw new TargetError('the target lets nobody set its flags')
  return result.value
}
