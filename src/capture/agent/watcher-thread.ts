// Runs in a worker thread of a traced process. It reads the samplers of the other threads through the inspector, which answers
// even while they loop or wait, so that neither a profile's text nor its conversion burdens the program's heaps.
import { closeSync, openSync, writeSync } from 'node:fs'
import { devNull } from 'node:os'
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads'
import { TargetError } from '../../errors.ts'
import { type WorkerSession, workerSessions } from '../../inspector/node-workers.ts'
import { localSession, type Session } from '../../inspector/session.ts'
import { withTime } from '../../inspector/timeout.ts'
import { messageLine } from '../../text/escape.ts'
import { readingOf, type Sampled } from '../series/metadata.ts'
import { filePrefix } from '../series/names.ts'
import { readSampler } from '../v8/sampler.ts'
import type { Settings } from '../v8/settings.ts'
import { ALIVE_BESIDES, BEAT, FORGET, GONE, NEXT_FACTS, THREADS } from './expressions.ts'
import { Lookout } from './heap-alarm.ts'
import { hasEnded } from './parent.ts'
import type { Besides } from './tracing.ts'

/** What reads and writes profiles is large: it is loaded behind the start. */
const store = import('../series/store.ts')
store.catch(() => {}) // told when it is needed

/** What the watcher is told at its start. */
export interface WatcherData {
  settings: Settings & { dir: string }
  /** Two cells: how many requests were answered, its start being the first; and a sign of life that changes. */
  answered: Int32Array
  /** Most bytes that the main thread's heap may have. */
  limit: number
}

/** A snapshot of every thread now, or of all at the end of the process, or of one thread. */
export type Request = 'now' | 'end' | { isolate: string }

const { settings, answered, limit } = workerData as WatcherData
const { dir } = settings
const label = String(process.pid)

// The main thread may be waiting, and hears of nothing else.
process.on('exit', () => {
  Atomics.store(answered, 1, GONE)
  Atomics.notify(answered, 0)
})

/** What a worker thread tells of itself when it starts. */
export interface Thread {
  isolate: string
  /** Most bytes that its heap may have. */
  limit: number
}

/** The heaps that may run full: main's, and those of the worker threads. */
const lookouts = new Map([['main', new Lookout(limit, settings.peak)]])
new BroadcastChannel(THREADS).onmessage = message => {
  const { isolate, limit } = (message as { data: Thread }).data
  lookouts.set(isolate, new Lookout(limit, false))
}

/** Milliseconds between looks at a main thread that seems quiet: whether it is stuck, and its heap. */
const BEAT_TIME = 1000

/** How long a worker thread may take to be read, in ms: one that is inside a synchronous call must not hold up the program's end. */
const WORKER_TIME = 10_000
/** How long it may take to tell how full its heap is, and how long it is left alone when it does not, in ms. */
const LOOK_TIME = 1000
const SILENCE = 5000

/** One thing after the other; a failure is told and is the end of that one only. */
let last = Promise.resolve()
function enqueue(work: () => Promise<void>): Promise<void> {
  last = last.then(() => (isRetired ? undefined : isOrphan() ? retire() : work())).catch(say)
  return last
}

/** Is the `run` gone that waits for the files? */
function isOrphan(): boolean {
  return settings.parent !== undefined && hasEnded(settings.parent)
}

let isRetired = false

/**
 * Ends the tracing of all threads: nobody waits for its files, and they would be written for ever. This thread stays, idle: Node can die of
 * a thread that ends just after its session with another.
 */
async function retire(): Promise<void> {
  isRetired = true
  await withMain(async main => {
    for (const session of [main, ...(settings.workers ? await workerSessions(main) : [])]) {
      const stopped = session
        .post('HeapProfiler.stopSampling')
        .then(() => session.post('Runtime.evaluate', { expression: FORGET, silent: true }))
      await withTime(stopped, WORKER_TIME, 'a thread does not answer').catch(() => {})
    }
  })
}

/** A worker's own process.stderr needs the main thread. */
function say(what: Error | string): void {
  writeSync(2, messageLine(typeof what === 'string' ? what : what.message))
}

/** Connected for the moment only: at the end of a process Node waits for sessions that are still open. */
async function withMain<T>(work: (main: Session) => Promise<T>): Promise<T> {
  const main = localSession('main')
  try {
    return await work(main)
  } finally {
    await main.close()
  }
}

/** Reads and saves every thread that is traced. */
async function snapshots(main: Session): Promise<void> {
  await snapshot(main, 'main')
  if (!settings.workers) return
  for (const session of await workerSessions(main)) await snapshot(session, session.thread)
}

/** Reads and saves one worker thread. */
async function worker(main: Session, thread: string): Promise<void> {
  const session = (await workerSessions(main)).find(session => session.thread === thread)
  if (session) await snapshot(session, thread)
}

/** Reads and saves a thread. A worker thread that does not answer, or ends meanwhile, is told and is no failure. */
async function snapshot(session: Session, thread: string, note?: string): Promise<void> {
  try {
    const work = read(session, note)
    const reading = await (thread === 'main'
      ? work
      : withTime(work, WORKER_TIME, `${thread} does not answer, and is not in a snapshot`))
    if (!reading) return
    const { noteRead, save } = await store
    await withDescriptors(async () => {
      const saved = await save(dir, reading)
      if (settings.every !== undefined) noteRead(dir, label, { ...saved, took: reading.took })
    })
  } catch (error) {
    if (thread === 'main') throw error
    say(error as Error)
  }
}

/** Held back for our own files, as a program may use up all descriptors that it can have. */
let descriptors = holdDescriptors()

function holdDescriptors(): number[] {
  try {
    return [openSync(devNull, 'r'), openSync(devNull, 'r')]
  } catch {
    return []
  }
}

async function withDescriptors(work: () => Promise<void>): Promise<void> {
  for (const descriptor of descriptors) closeSync(descriptor)
  try {
    await work()
  } finally {
    descriptors = holdDescriptors()
  }
}

async function read(session: Session, note?: string) {
  const facts = await evaluate<{ sampled: Sampled; read: number }>(session, NEXT_FACTS)
  if (!facts) return undefined // not traced, or no longer
  const { sampled, read } = facts
  const lookout = lookouts.get(sampled.isolate)
  const start = performance.now()
  // Asked for at once: the program goes on when all are answered, so the heap is as the profile's collection left it. A thread
  // that dies meanwhile may have told its profile alone.
  const [profile, besides] = await Promise.all([
    readSampler(session),
    evaluate<Besides>(session, ALIVE_BESIDES).catch(() => undefined),
  ])
  const took = performance.now() - start
  const { memory = {}, blocks } = besides ?? {}
  lookout?.noteRead(performance.now(), took, memory)
  const noted = note === undefined ? sampled : { ...sampled, notes: [...(sampled.notes ?? []), note] }
  const peak = lookout && { heapPeak: lookout.heapPeak }
  return { ...readingOf(profile, label, noted, read, { ...memory, ...peak }), blocks, took }
}

/** What an expression gives in a thread. Throws TargetError for a thread that is ending: V8 answers with an exception then. */
async function evaluate<T>(session: Session, expression: string): Promise<T | undefined> {
  const { result, exceptionDetails } = await session.post<{
    result: { value?: T }
    exceptionDetails?: object
  }>('Runtime.evaluate', { expression, returnByValue: true, silent: true })
  if (exceptionDetails) throw new TargetError('a thread ended while it was read')
  return result.value
}

/** Looks at the heaps; takes a snapshot of one when it is time for it. */
async function look(): Promise<void> {
  if (isEnding) return
  await withMain(async main => {
    await main.post('Runtime.evaluate', { expression: BEAT, silent: true })
    const reason = await lookAt(main, lookouts.get('main')!)
    if (reason === 'peak') await peak(main)
    else if (reason !== undefined) await snapshot(main, 'main', reason)
    if (lookouts.size > 1) await lookAtWorkers(await workerSessions(main))
  })
}

async function lookAt(session: Session, lookout: Lookout) {
  const { usedSize } = await session.post<{ usedSize: number }>('Runtime.getHeapUsage')
  return lookout.see(performance.now(), process.memoryUsage.rss(), usedSize)
}

/** When a worker thread that did not answer is asked again. */
const silentUntil = new Map<string, number>()

/** Looks at the worker threads side by side, and forgets those that have ended. */
async function lookAtWorkers(sessions: readonly WorkerSession[]): Promise<void> {
  const byThread = new Map(sessions.map(session => [session.thread, session]))
  const looks = [...lookouts].map(async ([thread, lookout]) => {
    if (thread === 'main' || performance.now() < (silentUntil.get(thread) ?? 0)) return
    const session = byThread.get(thread)
    if (!session) return void lookouts.delete(thread)
    try {
      const reason = await withTime(lookAt(session, lookout), LOOK_TIME, 'a worker thread does not answer')
      if (reason === 'near the heap limit') await snapshot(session, thread, reason)
    } catch {
      silentUntil.set(thread, performance.now() + SILENCE) // it is busy, or ends
    }
  })
  await Promise.all(looks)
}

let highest = 0

/** Keeps the snapshot of the most memory that was alive. */
async function peak(main: Session): Promise<void> {
  const reading = await read(main)
  if (!reading) return
  const { savePeak } = await store
  highest = await savePeak(dir, reading, highest)
}

function answer(): void {
  Atomics.add(answered, 0, 1)
  Atomics.notify(answered, 0)
}

/** Makes dumps of what worker threads have left raw at their end. */
async function finishWorkers(): Promise<void> {
  await (await store).finishAll(dir, filePrefix(label, 'main'), say)
}

/** At its end the main thread has no context left to look at, and waits for sessions that are open. */
let isEnding = false

parentPort!.on('message', async (request: Request) => {
  if (request === 'end') isEnding = true
  await enqueue(() =>
    withMain(main => (typeof request === 'object' ? worker(main, request.isolate) : snapshots(main))),
  )
  await enqueue(() => withDescriptors(finishWorkers).catch(() => {})) // a folder that is gone was told when it was written to
  answer()
})
if (settings.every !== undefined) {
  let left = settings.count ?? Number.POSITIVE_INFINITY
  every(settings.every * 1000, async () => {
    if (left-- > 0) await withMain(main => snapshots(main))
  })
}

let lookedAt = 0
keepLooking()
function keepLooking(): void {
  const all = [...lookouts.values()]
  setTimeout(
    async () => {
      if (isEnding) return
      const now = performance.now()
      const rss = process.memoryUsage.rss()
      if (all.some(lookout => lookout.isRising(rss)) || now - lookedAt >= BEAT_TIME) {
        lookedAt = now
        await enqueue(look)
      }
      keepLooking()
    },
    Math.min(...all.map(lookout => lookout.pollTime)),
  )
}
setInterval(() => Atomics.add(answered, 1, 1), 1000)
if (settings.parent !== undefined) every(BEAT_TIME, async () => {})
answer()

/** Does the work every so many ms, unless the last time is not over yet. */
function every(time: number, work: () => Promise<void>): void {
  let isBusy = false
  setInterval(async () => {
    if (isBusy) return
    isBusy = true
    await enqueue(work)
    isBusy = false
  }, time)
}
