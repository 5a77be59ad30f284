// The metadata of a capture's snapshots. Also runs inside traced programs.
import { randomBytes } from 'node:crypto'
import type { Memory } from '../../inspector/memory.ts'
import type { FrameStability, SnapshotMeta } from '../../model/meta.ts'
import type { SamplerSettings } from '../v8/settings.ts'
import type { Reading } from './raw-profile.ts'

const now = Date.now // taken before the program can change it

/** What stays the same for all reads of one sampler. */
export interface SamplerMeta {
  sampling: SamplerSettings
  frames: FrameStability
  /** Random id of the sampler's lifetime: reads with the same id are paired. */
  session: string
  pid: number | undefined
  isolate: string
  runtime: string
  runtimeVersion: string | undefined
  /** False if another client started the sampler. */
  isIntervalKnown: boolean
  /** Sampling interval of backing stores in bytes, if they are sampled. */
  bufferInterval?: number
  /** Heap in use when sampling started, in bytes, which no sample covers. */
  before?: number
  /** URL of the document that the page showed. */
  document?: string
  notes?: string[]
}

/** Notes about what was measured by function and not by line begin so. */
export const NO_LINES = 'functions only'

/** The note for a sampler that another client started. */
export const NOT_OURS = 'another client was already sampling, at an unknown interval'

/** The metadata of a sampler that starts now; `isOurs` is false if another client started it. */
export function newSampler(
  sampler: Omit<SamplerMeta, 'session' | 'isIntervalKnown'>,
  isOurs: boolean,
): SamplerMeta {
  const notes = isOurs ? sampler.notes : [NOT_OURS]
  return { ...sampler, session: newSession(), isIntervalKnown: isOurs, notes }
}

/** The id of a sampler's lifetime. */
export function newSession(): string {
  return randomBytes(8).toString('hex')
}

/** A read of one isolate with its metadata. */
export function readingOf(
  profile: string,
  label: string,
  sampled: SamplerMeta,
  read: number,
  memory: Memory,
): Reading {
  return { profile, label, nframe: sampled.sampling.nframe, meta: metaOf(sampled, read, memory) }
}

function metaOf(sampled: SamplerMeta, read: number, memory: Memory): SnapshotMeta & { isolate: string } {
  const {
    sampling,
    frames,
    session,
    pid,
    isolate,
    document,
    runtime,
    runtimeVersion,
    before,
    isIntervalKnown,
    bufferInterval,
    notes,
  } = sampled
  const exact = isIntervalKnown && sampling.interval === 1
  return {
    source: 'capture',
    measure: sampling.mode === 'allocated' ? 'allocated' : 'live',
    accuracy: exact ? 'exact' : 'sampled',
    counts: 'estimated', // even if every block was seen: see TOGETHER
    interval: isIntervalKnown ? sampling.interval : undefined,
    intervalSource: isIntervalKnown ? 'recorded' : undefined,
    frames,
    bufferInterval,
    runtime,
    runtimeVersion,
    time: now(),
    session,
    read,
    pid,
    isolate,
    document,
    memory: before === undefined ? memory : { ...memory, before },
    notes: exact ? [...(notes ?? []), TOGETHER] : notes,
  }
}

/** Nobody can turn this off: V8's own functions allocate so, and its compiler does unless told not to. */
const TOGETHER =
  'V8 allocates some objects in one block, such as an array and its elements, which counts until the first of them is gone: where arrays are filled anew, sizes can read high'

/** Bytes that V8 keeps per sample: the sample, its map slot, a global handle and a weak callback. */
const SAMPLE_BYTES = 160
/** Bytes that V8 keeps per node of its call tree: the node and its two maps. */
const NODE_BYTES = 200

/** Memory that tracing itself holds in the target, in bytes, from the sizes of V8's structures. */
export function overheadOf(samples: number, nodes: number): number {
  return samples * SAMPLE_BYTES + nodes * NODE_BYTES
}
