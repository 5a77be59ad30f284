// Does the heap grow with the number of calls? One rule for everything that asks.
import type { Reads } from './heap-meter.ts'

/** A number of calls in rounds, and what stayed. */
export interface Stage {
  readonly calls: number
  /** Bytes per call that stayed of each round. */
  readonly rounds: readonly number[]
  /** The same without the compiler's code. */
  readonly data: readonly number[]
}

/** Bytes in all that the heap of calls which leave nothing may be off by. */
export const RESOLUTION = 512

/** A stage from the reads before its first round and after each. */
export function stageOf({ all, data }: Reads, perRound: number): Stage {
  const stayed = (sizes: Float64Array) =>
    Array.from(sizes.subarray(1), (size, i) => (size - sizes[i]) / perRound)
  return { calls: (all.length - 1) * perRound, rounds: stayed(all), data: stayed(data) }
}

/** Bytes that stayed of a stage, the compiler's code apart. */
export function sizeOf({ calls, data }: Stage): number {
  return (sum(data) * calls) / data.length
}

/** Stages of calls that are judged at most, each with twice as many calls as there were before it. */
const STAGES = 3

export type Verdict = 'within' | 'over' | 'more'

/**
 * Does what stays grow with the calls, beyond the limit? `more`: another stage of calls is needed to tell. Nothing in most stages
 * is a chance: one odd round, such as V8's forgetting code, neither clears nor condemns.
 */
export function verdictOf(stages: readonly Stage[], maxBytes: number): Verdict {
  if (isWithin(stages.at(-1)!, maxBytes)) return 'within'
  const isSteady = stages.every(({ rounds }) => rounds.every(bytes => bytes > maxBytes))
  if (stages.length < STAGES && !(stages.length > 1 && isSteady)) return 'more'
  return 2 * stages.filter((stage, i) => isOver(stage, maxBytes, i)).length > stages.length
    ? 'over'
    : 'within'
}

/** Is a stage within the limit, even if every fall of the heap has hidden a growth? */
function isWithin(stage: Stage, maxBytes: number): boolean {
  if (areMostOver(stage, maxBytes)) return false
  const grown = sum(stage.data.map(bytes => Math.max(0, bytes))) / stage.data.length
  return (grown - maxBytes) * stage.calls <= RESOLUTION
}

/**
 * Is a stage over the limit in four rounds of five, or in all? The second is how an array grows, or a Map that doubles now and then:
 * in three times the calls by at least half of what it grows on average. It must be more than what falls again.
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
