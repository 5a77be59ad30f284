// The client's side of the keeper: tells the target every second that we are there, and undoes what departed
// clients left.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../../errors.ts'
import type { Session } from '../session.ts'
import { keeper } from './keeper.ts'

/** Milliseconds between two signs of life. */
const BEAT = 1000

/** Our account with a target: what was changed for us stays changed while it is open. */
export interface Lease {
  /** Turns off V8 flags that the process's own arguments do not name. Returns true if any was on before. */
  off(flags: readonly string[]): Promise<boolean>
  /** Undoes everything that was changed for us alone. Returns true if other clients are attached. */
  release(): Promise<boolean>
}

/** Evaluates `keeper` in the target; the command line API has `require` if `process` cannot load modules. */
const KEEPER = `(${keeper})()`
/** The existing keeper, if any. */
const KNOWN = `globalThis.process?.[Symbol.for('tracemalloc.keeper')]`

/**
 * Opens an account with the process of a session, whose own inspector undoes our changes if we are killed or
 * cut off. After `ending` nothing is sent. `opened`: the inspector was opened for us, and is closed at the
 * end of the last lease. Throws TargetError if nothing can be evaluated.
 */
export async function takeLease(session: Session, opened: boolean, ending: Promise<void>): Promise<Lease> {
  const id = randomBytes(8).toString('hex')
  // The inspector holds the token for this session, by an objectId.
  await evaluate(
    session,
    `(() => { const k = ${KEEPER}; ${opened ? 'k.opened(); ' : ''}return k.hold('${id}') })()`,
  )
  const call = (text: string) => evaluate(session, `${KNOWN}?.${text}`, true)
  let isAnswered = true
  const beat = () => {
    if (!isAnswered) return // the target is busy, and will receive the previous one first
    isAnswered = false
    call(`beat('${id}')`)
      .catch(() => {})
      .finally(() => {
        isAnswered = true
      })
  }
  const timer = setInterval(beat, BEAT).unref()
  for (const end of [session.closed, ending]) void end.then(() => clearInterval(timer))
  return {
    off: async flags => (await call(`off('${id}', ${JSON.stringify(flags)})`)) === true,
    async release() {
      clearInterval(timer)
      return Number(await call(`release('${id}')`)) > 0
    },
  }
}

/** What an earlier client left in a process: nothing, something now undone, or a client is attached. */
export type Repair = 'nothing to repair' | 'repaired' | 'in use'

/** Undoes what departed clients left in a session's process. Throws TargetError if it cannot evaluate. */
export async function repair(session: Session): Promise<Repair> {
  const sweep = `(() => { const k = ${KNOWN}; return k && k.sweep() })()`
  const left = await evaluate(session, sweep, true).catch(async error => {
    // The inspector itself may be what was left, and goes away instead of answering.
    const isClosed = await Promise.race([session.closed.then(() => true), sleep(CLOSE_TIME, false)])
    if (isClosed) return 0
    throw error
  })
  if (left === undefined) return 'nothing to repair'
  return left === 0 ? 'repaired' : 'in use'
}

/** How long an inspector may take to go away, in ms. */
const CLOSE_TIME = 1000

async function evaluate(session: Session, expression: string, returnByValue = false): Promise<unknown> {
  const { result, exceptionDetails } = await session.post<{
    result: { value?: unknown }
    exceptionDetails?: object
  }>('Runtime.evaluate', { expression, includeCommandLineAPI: true, returnByValue, silent: true })
  if (exceptionDetails) throw new TargetError('nothing can be evaluated in the target')
  return result.value
}
