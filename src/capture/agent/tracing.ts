import { randomBytes } from 'node:crypto'
import { isMainThread, threadId } from 'node:worker_threads'
import type { Memory } from '../../inspector/memory.ts'
import { type LocalSession, localSession } from '../../inspector/session.ts'
import type { Blocks } from '../series/extra-blocks.ts'
import { overheadOf, readingOf, type Sampled } from '../series/metadata.ts'
import type { Reading } from '../series/raw-profile.ts'
import { areOwnFramesStable, keepOwnFramesStable, keepOwnObjectsApart, setCompaction } from '../v8/flags.ts'
import { startTrackerNow } from '../v8/object-tracker.ts'
import { startSamplerNow } from '../v8/sampler.ts'
import type { Sampling } from '../v8/settings.ts'
import { sampleBuffers, stopSamplingBuffers } from './array-buffers.ts'
import { KEY } from './expressions.ts'
import { Tracked } from './tracked-memory.ts'
import { unharmed } from './unharmed.ts'

// As they are before the program.
const { stringify } = JSON
const memoryUsage = process.memoryUsage.bind(process)

/** The sampler of this thread's isolate, at work. */
export interface Tracing {
  /** The sampler ends with the session that started it, so it is kept. */
  session: LocalSession
  isOurs: boolean
  sampled: Sampled
  /** Reads so far. */
  reads: number
  /** Most bytes that a read in this thread found. */
  peak: number
  /** Are backing stores sampled? */
  buffers: boolean
  /** Does V8's allocation tracker run? */
  objects: boolean
  /** Lets V8 inline functions again; undefined where it was not kept from it here. */
  loosenFrames: (() => void) | undefined
  /** Lets V8 fold allocations again, where frames are not stable but the mode is exact. */
  loosenObjects: (() => void) | undefined
  /** Memory that the program itself tells of. */
  tracked: Tracked
  /** Lets go of what sampling holds in the program's heap. To be called before a garbage collection. */
  settle(): void
  /** What is alive besides, after a garbage collection: tracked memory, and backing stores where they are sampled. */
  blocks(): Blocks[]
  /** Settles, and gives the facts for the next read: what the watcher asks for from outside. */
  next(): { sampled: Sampled; read: number }
  /** The counters now, and `blocks()`: what the watcher asks for after it has read the profile. */
  besides(): Besides
  /** Ends it but for the sampler, which the watcher stops: a session must not end while another one of the thread is served. */
  forget(): void
}

/** What of a thread's memory V8's sampler does not tell. */
export interface Besides {
  memory: Memory
  blocks: Blocks[] | undefined
}

const place = globalThis as unknown as { [KEY]?: Tracing }

/** The tracing of this thread, when it is on. */
export function tracing(): Tracing | undefined {
  return place[KEY]
}

/** What is traced besides V8's samples; nothing unless it is asked for. */
export interface Extras {
  /** Backing stores of ArrayBuffers and Buffers. */
  buffers?: boolean
  /** The calls that made each object. */
  objects?: boolean
  /** Keep V8 from inlining functions and folding allocations meanwhile. */
  stableFrames?: boolean
}

/** Starts sampling in this thread. */
export function startTracing(sampling: Sampling, extras: Extras = {}): Tracing {
  const { buffers = false, objects = false, stableFrames = false } = extras
  const session = localSession()
  const before = process.memoryUsage().heapUsed
  const isOurs = startSamplerNow(session, sampling)
  const loosenFrames = stableFrames ? keepOwnFramesStable(session) : undefined
  const isApart = stableFrames || areOwnFramesStable()
  const loosenObjects = sampling.interval === 1 && !isApart ? keepOwnObjectsApart(session) : undefined
  const stores = buffers ? sampleBuffers(sampling) : undefined
  const sampled: Sampled = {
    sampling,
    frames: areOwnFramesStable() ? 'stable' : 'inlined',
    isIntervalKnown: isOurs,
    session: randomBytes(8).toString('hex'),
    pid: process.pid,
    isolate: isMainThread ? 'main' : `worker ${threadId}`,
    runtime: 'node',
    runtimeVersion: process.versions.node,
    before,
    bufferInterval: stores?.interval,
    notes: isOurs ? undefined : ['another client was sampling already, at an interval that nobody tells'],
  }
  const tracked = new Tracked(sampling.nframe)
  const blocks = () => tracked.read(stores?.read() ?? [])
  const settle = () => stores?.settle()
  if (objects) {
    setCompaction(false)
    startTrackerNow(session)
  }
  const next = () => {
    unharmed(settle)
    return { sampled, read: tracing.reads++ }
  }
  const besides = () => ({ memory: { ...memoryUsage() }, blocks: unharmed(blocks) })
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
    settle,
    blocks,
    next,
    besides,
    forget() {
      if (buffers) stopSamplingBuffers()
      delete place[KEY]
    },
  }
  // Not listed among the program's globals.
  Object.defineProperty(place, KEY, { value: tracing, configurable: true, enumerable: false })
  return tracing
}

/** Ends sampling in this thread; V8 forgets all samples. A sampler of somebody else goes on. */
export function stopTracing(): void {
  const tracing = place[KEY]
  if (!tracing) return
  if (tracing.isOurs) tracing.session.postNow('HeapProfiler.stopSampling')
  if (tracing.buffers) stopSamplingBuffers()
  if (tracing.objects && isMainThread) setCompaction(true) // it is of the whole process: a worker leaves it off for the others
  tracing.loosenFrames?.()
  tracing.loosenObjects?.()
  void tracing.session.close() // which ends the tracker
  delete place[KEY]
}

/** Reads this thread's sampler, done when it returns. */
export function readNow(tracing: Tracing): Reading {
  const profile = profileNow(tracing)
  const { memory, blocks = [] } = tracing.besides()
  noteSize(tracing, profile, blocks)
  const { sampled, read } = tracing.next()
  const reading = readingOf(stringify(profile), String(process.pid), sampled, read, memory)
  return { ...reading, blocks }
}

/** Reads this thread's sampler for two figures alone, in bytes. */
export function measure(tracing: Tracing): { size: number; overhead: number } {
  return noteSize(tracing, profileNow(tracing), tracing.blocks())
}

function noteSize(
  tracing: Tracing,
  profile: Profile,
  blocks: readonly Blocks[],
): { size: number; overhead: number } {
  const { size: sampled, overhead } = measureProfile(profile)
  let size = sampled
  for (let i = 0; i < blocks.length; i++) size += blocks[i].size
  tracing.peak = Math.max(tracing.peak, size)
  return { size, overhead }
}

interface Node {
  selfSize: number
  children: Node[]
}

interface Profile {
  head: Node
  samples?: unknown[]
}

function profileNow({ session, settle }: Tracing): Profile {
  unharmed(settle)
  return session.postNow<{ profile: Profile }>('HeapProfiler.getSamplingProfile').profile
}

function measureProfile({ head, samples = [] }: Profile): { size: number; overhead: number } {
  const all = { size: 0, nodes: 0 }
  addNode(head, all)
  return { size: all.size, overhead: overheadOf(samples.length, all.nodes) }
}

/** No deeper than V8's stacks. A plain loop, as a program may change what arrays do. */
function addNode({ selfSize, children }: Node, all: { size: number; nodes: number }): void {
  all.size += selfSize
  all.nodes++
  for (let i = 0; i < children.length; i++) addNode(children[i], all)
}
