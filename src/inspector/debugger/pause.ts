// A target that stands still: paused in a debugger, or waiting for one before its first line.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../session.ts'

/** Why none of a target's code runs. `place` is `file:line`, empty if it is unknown. */
export type Standstill = { why: 'paused'; place: string } | { why: 'waits' }

/** How long a target may take to answer, in ms. */
const ANSWER_TIME = 10_000
/** How long a target may take from its start to its first line, in ms. */
const START_TIME = 10_000

interface Paused {
  callFrames: { location: { scriptId: string; lineNumber: number } }[]
}

/** Where a target is paused in some debugger; undefined if it runs. Nothing is paused by looking. */
export async function pausedAt(session: Session): Promise<string | undefined> {
  let place: string | undefined
  const urls = new Map<string, string>()
  const stops = [
    session.on('Debugger.scriptParsed', ({ scriptId, url }: { scriptId: string; url: string }) => {
      urls.set(scriptId, url.replace(/^file:\/\//, ''))
    }),
    session.on('Debugger.paused', ({ callFrames: [frame] }: Paused) => {
      const url = frame && urls.get(frame.location.scriptId)
      place = url ? `${url}:${frame.location.lineNumber + 1}` : ''
    }),
  ]
  try {
    await session.post('Debugger.setSkipAllPauses', { skip: true }, ANSWER_TIME)
    await session.post('Debugger.enable', {}, ANSWER_TIME) // reports a pause before it answers
  } catch {
    return undefined // it has no debugger, or does not answer
  } finally {
    for (const stop of stops) stop()
    await session.post('Debugger.disable', {}, ANSWER_TIME).catch(() => {})
  }
  return place
}

/** Lets a paused target go on, if it is paused. */
export async function goOn(session: Session): Promise<void> {
  await session.post('Debugger.enable')
  await session.post('Debugger.resume').catch(() => {}) // it is not paused
  await session.post('Debugger.disable')
}

/**
 * Starts a target that waits for a debugger. One that was started with `--inspect-brk` is then paused before
 * its first line; others run.
 */
export async function startWaiting(session: Session, hasBegun: () => Promise<boolean>): Promise<void> {
  const paused = new Promise<true>(resolve => {
    session.on('Debugger.paused', () => resolve(true))
  })
  await session.post('Debugger.setSkipAllPauses', { skip: false })
  await session.post('Debugger.enable')
  await session.post('Runtime.runIfWaitingForDebugger')
  for (const end = performance.now() + START_TIME; performance.now() < end; ) {
    if (await Promise.race([paused, sleep(50, false)])) return
    if (await hasBegun()) break
  }
  // It may break on its first line only now.
  if (!(await Promise.race([paused, sleep(200, false)]))) await session.post('Debugger.disable')
}
