// The watcher: a worker thread of the traced process. It reads the samplers of the other threads through the
// inspector, which answers even while they loop or wait, so that neither profiles nor their conversion burden
// the program's heaps.
import { closeSync, openSync, writeSync } from 'node:fs'
import { devNull } from 'node:os'
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads'
import { TargetError } from '../../errors.ts'
import { type WorkerSession, workerSessions } from '../../inspector/node-workers.ts'
import { localSession, type Session } from '../../inspector/session.ts'
import { withTime } from '../../inspector/timeout.ts'
import { messageLine } from '../../text/escape.ts'
import { type InlineMap, noteMap } from '../series/inline-maps.ts'
import { readingOf, type SamplerMeta } from '../series/metadata.ts'
import { filePrefix } from '../series/names.ts'
import { saveRaw } from '../series/raw-profile.ts'
import { readSampler } from '../v8/sampler.ts'
import type { Settings } from '../v8/settings.ts'
import { BEAT, BEGIN_READ, FORGET, GONE, READ_UNSAMPLED, THREADS } from './expressions.ts'
import { HeapAlarm } from './heap-alarm.ts'
import { hasEnded } from './parent.ts'
import type { Unsampled } from './tracing.ts'

/** The code that reads and writes profiles is large, so it loads while the program already starts. */
const store = import('../series/store.ts')
store.catch(() => {}) // reported when it is needed

/** What the watcher receives at its start. */
export interface WatcherData {
  settings: Settings & { dir: string }
  /** Two cells: the number of requests answered, its start first, and a counter as a sign of life. */
  answered: Int32Array
  /** Largest possible size of the main thread's heap, in bytes. */
  limit: number
}

/**
 * A snapshot of every thread now, of all at the end of the process, the same after an error that nobody
 * caught, or of one thread.
 */
export type Request = 'now' | 'end' | 'failed' | { isolate: string }

const { settings, answered, limit } = workerData as WatcherData
const { dir } = settings
const label = String(process.pid)

// The main thread may be blocked, waiting for this and nothing else.
process.on('exit', () => {
  Atomics.store(answered, 1, GONE)
  Atomics.notify(answered, 0)
})

/** What a worker thread announces when it starts. */
export interface AnnouncedThread {
  isolate: string
  /** Largest possible size of its heap, in bytes. */
  limit: number
}

/** The heaps that may fill up: the main thread's and those of the worker threads. */
const alarms = new Map([['main', new HeapAlarm(limit, settings.peak)]])
new BroadcastChannel(THREADS).onmessage = message => {
  const { data } = message as { data: AnnouncedThread | InlineMap }
  if ('script' in data) return noteMap(data)
  const { isolate, limit } = data
  alarms.set(isolate, new HeapAlarm(limit, false))
}

/** Milliseconds between checks of a main thread that seems quiet: is it stuck, and how full is its heap? */
const BEAT_TIME = 1000

/** The same while a heap is filling up. */
const FILLED_TIME = 500

/** Time in ms for reading a worker thread: one in a synchronous call must not delay the program's end. */
const WORKER_TIME = 10_000
/** Time in ms to wait for a worker's heap usage, and to leave the worker alone if it does not answer. */
const LOOK_TIME = 1000
const SILENCE = 5000

/** Runs one job after another. A failure is reported and ends only its own job. */
let last = Promise.resolve()
function enqueue(work: () => Promise<void>): Promise<void> {
  last = last.then(() => (isRetired ? undefined : isOrphan() ? retire() : work())).catch(say)
  return last
}

/** Has the `run` that waits for the files ended? */
function isOrphan(): boolean {
  return settings.parent !== undefined && hasEnded(settings.parent)
}

let isRetired = false

/**
 * Ends the tracing of all threads: nobody waits for its files, and there would be no end to them. This thread
 * stays, idle: Node can crash if a thread ends just after its session with another.
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

/** A worker's own process.stderr needs the main thread, so this writes directly. */
function say(what: Error | string): void {
  writeSync(2, messageLine(typeof what === 'string' ? what : what.message))
}

/** Connects only for the time of the work: at the end of a process Node waits for open sessions. */
async function withMain<T>(work: (main: Session) => Promise<T>): Promise<T> {
  const main = localSession('main')
  try {
    return await work(main)
  } finally {
    await main.close()
  }
}

/** Reads and saves every traced thread. */
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

/** Reads and saves a thread. If a worker thread does not answer, or ends, that is reported but no failure. */
async function snapshot(session: Session, thread: string, note?: string): Promise<void> {
  try {
    const work = read(session, note)
    const reading = await (thread === 'main'
      ? work
      : withTime(
          work,
          WORKER_TIME,
          `${thread} does not answer, and is not in a snapshot (${WORKER_TIME / 1000} s)`,
        ))
    if (!reading) return
    if (hasFailed && !(await hasProgram(reading.profile))) {
      if (thread === 'main') say('the program failed before it allocated anything: no snapshot was written')
      return
    }
    await withDescriptors(async () => {
      const file = saveRaw(dir, reading)
      const saved = await store
        .then(({ finish }) => finish(file, reading))
        .catch(error => {
          if (settings.parent === undefined) throw error // `run` tries again at the end, and reports it
        })
      if (saved && settings.every !== undefined)
        (await store).noteRead(dir, label, { ...saved, took: reading.took })
    })
  } catch (error) {
    if (thread === 'main') throw error
    say(error as Error)
  }
}

/** Does a profile name a file of the program? So it may, if that cannot be told. */
function hasProgram(profile: string): Promise<boolean> {
  return import('../series/without-profiler.ts').then(
    ({ hasProgram }) => hasProgram(profile),
    () => true,
  )
}

/** Reserved for our own files, since a program may use up all descriptors. */
let descriptors = holdDescriptors()

function holdDescriptors(): number[] {
  try {
    return [openSync(devNull, 'r'), openSync(devNull, 'r')]
  } catch {
    return []
  }
}

async function withDescriptors(work: () => Promise<void>): Promise<void> {
  const released = descriptors
  descriptors = [] // several threads may be saved at once
  for (const descriptor of released) closeSync(descriptor)
  try {
    await work()
  } finally {
    if (descriptors.length === 0) descriptors = holdDescriptors()
  }
}

async function read(session: Session, note?: string) {
  const begun = await evaluate<{ sampled: SamplerMeta; read: number }>(session, BEGIN_READ)
  if (!begun) return undefined // not traced, or no longer
  const { sampled, read } = begun
  const alarm = alarms.get(sampled.isolate)
  const start = performance.now()
  // Requested together: the program resumes only after all are answered, so the heap is as the profile's
  // collection left it. A thread that is dying may answer only the first.
  const [profile, unsampled] = await Promise.all([
    readSampler(session),
    evaluate<Unsampled>(session, READ_UNSAMPLED).catch(() => undefined),
  ])
  const took = performance.now() - start
  const { memory = {}, blocks } = unsampled ?? {}
  alarm?.noteRead(performance.now(), took, memory)
  const noted = note === undefined ? sampled : { ...sampled, notes: [...(sampled.notes ?? []), note] }
  const peak = alarm && { heapPeak: alarm.heapPeak }
  return { ...readingOf(profile, label, noted, read, { ...memory, ...peak }), blocks, took }
}

/** The value of an expression in a thread. Throws TargetError if the thread is ending: V8 then throws. */
async function evaluate<T>(session: Session, expression: string): Promise<T | undefined> {
  const { result, exceptionDetails } = await session.post<{
    result: { value?: T }
    exceptionDetails?: object
  }>('Runtime.evaluate', { expression, returnByValue: true, silent: true })
  if (exceptionDetails) throw new TargetError('a thread ended while it was read')
  return result.value
}

let lastRss = 0

/**
 * The memory that the process uses, or used before a program without descriptors kept Node from reading it.
 */
function rss(): number {
  try {
    lastRss = process.memoryUsage.rss()
  } catch {}
  return lastRss
}

/** Checks the heaps, and takes a snapshot of one if it is time. */
async function look(): Promise<void> {
  if (isEnding) return
  await withMain(async main => {
    await main.post('Runtime.evaluate', { expression: BEAT, silent: true })
    const reason = await lookAt(main, alarms.get('main')!)
    if (reason === 'peak') await peak(main)
    else if (reason !== undefined) await snapshot(main, 'main', reason)
    if (alarms.size > 1) await lookAtWorkers(await workerSessions(main))
  })
}

async function lookAt(session: Session, alarm: HeapAlarm) {
  const { usedSize } = await session.post<{ usedSize: number }>('Runtime.getHeapUsage')
  return alarm.see(performance.now(), rss(), usedSize)
}

/** When a worker thread that did not answer is asked again. */
const silentUntil = new Map<string, number>()

/** Checks the worker threads in parallel, and forgets those that have ended. */
async function lookAtWorkers(sessions: readonly WorkerSession[]): Promise<void> {
  const byThread = new Map(sessions.map(session => [session.thread, session]))
  const looks = [...alarms].map(async ([thread, alarm]) => {
    if (thread === 'main' || performance.now() < (silentUntil.get(thread) ?? 0)) return
    const session = byThread.get(thread)
    if (!session) return void alarms.delete(thread)
    try {
      const reason = await withTime(lookAt(session, alarm), LOOK_TIME, 'a worker thread does not answer')
      if (reason === 'near the heap limit') await snapshot(session, thread, reason)
    } catch {
      silentUntil.set(thread, performance.now() + (alarm.isFilled ? LOOK_TIME : SILENCE)) // busy, or ending
    }
  })
  await Promise.all(looks)
}

let highest = 0

/** Keeps the snapshot in which the most memory was alive. */
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

/** Converts what worker threads saved raw at their end. */
async function finishWorkers(): Promise<void> {
  await (await store).finishAll(
    dir,
    filePrefix(label, 'main'),
    settings.parent === undefined ? say : () => {},
  )
}

/** At its end the main thread has no context left to check, and waits for open sessions. */
let isEnding = false
/** Has an error that nobody caught ended the program? */
let hasFailed = false

parentPort!.on('message', async (request: Request) => {
  if (request === 'failed') hasFailed = true
  if (request === 'end' || hasFailed) isEnding = true
  await enqueue(() =>
    withMain(main => (typeof request === 'object' ? worker(main, request.isolate) : snapshots(main))),
  )
  // If the folder is gone, that was reported when it was written to.
  await enqueue(() => withDescriptors(finishWorkers).catch(() => {}))
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
  const all = [...alarms.values()]
  setTimeout(
    async () => {
      if (isEnding) return
      const now = performance.now()
      const size = rss()
      const pause = all.some(({ isFilled }) => isFilled) ? FILLED_TIME : BEAT_TIME
      if (all.some(alarm => alarm.isRising(size)) || now - lookedAt >= pause) {
        lookedAt = now
        await enqueue(look)
      }
      keepLooking()
    },
    Math.min(...all.map(alarm => alarm.pollTime)),
  )
}
setInterval(() => Atomics.add(answered, 1, 1), 1000)
if (settings.parent !== undefined) every(BEAT_TIME, async () => {})
answer()

/** Does the work every `time` ms, unless the previous run is still going. */
function every(time: number, work: () => Promise<void>): void {
  let isBusy = false
  setInterval(async () => {
    if (isBusy) return
    isBusy = true
    await enqueue(work)
    isBusy = false
  }, time)
}
