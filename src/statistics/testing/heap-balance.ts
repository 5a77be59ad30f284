// Checks changes among samples against the heap in use: if tracing began late, older memory is freed unseen.
import type { Snapshot } from '../../model/snapshot.ts'

/** How the heap changed between two reads of one session, in bytes. */
export interface HeapBalance {
  /** Growth of the heap in use. Not an estimate: both reads collect garbage first. */
  readonly heap: number
  /** Growth of the samples beyond that: as much was freed that was never sampled, or it is chance. */
  readonly unmatched: number
  /** Growth of memory outside the heap that no sample covers: 0 if it is sampled too, or unknown. */
  readonly external: number
}

/** Undefined if a read does not know its heap in use, or also counts collected objects. */
export function heapBalance(now: Snapshot, old: Snapshot): HeapBalance | undefined {
  if (now.meta.measure !== 'live' || old.meta.measure !== 'live') return undefined
  const growth = (counter: string) =>
    (now.meta.memory?.[counter] ?? Number.NaN) - (old.meta.memory?.[counter] ?? Number.NaN)
  const heap = growth('heapUsed')
  const unmatched = growth('sampled') - heap
  const external = now.meta.bufferInterval === undefined ? growth('external') || 0 : 0
  return Number.isNaN(unmatched) ? undefined : { heap, unmatched, external }
}

/** Fraction of a change that must be unmatched for that to explain it. */
const UNMATCHED = 0.75
/** If the heap changed by this fraction of a change, nothing else explains the change. */
const CHANGED = 0.5

/** Does the heap show that a change of this size is not the program's? */
export function isUnmatched({ heap, unmatched }: HeapBalance, sizeDiff: number): boolean {
  const sign = Math.sign(sizeDiff)
  const size = Math.abs(sizeDiff)
  return sign * unmatched >= UNMATCHED * size && sign * heap < CHANGED * size
}
