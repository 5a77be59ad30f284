// Traces a running target: a single read or a series of reads.

import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolder } from '../bytes/disk.ts'
import { FileError, TargetError } from '../errors.ts'
import type { Isolate, Target } from '../inspector/isolate.ts'
import { openTarget, type TargetSpec } from '../inspector/target.ts'
import { HINTS, hintLine } from '../text/hints.ts'
import { trackObjects } from './object-reader.ts'
import { announcePause } from './pause-estimate.ts'
import type { AttachOptions, IsolateRead, IsolateReader } from './reader.ts'
import { sampleHeap } from './sampling-reader.ts'
import { isNotSampling } from './v8/sampler.ts'
import { type KeepStable, keepObjectsInPlace, objectsApart, stabler } from './v8/stable-frames.ts'

/** How long to look for a lost target, in ms. */
const RECONNECT_TIME = 60_000

/** How long a series waits for the successor of a target that has ended, in ms. */
const RESTART_TIME = 5_000

/** Seconds without a line that are worth one. */
const LONG_WAIT = 3

/** Seconds of sampling before a single read. */
export const DEFAULT_DURATION = 10

/**
 * Traces a running target and writes what is alive: once, or as a series. If the connection is lost, a series
 * continues as a new session once the target, or its successor on the same port, is back. If a file cannot be
 * written, it continues with the next read. Throws TargetError if the target cannot be reached, if a read may
 * stop it for longer than `maxPause`, or if it goes away and stays away; FileError if the file of a single
 * read cannot be written.
 */
export async function attach(spec: TargetSpec, options: AttachOptions): Promise<Attached> {
  makeFolder(options.output === undefined ? options.dir : dirname(options.output))
  const progress: SeriesProgress = { reads: 0, unwritten: 0, end: Number.POSITIVE_INFINITY }
  let target = await openTarget(spec, options.match, options)
  try {
    await announcePause(target, options)
    const still = options.resume ? undefined : await target.standstill()
    if (still) options.say(hintLine(still.why === 'waits' ? HINTS.waits() : HINTS.paused(still)))
    await options.onOpen?.(still === undefined)
  } catch (error) {
    await target.close().catch(() => {})
    throw error
  }
  for (;;) {
    const end = await capture(target, options, progress)
    if (end === 'done') return progress
    if (end === 'ended') options.say(`${target.name} has ended, and was read at its end`)
    else if (options.every === undefined) throw end
    else options.say(`${end.message}: samples since the last read are lost`)
    const again = await successor(spec, options, progress, end)
    if (!again) return progress
    target = again
    options.say(`reconnected to ${target.name}, in a new session`)
  }
}

/** The outcome. */
export interface Attached {
  /** Number of reads. */
  readonly reads: number
  /** Number of files of a series that could not be written. */
  readonly unwritten: number
}

interface SeriesProgress extends Attached {
  reads: number
  unwritten: number
  /** When the series ends, on the clock of `performance.now()`, which nobody sets. */
  end: number
}

/** When a series that starts now ends. */
function endOf({ every, duration }: AttachOptions): number {
  if (every === undefined || duration === undefined) return Number.POSITIVE_INFINITY
  return performance.now() + duration * 1000
}

/** Why reading stopped: all reads are done, the target has ended and was read a last time, or it was lost. */
type End = 'done' | 'ended' | TargetError

/**
 * Waits for the target, or for what took over its port, ever more patiently. Undefined if the user stops it,
 * or if nothing follows a target that has ended. Throws TargetError if a lost one stays away.
 */
async function successor(
  spec: TargetSpec,
  options: AttachOptions,
  progress: SeriesProgress,
  lost: 'ended' | TargetError,
): Promise<Target | undefined> {
  if (lost === 'ended' && (options.every === undefined || spec.kind === 'pid')) return undefined
  const end = Math.min(performance.now() + (lost === 'ended' ? RESTART_TIME : RECONNECT_TIME), progress.end)
  for (let wait = 100; ; wait = Math.min(wait * 2, 5000)) {
    await sleep(wait, undefined, { signal: options.signal }).catch(() => {})
    if (options.signal.aborted) return undefined
    try {
      return await openTarget(spec, options.match, options)
    } catch (error) {
      const isGone = spec.kind === 'pid' // no other process takes over a process id
      if (!(error instanceof TargetError)) throw error
      if (!(isGone || performance.now() > end)) continue
      if (lost === 'ended') return undefined
      throw new TargetError(`${lost.message}, and ${error.message}`, { hint: error.hint })
    }
  }
}

/** Traces until the reads are done or the target ends. Leaves the target as it was. */
async function capture(target: Target, options: AttachOptions, progress: SeriesProgress): Promise<End> {
  const readers = new Set<IsolateReader>()
  const lasts: Promise<void>[] = []
  const beginWith = async (isolate: Isolate) => {
    const { sampling } = options
    await (stable ?? apart)?.(isolate.session)
    const reader = await (sampling
      ? sampleHeap(target, isolate, sampling, options, stable ? 'stable' : 'inlined')
      : trackObjects(target, isolate, options))
    readers.add(reader)
    void reader.ended?.then(write => {
      readers.delete(reader)
      lasts.push(write().then(options.onRead, error => options.say(`${isolate.name}: ${error.message}`)))
    })
    void isolate.session.closed.then(() => {
      if (isolate === target.main || !readers.delete(reader) || end !== undefined) return
      options.say(`${isolate.name} has ended: its samples since the last read are lost`)
    })
  }
  const beginLater = (isolate: Isolate) =>
    beginWith(isolate).catch(error => options.say(`${isolate.name} is not sampled: ${error.message}`))
  let stable: KeepStable | undefined
  let apart: KeepStable | undefined
  let isStuck = false
  let end: End | undefined
  try {
    if (!options.sampling) await keepObjectsInPlace(target)
    stable = await stabler(target, options)
    if (!stable && options.sampling?.interval === 1) apart = await objectsApart(target)
    for (const isolate of options.workers ? await target.isolates(beginLater) : [target.main]) {
      await (isolate === target.main ? beginWith(isolate) : beginLater(isolate))
    }
    if (options.resume) await target.goOn()
    if (progress.reads === 0) announceWait(options)
    if (progress.end === Number.POSITIVE_INFINITY) progress.end = endOf(options)
    while (end === undefined) {
      const next = await pause(target, options, progress)
      if (next !== 'read') end = next
      if (next === 'done') break
      await target.answers?.().catch(error => {
        isStuck = true
        throw error
      })
      for (const reader of readers) {
        if (!(await read(target, reader, options, progress, end === 'ended'))) readers.delete(reader)
      }
      progress.reads++
    }
  } catch (error) {
    const isGone = await Promise.race([target.closed.then(() => true), sleep(200, false, { ref: false })])
    // The sampler of another client that has left is lost, too.
    if (!(error instanceof TargetError && (isGone || isNotSampling(error)))) throw error
    end = error
  } finally {
    // The samplers of a page that answers nothing end with the connection.
    if (end !== 'ended' && !isStuck) for (const reader of readers) await reader.stop().catch(() => {})
    await target.close().catch(() => {})
    await Promise.all(lasts)
  }
  return end!
}

/** Says that nothing is printed for a while. */
function announceWait({ every, duration = DEFAULT_DURATION, say }: AttachOptions): void {
  const seconds = every ?? duration
  if (seconds >= LONG_WAIT) say(hintLine(HINTS.sampling({ seconds, every: every !== undefined })))
}

/** Waits for the next read or the target's end; `done` if there is none. Throws TargetError if it is lost. */
async function pause(
  target: Target,
  options: AttachOptions,
  progress: SeriesProgress,
): Promise<'read' | 'done' | 'ended'> {
  const { every, duration = DEFAULT_DURATION, count, signal } = options
  if (every === undefined ? progress.reads > 0 : progress.reads >= (count ?? Number.POSITIVE_INFINITY))
    return 'done'
  const wait = (every ?? duration) * 1000
  if (performance.now() + wait > progress.end + 1) return 'done'
  const stop = new AbortController()
  const onAbort = () => stop.abort()
  signal.addEventListener('abort', onAbort)
  try {
    if (signal.aborted) return 'done'
    const what = await Promise.race([
      target.main.ending?.then(() => 'ended' as const) ?? NEVER,
      sleep(wait, 'read' as const, { signal: stop.signal }).catch(() => 'done' as const),
      target.closed.then(() => 'lost' as const),
    ])
    if (what === 'lost') throw new TargetError(`the connection to ${target.name} was lost`)
    return what
  } finally {
    signal.removeEventListener('abort', onAbort)
    stop.abort()
  }
}

const NEVER = new Promise<never>(() => {})

/** Reads one isolate and writes its file. False if the isolate has ended; TargetError if the main one has. */
async function read(
  target: Target,
  reader: IsolateReader,
  { say, onRead, every }: AttachOptions,
  progress: SeriesProgress,
  isLast: boolean,
): Promise<boolean> {
  const { isolate } = reader
  let read: IsolateRead
  try {
    read = await reader.read(isLast)
  } catch (error) {
    if (error instanceof FileError && every !== undefined) {
      progress.unwritten++
      say(`${error.message}; the series continues`)
      return true
    }
    if (isolate === target.main || !(error instanceof TargetError)) throw error
    say(`${isolate.name} is not read any more: ${error.message}`)
    return false
  }
  onRead(read)
  return true
}
