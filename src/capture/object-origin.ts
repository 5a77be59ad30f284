// Finds where the object that an expression returns was allocated.
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../errors.ts'
import type { Target } from '../inspector/isolate.ts'
import type { Session } from '../inspector/session.ts'
import type { Trace } from '../model/trace.ts'
import { isOlder, traceObject } from './v8/heap-snapshot.ts'
import { startTracker, stopTracker } from './v8/object-tracker.ts'
import { keepObjectsInPlace, type StableOptions, stabler } from './v8/stable-frames.ts'

/** Milliseconds between evaluations of the expression. */
const LOOK_TIME = 50

/** The inspector's group for the objects it holds for us. */
const GROUP = 'tracemalloc'

export interface ObjectOptions extends StableOptions {
  /** Seconds to wait for a value made after the tracker started; 0 accepts any value. */
  wait: number
  signal: AbortSignal
}

/** An object's trace, and whether it is reliable. */
export interface Origin {
  trace: Trace
  /** Did it exist before the tracker started, so that it has no trace? */
  isOlder: boolean
  /** Does this V8 lose or confuse the traces of live objects? */
  losesTraces: boolean
}

/**
 * Where the value of an expression was allocated. Starts the tracker, evaluates the expression repeatedly
 * until it gives a value made since, and stops the tracker. Throws TargetError if the value is not an object.
 */
export async function originOf(target: Target, expression: string, options: ObjectOptions): Promise<Origin> {
  const { session } = target.main
  const { wait, signal } = options
  await keepObjectsInPlace(target)
  const stable = await stabler(target, options)
  await stable?.(session)
  try {
    await startTracker(session)
    // It may be older than the tracker; what replaces it is not.
    const first = await evaluate(session, expression, true)
    const end = performance.now() + wait * 1000
    for (;;) {
      const value = await evaluate(session, expression, false)
      const isNew = value.objectId !== undefined && !(await isSame(session, value, first))
      if (isNew || performance.now() >= end || signal.aborted) return await origin(target, expression, value)
      if (value.objectId !== undefined)
        await session.post('Runtime.releaseObject', { objectId: value.objectId })
      await sleep(LOOK_TIME, undefined, { signal }).catch(() => {})
    }
  } finally {
    await stopTracker(session).catch(() => {})
    await session.post('Runtime.releaseObjectGroup', { objectGroup: GROUP }).catch(() => {})
  }
}

async function origin(target: Target, expression: string, value: ExpressionValue): Promise<Origin> {
  if (value.objectId === undefined) {
    throw new TargetError(`${expression} is ${value.text}, not an object`, {
      hint: 'use --wait SECONDS to wait until it has one',
    })
  }
  const trace = await traceObject(target.main.session, value.objectId)
  return { trace, isOlder: isOlder(trace), losesTraces: losesTraces(target) }
}

/** Node before 25 has V8 before 14, whose garbage collections separate objects from their traces. */
function losesTraces({ runtime, runtimeVersion = '' }: Target): boolean {
  return runtime === 'node' && Number.parseInt(runtimeVersion, 10) < 25
}

interface ExpressionValue {
  /** Undefined if the value is not an object. */
  objectId: string | undefined
  /** The value as text, if it is not an object. */
  text: string
}

interface Evaluated {
  result: { type: string; objectId?: string; description?: string; value?: unknown }
  exceptionDetails?: { text: string; exception?: { description?: string } }
}

/** The value of an expression. The first evaluation must have no side effects. */
async function evaluate(session: Session, expression: string, isFirst: boolean): Promise<ExpressionValue> {
  const { result, exceptionDetails } = await session.post<Evaluated>('Runtime.evaluate', {
    expression,
    objectGroup: GROUP,
    silent: true,
    throwOnSideEffect: isFirst,
  })
  if (exceptionDetails) {
    const [line] = (exceptionDetails.exception?.description ?? exceptionDetails.text).split('\n')
    return { objectId: undefined, text: `an error (${line})` }
  }
  const { type, objectId, description = String(result.value) } = result
  if (type === 'symbol') return { objectId: undefined, text: 'a symbol' }
  return { objectId, text: type === 'string' ? 'a string' : description }
}

async function isSame(session: Session, a: ExpressionValue, b: ExpressionValue): Promise<boolean> {
  if (a.objectId === undefined || b.objectId === undefined) return false
  const { result } = await session.post<{ result: { value: boolean } }>('Runtime.callFunctionOn', {
    objectId: a.objectId,
    functionDeclaration: 'function (other) { return this === other }',
    arguments: [{ objectId: b.objectId }],
    returnByValue: true,
    silent: true,
  })
  return result.value
}
