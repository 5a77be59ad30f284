import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../errors.ts'
import { type Memory, readingOf, type Sampled } from './facts.ts'
import { makeFolder } from './files.ts'
import { isNotSampling, readSampler, startSampler, stopSampler } from './sampler.ts'
import type { Sampling } from './settings.ts'
import { keepFramesStable } from './stable.ts'
import { noteRead, type Read, save, saveAs } from './store.ts'
import { type Isolate, openTarget, type Shown, type Target, type TargetSpec } from './target.ts'

/** How long a lost target is looked for again, in ms. */
const RECONNECT_TIME = 60_000

export interface AttachOptions {
  sampling: Sampling
  /** Folder of numbered files. */
  dir: string
  /** The one file to write, instead. */
  output?: string
  match?: string
  /** Sample workers and iframes too. */
  workers: boolean
  /** Keep functions on the stack and objects apart while attached. */
  stableFrames?: boolean
  /** Seconds between the reads of a series; a single read when absent. */
  every?: number
  /** Reads of a series. */
  count?: number
  /** Seconds until the single read, or until the series ends. */
  duration?: number
  /** Ends the wait and the series. */
  signal: AbortSignal
  /** Is told of every file. */
  onRead(read: Read): void
  /** Is told what a user should know. */
  say(line: string): void
}

/** Seconds of sampling before a single read. */
export const DEFAULT_DURATION = 10

/**
 * Samples a running target and writes what is alive: once, or as a series. Returns the number of reads. A series whose
 * connection is lost goes on under a new session when the target, or its successor on the same port, is there again.
 * Throws TargetError when the target cannot be reached, or goes away and stays away.
 */
export async function attach(spec: TargetSpec, options: AttachOptions): Promise<number> {
  makeFolder(options.output === undefined ? options.dir : dirname(options.output))
  const progress: Progress = { reads: 0, end: endOf(options) }
  let target = await openTarget(spec, options.match)
  for (;;) {
    const lost = await capture(target, options, progress)
    if (!lost) return progress.reads
    if (options.every === undefined) throw lost
    options.say(`${lost.message}: what was sampled since the last read is lost`)
    const again = await reopen(spec, options, progress, lost)
    if (!again) return progress.reads
    target = again
    options.say(`connected again with ${target.name}, in a new session`)
  }
}

interface Progress {
  reads: number
  /** When the series ends, in ms since 1970. */
  end: number
}

function endOf({ every, duration }: AttachOptions): number {
  if (every === undefined || duration === undefined) return Number.POSITIVE_INFINITY
  return Date.now() + duration * 1000
}

/** Tries again, ever more slowly. Undefined when the user ends it. */
async function reopen(
  spec: TargetSpec,
  options: AttachOptions,
  progress: Progress,
  lost: TargetError,
): Promise<Target | undefined> {
  const end = Math.min(Date.now() + RECONNECT_TIME, progress.end)
  for (let wait = 100; ; wait = Math.min(wait * 2, 5000)) {
    await sleep(wait, undefined, { signal: options.signal }).catch(() => {})
    if (options.signal.aborted) return undefined
    try {
      return await openTarget(spec, options.match)
    } catch (error) {
      const isGone = spec.kind === 'pid' // nobody takes over a process's number
      if (!(error instanceof TargetError)) throw error
      if (isGone || Date.now() > end)
        throw new TargetError(`${lost.message}, and ${error.message}`, { hint: error.hint })
    }
  }
}

/** A sampler at work in one isolate. */
interface Sampler {
  isolate: Isolate
  isOurs: boolean
  sampled: Sampled
  /** Names its files. */
  label: string
  reads: number
  /** What the page showed at the last read. */
  shown: Shown | undefined
}

/** Samples until the reads are done; returns why it had to end before. Leaves the target as it was. */
async function capture(
  target: Target,
  options: AttachOptions,
  progress: Progress,
): Promise<TargetError | undefined> {
  const samplers = new Set<Sampler>()
  const undo: (() => Promise<void>)[] = []
  const beginWith = async (isolate: Isolate) => {
    if (options.stableFrames) undo.push(await keepFramesStable(isolate.session, target))
    samplers.add(await begin(target, isolate, options))
  }
  const beginLater = (isolate: Isolate) =>
    beginWith(isolate).catch(error => options.say(`${isolate.name} is not sampled: ${error.message}`))
  let lost: TargetError | undefined
  try {
    for (const isolate of options.workers ? await target.isolates(beginLater) : [target.main]) {
      await (isolate === target.main ? beginWith(isolate) : beginLater(isolate))
    }
    while (await pause(target, options, progress)) {
      for (const sampler of samplers) {
        if (!(await read(target, sampler, options))) samplers.delete(sampler)
      }
      progress.reads++
    }
  } catch (error) {
    const isGone = await Promise.race([target.closed.then(() => true), sleep(200, false, { ref: false })])
    // Also lost is the sampler of another client that has left.
    if (!(error instanceof TargetError && (isGone || isNotSampling(error)))) throw error
    lost = error
  } finally {
    for (const { isolate, isOurs } of samplers) if (isOurs) await stopSampler(isolate.session).catch(() => {})
    for (const back of undo) await back().catch(() => {})
    await target.close().catch(() => {})
  }
  return lost
}

const NOT_OURS = 'another client was sampling already, at an interval that nobody tells'

async function begin(target: Target, isolate: Isolate, options: AttachOptions): Promise<Sampler> {
  const { usedSize } = await isolate.session.post<{ usedSize: number }>('Runtime.getHeapUsage')
  const isOurs = await startSampler(isolate.session, options.sampling)
  const notes = isOurs ? undefined : [NOT_OURS]
  if (!isOurs) options.say(`${target.name}: ${NOT_OURS}; its samples are read and it is not stopped`)
  const sampled: Sampled = {
    sampling: options.sampling,
    isIntervalKnown: isOurs,
    session: newSession(),
    pid: target.pid,
    isolate: isolate.name,
    runtime: target.runtime,
    runtimeVersion: target.runtimeVersion,
    before: usedSize,
    notes,
  }
  const shown = await isolate.shown?.()
  return { isolate, isOurs, sampled, label: target.label, reads: 0, shown }
}

/** Waits until the next read is due; false when there is none. Throws TargetError when the target goes away. */
async function pause(target: Target, options: AttachOptions, progress: Progress): Promise<boolean> {
  const { every, duration = DEFAULT_DURATION, count, signal } = options
  if (every === undefined ? progress.reads > 0 : progress.reads >= (count ?? Number.POSITIVE_INFINITY))
    return false
  const wait = (every ?? duration) * 1000
  if (Date.now() + wait > progress.end + 1) return false
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
async function read(target: Target, sampler: Sampler, options: AttachOptions): Promise<boolean> {
  const { isolate } = sampler
  const start = performance.now()
  let profile: string
  let memory: Memory
  try {
    profile = await readSampler(isolate.session)
    memory = await isolate.memory()
  } catch (error) {
    if (isolate === target.main || !(error instanceof TargetError)) throw error
    options.say(`${isolate.name} is no longer read: ${error.message}`)
    return false
  }
  const took = performance.now() - start
  await look(sampler)
  const reading = readingOf(profile, sampler.label, sampler.sampled, sampler.reads++, memory)
  const { path, snapshot } = await (options.output === undefined
    ? save(options.dir, reading)
    : saveAs(options.output, reading))
  if (options.every !== undefined) noteRead(options.dir, sampler.label, { path, snapshot, took })
  options.onRead({ path, snapshot, took })
  return true
}

/** Takes note of a page that was navigated meanwhile: V8 samples on, in another isolate where the site is another. */
async function look(sampler: Sampler): Promise<void> {
  const { isolate, isOurs, shown: last, sampled } = sampler
  const shown = await isolate.shown?.()
  if (!shown) return
  sampler.shown = shown
  const isNew = last !== undefined && shown.document !== last.document
  const isOther = last !== undefined && shown.heap !== last.heap
  sampler.sampled = {
    ...sampled,
    document: shown.url,
    notes: [
      ...(isOurs ? [] : [NOT_OURS]),
      ...(isNew ? [`navigated from ${last.url} since the last read`] : []),
    ],
    ...(isOther && { session: newSession(), before: undefined }),
  }
  if (isOther) sampler.reads = 0
}

/** Reads of one session pair: it is a sampler's life. */
function newSession(): string {
  return randomBytes(8).toString('hex')
}
