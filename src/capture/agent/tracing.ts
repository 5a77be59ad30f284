// Runs inside the traced program. Starts, reads and stops tracing in one thread.
import { isMainThread, threadId } from 'node:worker_threads'
import type { Memory } from '../../inspector/memory.ts'
import { type LocalSession, localSession } from '../../inspector/session.ts'
import type { ExtraBlocks } from '../series/extra-blocks.ts'
import { newSampler, overheadOf, readingOf, type SamplerMeta } from '../series/metadata.ts'
import type { Reading } from '../series/raw-profile.ts'
import { areOwnFramesStable, keepOwnFramesStable, keepOwnObjectsApart, setCompaction } from '../v8/flags.ts'
import { startTrackerNow } from '../v8/object-tracker.ts'
import { startSamplerNow } from '../v8/sampler.ts'
import type { SamplerSettings } from '../v8/settings.ts'
import { sampleBuffers, stopSamplingBuffers } from './array-buffers.ts'
import { KEY } from './expressions.ts'
import { notesOfLines } from './lines/start-lines.ts'
import { TrackedMemory } from './tracked-memory.ts'
import { unharmed } from './unharmed.ts'

// Taken before the program can change them.
const { stringify } = JSON
const memoryUsage = process.memoryUsage.bind(process)

/** The running tracing of this thread. */
export interface Tracing {
  /** The sampler ends with the session that started it, so the session is kept. */
  session: LocalSession
  isOurs: boolean
  sampled: SamplerMeta
  /** Number of reads so far. */
  reads: number
  /** Most bytes found by a read in this thread. */
  peak: number
  /** Are backing stores sampled? */
  buffers: boolean
  /** Is V8's allocation tracker running? */
  objects: boolean
  /** Lets V8 inline functions again; undefined if this tracing did not prevent it. */
  loosenFrames: (() => void) | undefined
  /** Lets V8 fold allocations again, if frames are not stable but the mode is exact. */
  loosenObjects: (() => void) | undefined
  /** Memory that the program itself reports. */
  tracked: TrackedMemory
  /** Releases what sampling holds in the program's heap. Call it before a garbage collection. */
  flush(): void
  /** Live tracked memory and sampled backing stores. Call it after a garbage collection. */
  blocks(): ExtraBlocks[]
  /** Counts a read, flushes, and returns how the thread is traced. The watcher calls it from outside. */
  beginRead(): { sampled: SamplerMeta; read: number }
  /** The current memory counters, and `blocks()`. The watcher calls it after it has read the profile. */
  unsampled(): Unsampled
  /** Ends all but the sampler, which the watcher stops: a session must not end while another is busy. */
  forget(): void
}

/** What V8's sampler does not report about a thread's memory. */
export interface Unsampled {
  memory: Memory
  blocks: ExtraBlocks[] | undefined
}

const place = globalThis as unknown as { [KEY]?: Tracing }

/** The tracing of this thread, if it is on. */
export function tracing(): Tracing | undefined {
  return place[KEY]
}

/** Node's memory counters; none where a program has used up the descriptors that it takes to read them. */
function counters(): Memory {
  try {
    return { ...memoryUsage() }
  } catch {
    return {}
  }
}

/** What to trace besides V8's samples; nothing by default. */
export interface Extras {
  /** Backing stores of ArrayBuffers and Buffers. */
  buffers?: boolean
  /** The calls that made each object. */
  objects?: boolean
  /** Keep V8 from inlining functions and folding allocations while tracing. */
  stableFrames?: boolean
}

/** Starts tracing in this thread. */
export function startTracing(sampling: SamplerSettings, extras: Extras = {}): Tracing {
  const { buffers = false, objects = false, stableFrames = false } = extras
  const session = localSession()
  const before = process.memoryUsage().heapUsed
  const isOurs = startSamplerNow(session, sampling)
  const loosenFrames = stableFrames ? keepOwnFramesStable(session) : undefined
  const isApart = stableFrames || areOwnFramesStable()
  const loosenObjects = sampling.interval === 1 && !isApart ? keepOwnObjectsApart(session) : undefined
  const stores = buffers ? sampleBuffers(sampling) : undefined
  const sampler = {
    sampling,
    frames: areOwnFramesStable() ? 'stable' : 'inlined',
    pid: process.pid,
    isolate: isMainThread ? 'main' : `worker ${threadId}`,
    runtime: 'node',
    runtimeVersion: process.versions.node,
    before,
    bufferInterval: stores?.interval,
  } as const
  const sampled = newSampler(sampler, isOurs)
  const tracked = new TrackedMemory(sampling.nframe)
  const blocks = () => tracked.read(stores?.read() ?? [])
  const flush = () => stores?.flush()
  if (objects) {
    setCompaction(false)
    startTrackerNow(session)
  }
  const beginRead = () => {
    unharmed(flush)
    const added = notesOfLines()
    const all = added.length > 0 ? { ...sampled, notes: sampled.notes?.concat(added) ?? added } : sampled
    return { sampled: all, read: tracing.reads++ }
  }
  const unsampled = () => ({ memory: counters(), blocks: unharmed(blocks) })
  const tracing: Tracing = {
    session,
    isOurs,
    sampled,
    reads: 0,
    peak: 0,
    buffers,
    objects,
    loosenFrames,
    loosenObjects,
    tracked,
    flush,
    blocks,
    beginRead,
    unsampled,
    forget() {
      if (buffers) stopSamplingBuffers()
      delete place[KEY]
    },
  }
  // Hidden from code that lists the program's globals.
  Object.defineProperty(place, KEY, { value: tracing, configurable: true, enumerable: false })
  return tracing
}

/** Stops tracing in this thread; V8 forgets all samples. A sampler that another client started goes on. */
export function stopTracing(): void {
  const tracing = place[KEY]
  if (!tracing) return
  if (tracing.isOurs) tracing.session.postNow('HeapProfiler.stopSampling')
  if (tracing.buffers) stopSamplingBuffers()
  // It concerns the whole process, so a worker leaves it off for the others.
  if (tracing.objects && isMainThread) setCompaction(true)
  tracing.loosenFrames?.()
  tracing.loosenObjects?.()
  void tracing.session.close() // this ends the tracker
  delete place[KEY]
}

/** Reads this thread's sampler synchronously. */
export function readNow(tracing: Tracing): Reading {
  const profile = profileNow(tracing)
  const { memory, blocks = [] } = tracing.unsampled()
  noteSize(tracing, profile, blocks)
  const { sampled, read } = tracing.beginRead()
  const reading = readingOf(stringify(profile), String(process.pid), sampled, read, memory)
  return { ...reading, blocks }
}

/** Reads this thread's sampler for two figures only, in bytes. */
export function measure(tracing: Tracing): { size: number; overhead: number } {
  return noteSize(tracing, profileNow(tracing), tracing.blocks())
}

function noteSize(
  tracing: Tracing,
  profile: V8Profile,
  blocks: readonly ExtraBlocks[],
): { size: number; overhead: number } {
  const { size: sampled, overhead } = measureProfile(profile)
  let size = sampled
  for (let i = 0; i < blocks.length; i++) size += blocks[i].size
  tracing.peak = Math.max(tracing.peak, size)
  return { size, overhead }
}

interface V8Node {
  selfSize: number
  children: V8Node[]
}

interface V8Profile {
  head: V8Node
  samples?: unknown[]
}

function profileNow({ session, flush }: Tracing): V8Profile {
  unharmed(flush)
  return session.postNow<{ profile: V8Profile }>('HeapProfiler.getSamplingProfile').profile
}

function measureProfile({ head, samples = [] }: V8Profile): { size: number; overhead: number } {
  const all = { size: 0, nodes: 0 }
  addNode(head, all)
  return { size: all.size, overhead: overheadOf(samples.length, all.nodes) }
}

/** Recursion is no deeper than V8's stacks. A plain loop, since a program may change what arrays do. */
function addNode({ selfSize, children }: V8Node, all: { size: number; nodes: number }): void {
  all.size += selfSize
  all.nodes++
  for (let i = 0; i < children.length; i++) addNode(children[i], all)
}
