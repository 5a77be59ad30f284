import { randomBytes } from 'node:crypto'
import { isMainThread, threadId } from 'node:worker_threads'
import type { Blocks } from './blocks.ts'
import { sampleBuffers } from './buffers.ts'
import { type Memory, overheadOf, readingOf, type Sampled } from './facts.ts'
import type { Reading } from './raw.ts'
import { startSamplerNow } from './sampler.ts'
import { type LocalSession, localSession } from './session.ts'
import type { Sampling } from './settings.ts'

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
  /** Reads the backing stores that are alive, after a garbage collection; undefined where they are not sampled. */
  blocks: (() => Blocks[]) | undefined
  /** Facts for the next read: what the watcher asks for from outside. */
  next(): { sampled: Sampled; read: number }
}

/** Where the tracing of this thread is found by every copy of this library, and through the inspector. */
const KEY = Symbol.for('tracemalloc')
const place = globalThis as unknown as { [KEY]?: Tracing }

/** What is evaluated in a thread to learn whether and how it is traced. */
export const NEXT_FACTS = "globalThis[Symbol.for('tracemalloc')]?.next()"

/** What is evaluated in a thread, after its profile was read, to learn which backing stores are alive. */
export const LIVE_BLOCKS = "globalThis[Symbol.for('tracemalloc')]?.blocks?.()"

/** The tracing of this thread, when it is on. */
export function tracing(): Tracing | undefined {
  return place[KEY]
}

/** Starts sampling in this thread, of `buffers` too where it is asked for. */
export function startTracing(sampling: Sampling, buffers = false): Tracing {
  const session = localSession()
  const before = process.memoryUsage().heapUsed
  const isOurs = startSamplerNow(session, sampling)
  const sampled: Sampled = {
    sampling,
    isIntervalKnown: isOurs,
    session: randomBytes(8).toString('hex'),
    pid: process.pid,
    isolate: isMainThread ? 'main' : `worker ${threadId}`,
    runtime: 'node',
    runtimeVersion: process.versions.node,
    before,
    notes: isOurs ? undefined : ['another client was sampling already, at an interval that nobody tells'],
  }
  const blocks = buffers ? sampleBuffers(sampling) : undefined
  const next = () => ({ sampled, read: tracing.reads++ })
  const tracing: Tracing = { session, isOurs, sampled, reads: 0, peak: 0, blocks, next }
  // Found by a symbol, and not listed among the program's globals.
  Object.defineProperty(place, KEY, { value: tracing, configurable: true, enumerable: false })
  return tracing
}

/** Ends sampling in this thread; V8 forgets all samples. A sampler of somebody else goes on. */
export function stopTracing(): void {
  const tracing = place[KEY]
  if (!tracing) return
  if (tracing.isOurs) tracing.session.postNow('HeapProfiler.stopSampling')
  void tracing.session.close()
  delete place[KEY]
}

/** Reads this thread's sampler, done when it returns. */
export function readNow(tracing: Tracing): Reading {
  const profile = profileNow(tracing)
  tracing.peak = Math.max(tracing.peak, measureProfile(profile).size)
  const { sampled, read } = tracing.next()
  const memory: Memory = { ...process.memoryUsage() }
  const reading = readingOf(JSON.stringify(profile), String(process.pid), sampled, read, memory)
  return { ...reading, blocks: tracing.blocks?.() }
}

/** Reads this thread's sampler for two figures alone, in bytes. */
export function measure(tracing: Tracing): { size: number; overhead: number } {
  const measured = measureProfile(profileNow(tracing))
  tracing.peak = Math.max(tracing.peak, measured.size)
  return measured
}

interface Node {
  selfSize: number
  children: Node[]
}

interface Profile {
  head: Node
  samples?: unknown[]
}

function profileNow({ session }: Tracing): Profile {
  return session.postNow<{ profile: Profile }>('HeapProfiler.getSamplingProfile').profile
}

function measureProfile({ head, samples = [] }: Profile): { size: number; overhead: number } {
  let size = 0
  let nodes = 0
  const open = [head]
  for (let node = open.pop(); node; node = open.pop()) {
    size += node.selfSize
    nodes++
    for (const child of node.children) open.push(child)
  }
  return { size, overhead: overheadOf(samples.length, nodes) }
}
