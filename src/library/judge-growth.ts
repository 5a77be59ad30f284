// Decides whether the heap grows with the number of calls. One rule for everything that asks.
import type { HeapReads } from './heap-meter.ts'

/** A number of calls in rounds, and what was left. */
export interface Stage {
  readonly calls: number
  /** Bytes per call left by each round. */
  readonly rounds: readonly number[]
  /** The same without compiled code. */
  readonly data: readonly number[]
}

/** Total bytes by which the heap may differ although the calls leave nothing. */
export const RESOLUTION = 512

/** A stage, from the reads before its first round and after each. */
export function stageOf({ all, data }: HeapReads, perRound: number): Stage {
  const stayed = (sizes: Float64Array) =>
    Array.from(sizes.subarray(1), (size, i) => (size - sizes[i]) / perRound)
  return { calls: (all.length - 1) * perRound, rounds: stayed(all), data: stayed(data) }
}

/** Bytes left by a stage, except compiled code. */
export function sizeOf({ calls, data }: Stage): number {
  return (sum(data) * calls) / data.length
}

/** Largest number of stages judged. Each has twice as many calls as there were before it. */
const STAGES = 3

export type GrowthVerdict = 'within' | 'over' | 'more'

/**
 * Does what is left grow with the calls, beyond the limit? `more`: another stage of calls is needed to tell.
 * A single odd round, such as V8 discarding code, neither clears nor condemns.
 */
export function verdictOf(stages: readonly Stage[], maxBytes: number): GrowthVerdict {
  if (isWithin(stages.at(-1)!, maxBytes)) return 'within'
  const isSteady = stages.every(({ rounds }) => rounds.every(bytes => bytes > maxBytes))
  if (stages.length < STAGES && !(stages.length > 1 && isSteady)) return 'more'
  return 2 * stages.filter((stage, i) => isOver(stage, maxBytes, i)).length > stages.length
    ? 'over'
    : 'within'
}

/** Is a stage within the limit, even if every fall of the heap has hidden growth? */
function isWithin(stage: Stage, maxBytes: number): boolean {
  if (areMostOver(stage, maxBytes)) return false
  const grown = sum(stage.data.map(bytes => Math.max(0, bytes))) / stage.data.length
  return (grown - maxBytes) * stage.calls <= RESOLUTION
}

/**
 * Is a stage over the limit in four of five rounds, or as a whole? The second covers arrays and Maps that
 * double now and then: over three times the calls they grow by at least half of their average. It must exceed
 * what falls again.
 */
function isOver(stage: Stage, maxBytes: number, index: number): boolean {
  const share = index === 0 ? 1 : 0.5
  const grown = sum(stage.data) / stage.data.length
  const fallen = -sum(stage.data.map(bytes => Math.min(0, bytes))) / stage.data.length
  const isAll = (grown - share * maxBytes) * stage.calls > RESOLUTION && grown > fallen
  return isAll || areMostOver(stage, maxBytes)
}

function areMostOver({ rounds, calls }: Stage, maxBytes: number): boolean {
  const over = rounds.filter(bytes => (bytes - maxBytes) * calls > RESOLUTION)
  return over.length >= Math.ceil(0.8 * rounds.length)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
