// Runs in a worker thread of a traced process. It reads the samplers of the other threads through the inspector, which answers
// even while they loop or wait, so that neither a profile's text nor its conversion burdens the program's heaps.
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { readMemory } from '../../inspector/memory.ts'
import { workerSessions } from '../../inspector/node-workers.ts'
import { localSession, type Session } from '../../inspector/session.ts'
import { withTime } from '../../inspector/timeout.ts'
import type { Blocks } from '../series/extra-blocks.ts'
import { readingOf, type Sampled } from '../series/metadata.ts'
import { filePrefix } from '../series/names.ts'
import { readSampler } from '../v8/sampler.ts'
import type { Settings } from '../v8/settings.ts'
import { BEAT, LIVE_BLOCKS, NEXT_FACTS } from './expressions.ts'
import { Lookout } from './heap-alarm.ts'

/** What reads and writes profiles is large: it is loaded behind the start. */
const store = import('../series/store.ts')

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
const lookout = new Lookout(limit, settings.peak)

/** Milliseconds between looks at a main thread that seems quiet: whether it is stuck, and its heap. */
const BEAT_TIME = 1000

/** How long a worker thread may take to be read, in ms: one that is inside a synchronous call must not hold up the program's end. */
const WORKER_TIME = 10_000

/** One thing after the other; a failure is told and is the end of that one only. */
let last = Promise.resolve()
function enqueue(work: () => Promise<void>): Promise<void> {
  last = last.then(work).catch(say)
  return last
}

/** A worker's own process.stderr needs the main thread. */
function say(what: Error | string): void {
  writeSync(2, `tracemalloc: ${typeof what === 'string' ? what : what.message}\n`)
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

/** Reads and saves the threads that are traced; `only` names one. */
async function snapshots(main: Session, only?: string, note?: string): Promise<void> {
  const sessions: Session[] = only === undefined || only === 'main' ? [main] : []
  if (settings.workers && only !== 'main') {
    sessions.push(
      ...(await workerSessions(main)).filter(({ thread }) => only === undefined || only === thread),
    )
  }
  for (const session of sessions) {
    try {
      const work = read(session, session === main, only, note)
      const reading = await (session === main
        ? work
        : withTime(work, WORKER_TIME, 'a worker thread does not answer'))
      if (!reading) continue
      const { noteRead, save } = await store
      const saved = await save(dir, reading)
      if (settings.every !== undefined) noteRead(dir, label, { ...saved, took: reading.took })
    } catch (error) {
      if (session === main) throw error
      say(error as Error) // a worker that ends meanwhile
    }
  }
}

async function read(session: Session, isMain: boolean, only?: string, note?: string) {
  const { result } = await session.post<{ result: { value?: { sampled: Sampled; read: number } } }>(
    'Runtime.evaluate',
    {
      expression: NEXT_FACTS,
      returnByValue: true,
      silent: true,
    },
  )
  if (!result.value) return undefined // not traced, or no longer
  const { sampled, read } = result.value
  if (only !== undefined && sampled.isolate !== only) return undefined
  const start = performance.now()
  // Asked for at once: the program goes on when all are answered, so the heap is as the profile's collection left it.
  const [profile, memory, blocks] = await Promise.all([
    readSampler(session),
    readMemory(session),
    liveBlocks(session),
  ])
  const took = performance.now() - start
  if (isMain) lookout.noteRead(performance.now(), took, memory)
  const noted = note === undefined ? sampled : { ...sampled, notes: [...(sampled.notes ?? []), note] }
  const reading = readingOf(profile, label, noted, read, { ...memory, heapPeak: lookout.heapPeak })
  return { ...reading, blocks, took }
}

/** What is alive besides: reading the profile has just collected garbage. */
async function liveBlocks(session: Session): Promise<Blocks[] | undefined> {
  const { result } = await session.post<{ result: { value?: Blocks[] } }>('Runtime.evaluate', {
    expression: LIVE_BLOCKS,
    returnByValue: true,
    silent: true,
  })
  return result.value
}

/** What the main thread's heap looks like; a snapshot when it is time for one. */
async function look(): Promise<void> {
  await withMain(async main => {
    await main.post('Runtime.evaluate', { expression: BEAT, silent: true })
    const { usedSize } = await main.post<{ usedSize: number }>('Runtime.getHeapUsage')
    const reason = lookout.see(performance.now(), process.memoryUsage.rss(), usedSize)
    if (reason === 'peak') await peak(main)
    else if (reason !== undefined) await snapshots(main, 'main', reason)
  })
}

let highest = 0

/** Keeps the snapshot of the most memory that was alive. */
async function peak(main: Session): Promise<void> {
  const reading = await read(main, true)
  if (!reading) return
  const { savePeak } = await store
  highest = await savePeak(dir, reading, highest)
}

function answer(): void {
  Atomics.add(answered, 0, 1)
  Atomics.notify(answered, 0)
}

parentPort!.on('message', async (request: Request) => {
  const only = typeof request === 'object' ? request.isolate : undefined
  await enqueue(() => withMain(main => snapshots(main, only)))
  await enqueue(async () => (await store).finishAll(dir, filePrefix(label, 'main'), say))
  answer()
})
if (settings.every !== undefined) {
  let left = settings.count ?? Number.POSITIVE_INFINITY
  every(settings.every * 1000, async () => {
    if (left-- > 0) await withMain(main => snapshots(main))
  })
}

let lookedAt = 0
every(lookout.pollTime, async () => {
  const now = performance.now()
  if (!lookout.isRising(process.memoryUsage.rss()) && now - lookedAt < BEAT_TIME) return
  lookedAt = now
  await look()
})
setInterval(() => Atomics.add(answered, 1, 1), 1000)
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
