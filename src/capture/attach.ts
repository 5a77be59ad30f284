import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileError, TargetError } from '../errors.ts'
import type { Isolate, Target } from '../inspector/isolate.ts'
import { openTarget, type TargetSpec } from '../inspector/target.ts'
import { trackObjects } from './object-reader.ts'
import type { AttachOptions, Read, Reader } from './reader.ts'
import { sampleHeap } from './sampling-reader.ts'
import { makeFolder } from './series/names.ts'
import { isNotSampling } from './v8/sampler.ts'
import { type KeepStable, keepObjectsInPlace, objectsApart, stabler } from './v8/stable-frames.ts'

/** How long a lost target is looked for again, in ms. */
const RECONNECT_TIME = 60_000

/** Seconds of sampling before a single read. */
export const DEFAULT_DURATION = 10

/**
 * Traces a running target and writes what is alive: once, or as a series. A series whose connection
 * is lost goes on under a new session when the target, or its successor on the same port, is there again; one whose file cannot
 * be written goes on with the next read. Throws TargetError when the target cannot be reached, or goes away and stays away, and
 * FileError when the file of a single read cannot be written.
 */
export async function attach(spec: TargetSpec, options: AttachOptions): Promise<Attached> {
  makeFolder(options.output === undefined ? options.dir : dirname(options.output))
  const progress: Progress = { reads: 0, unwritten: 0, end: endOf(options) }
  let target = await openTarget(spec, options.match, options)
  for (;;) {
    const lost = await capture(target, options, progress)
    if (!lost) return progress
    if (options.every === undefined) throw lost
    options.say(`${lost.message}: what was sampled since the last read is lost`)
    const again = await reopen(spec, options, progress, lost)
    if (!again) return progress
    target = again
    options.say(`connected again with ${target.name}, in a new session`)
  }
}

/** What came of it. */
export interface Attached {
  /** Reads of the target. */
  readonly reads: number
  /** Files of a series that could not be written. */
  readonly unwritten: number
}

interface Progress extends Attached {
  reads: number
  unwritten: number
  /** When the series ends, by `performance.now()`: nobody sets that clock. */
  end: number
}

function endOf({ every, duration }: AttachOptions): number {
  if (every === undefined || duration === undefined) return Number.POSITIVE_INFINITY
  return performance.now() + duration * 1000
}

/** Tries again, ever more slowly. Undefined when the user ends it. */
async function reopen(
  spec: TargetSpec,
  options: AttachOptions,
  progress: Progress,
  lost: TargetError,
): Promise<Target | undefined> {
  const end = Math.min(performance.now() + RECONNECT_TIME, progress.end)
  for (let wait = 100; ; wait = Math.min(wait * 2, 5000)) {
    await sleep(wait, undefined, { signal: options.signal }).catch(() => {})
    if (options.signal.aborted) return undefined
    try {
      return await openTarget(spec, options.match, options)
    } catch (error) {
      const isGone = spec.kind === 'pid' // nobody takes over a process's number
      if (!(error instanceof TargetError)) throw error
      if (isGone || performance.now() > end)
        throw new TargetError(`${lost.message}, and ${error.message}`, { hint: error.hint })
    }
  }
}

/** Traces until the reads are done; returns why it had to end before. Leaves the target as it was. */
async function capture(
  target: Target,
  options: AttachOptions,
  progress: Progress,
): Promise<TargetError | undefined> {
  const readers = new Set<Reader>()
  const beginWith = async (isolate: Isolate) => {
    const { sampling } = options
    await (stable ?? apart)?.(isolate.session)
    readers.add(
      await (sampling
        ? sampleHeap(target, isolate, sampling, options, stable ? 'stable' : 'inlined')
        : trackObjects(target, isolate, options)),
    )
  }
  const beginLater = (isolate: Isolate) =>
    beginWith(isolate).catch(error => options.say(`${isolate.name} is not sampled: ${error.message}`))
  let stable: KeepStable | undefined
  let apart: KeepStable | undefined
  let lost: TargetError | undefined
  try {
    if (!options.sampling) await keepObjectsInPlace(target)
    stable = await stabler(target, options)
    if (!stable && options.sampling?.interval === 1) apart = await objectsApart(target)
    for (const isolate of options.workers ? await target.isolates(beginLater) : [target.main]) {
      await (isolate === target.main ? beginWith(isolate) : beginLater(isolate))
    }
    while (await pause(target, options, progress)) {
      for (const reader of readers) {
        if (!(await read(target, reader, options, progress))) readers.delete(reader)
      }
      progress.reads++
    }
  } catch (error) {
    const isGone = await Promise.race([target.closed.then(() => true), sleep(200, false, { ref: false })])
    // Also lost is the sampler of another client that has left.
    if (!(error instanceof TargetError && (isGone || isNotSampling(error)))) throw error
    lost = error
  } finally {
    for (const reader of readers) await reader.stop().catch(() => {})
    await target.close().catch(() => {})
  }
  return lost
}

/** Waits until the next read is due; false when there is none. Throws TargetError when the target goes away. */
async function pause(target: Target, options: AttachOptions, progress: Progress): Promise<boolean> {
  const { every, duration = DEFAULT_DURATION, count, signal } = options
  if (every === undefined ? progress.reads > 0 : progress.reads >= (count ?? Number.POSITIVE_INFINITY))
    return false
  const wait = (every ?? duration) * 1000
  if (performance.now() + wait > progress.end + 1) return false
  const stop = new AbortController()
  const onAbort = () => stop.abort()
  signal.addEventListener('abort', onAbort)
  try {
    if (signal.aborted) return false
    const isLost = await Promise.race([
      sleep(wait, false, { signal: stop.signal }).catch(() => false),
      target.closed.then(() => true),
    ])
    if (isLost) throw new TargetError(`the connection with ${target.name} was lost`)
    return !signal.aborted
  } finally {
    signal.removeEventListener('abort', onAbort)
    stop.abort()
  }
}

/** Reads one isolate and writes its file. False when it ended, which for the main one is a TargetError. */
async function read(
  target: Target,
  reader: Reader,
  { say, onRead, every }: AttachOptions,
  progress: Progress,
): Promise<boolean> {
  const { isolate } = reader
  let read: Read
  try {
    read = await reader.read()
  } catch (error) {
    if (error instanceof FileError && every !== undefined) {
      progress.unwritten++
      say(`${error.message}; the series goes on`)
      return true
    }
    if (isolate === target.main || !(error instanceof TargetError)) throw error
    say(`${isolate.name} is no longer read: ${error.message}`)
    return false
  }
  onRead(read)
  return true
}
