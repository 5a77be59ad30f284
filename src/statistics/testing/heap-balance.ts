// What the heap in use says of a change among the samples: tracing that began late sees what comes, but not what goes of before.

import type { Snapshot } from '../../model/snapshot.ts'

/** What became of the heap between two reads of one session, in bytes. */
export interface HeapBalance {
  /** Growth of the heap in use, which is no estimate: both reads collect garbage first. */
  readonly heap: number
  /** What the samples grew more than that: as much went that was never sampled, or chance did it. */
  readonly unmatched: number
  /** Growth of the memory outside the heap that no sample is of: 0 where it is sampled too, or unknown. */
  readonly external: number
}

/** Undefined where a read does not know its heap in use, or counts what was collected as well. */
export function heapBalance(now: Snapshot, old: Snapshot): HeapBalance | undefined {
  if (now.meta.measure !== 'live' || old.meta.measure !== 'live') return undefined
  const growth = (counter: string) =>
    (now.meta.memory?.[counter] ?? Number.NaN) - (old.meta.memory?.[counter] ?? Number.NaN)
  const heap = growth('heapUsed')
  const unmatched = growth('sampled') - heap
  const external = now.meta.bufferInterval === undefined ? growth('external') || 0 : 0
  return Number.isNaN(unmatched) ? undefined : { heap, unmatched, external }
}

/** Least part of a change that what is unmatched must be, to explain it. */
const UNMATCHED = 0.75
/** Part of a change that the heap must have changed by, for nothing else to explain it. */
const CHANGED = 0.5

/** Does the heap say that a change of so many bytes is none of the program's? */
export function isUnmatched({ heap, unmatched }: HeapBalance, sizeDiff: number): boolean {
  const sign = Math.sign(sizeDiff)
  const size = Math.abs(sizeDiff)
  return sign * unmatched >= UNMATCHED * size && sign * heap < CHANGED * size
}
