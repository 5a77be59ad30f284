import type { Memory } from '../../inspector/memory.ts'
import type { Frames, SnapshotMeta } from '../../model/meta.ts'
import type { Sampling } from '../v8/settings.ts'
import type { Reading } from './raw-profile.ts'

const now = Date.now // as it is before the program, in which this may run

/** What stays the same for all reads of one sampler. */
export interface Sampled {
  sampling: Sampling
  frames: Frames
  /** Random id of the sampler's life: reads with the same one pair. */
  session: string
  pid: number | undefined
  isolate: string
  runtime: string
  runtimeVersion: string | undefined
  /** False for a sampler that somebody else started. */
  isIntervalKnown: boolean
  /** Bytes between samples of backing stores, where they are sampled. */
  bufferInterval?: number
  /** Heap in use when sampling started, in bytes: no sample can speak of it. */
  before?: number
  /** Address of the document that a page showed. */
  document?: string
  notes?: string[]
}

/** A read of one isolate with its facts. */
export function readingOf(
  profile: string,
  label: string,
  sampled: Sampled,
  read: number,
  memory: Memory,
): Reading {
  return { profile, label, nframe: sampled.sampling.nframe, meta: factsOf(sampled, read, memory) }
}

function factsOf(sampled: Sampled, read: number, memory: Memory): SnapshotMeta & { isolate: string } {
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
    counts: 'estimated', // also where every block was seen: see TOGETHER
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

/** What nobody can turn off: V8's own functions allocate so, as its compiler does unless it is told not to. */
export const TOGETHER =
  'V8 allocates some objects in one block, such as an array and its elements, which counts until the first of them is gone: where arrays are filled anew, sizes can read high'

/** Bytes that V8 keeps for a sample: the sample, its map slot, a global handle and a weak callback. */
const SAMPLE_BYTES = 160
/** Bytes that V8 keeps for a node of its call tree: the node and its two maps. */
const NODE_BYTES = 200

/** What tracing itself holds in the target, in bytes, by the sizes of V8's structures. */
export function overheadOf(samples: number, nodes: number): number {
  return samples * SAMPLE_BYTES + nodes * NODE_BYTES
}
