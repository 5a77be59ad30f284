import { fileURLToPath } from 'node:url'
import { TracemallocError, UsageError } from '../errors.ts'
import { allocationFrames } from '../model/grouping/keys.ts'
import type { StatisticDiff } from '../model/grouping/statistic.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { runtimeStacks } from '../statistics/testing/runtime-stacks.ts'
import { formatSize } from '../text/units.ts'
import { isTracing, start, stop, takeSnapshot } from './tracemalloc.ts'

export interface GrowthOptions {
  /** Calls that are measured. Default 1000. */
  calls?: number
  /** Calls before, for caches and the compiler. Default a fifth of `calls`. */
  warmup?: number
  /** Reads between the calls. Default 5. */
  rounds?: number
  /** Bytes between samples. Default 256. Not used where tracing is on already. */
  interval?: number
}

/** What a function's calls left behind. */
export interface Growth {
  /** Median over the rounds. */
  readonly bytesPerCall: number
  /** Bytes per call in each round. */
  readonly rounds: readonly number[]
  readonly calls: number
  /** What is there after the last round and was not before the first, by traceback, largest first. */
  readonly rows: readonly StatisticDiff[]
}

/** Thrown by `assertLeavesAtMost`. */
export class GrowthError extends TracemallocError {
  readonly growth: Growth
  constructor(message: string, growth: Growth) {
    super(message)
    this.growth = growth
  }
}

/** Our own files: what they hold is not the function's. */
const OWN = ['..', '../../converters'].map(folder => fileURLToPath(new URL(`${folder}/`, import.meta.url)))

/**
 * Calls a function many times in one tracing session and reads the heap after each round. What is collected before the next
 * read does not count, nor does what the tool itself allocates. The function may be asynchronous: each call is awaited.
 * @throws UsageError for numbers that are no positive integers
 */
export async function measureGrowth(fn: () => unknown, options: GrowthOptions = {}): Promise<Growth> {
  const { calls = 1000, rounds = 5, interval = 256 } = options
  const { warmup = Math.ceil(calls / 5) } = options
  for (const [name, value] of Object.entries({ calls, rounds, interval })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new UsageError(`${name} is not a positive integer: ${value}`)
  }
  const perRound = Math.max(1, Math.round(calls / rounds))
  const wasTracing = isTracing()
  if (!wasTracing) start(undefined, { interval })
  try {
    await repeat(fn, warmup)
    await takeSnapshot() // the first read warms up the reading itself
    const first = await ownExcluded()
    const sizes = [first.total.size]
    let last = first
    for (let round = 0; round < rounds; round++) {
      await repeat(fn, perRound)
      last = await ownExcluded()
      sizes.push(last.total.size)
    }
    const perCall = sizes.slice(1).map((size, i) => (size - sizes[i]) / perRound)
    const rows = last.compareTo(first, 'traceback').filter(row => row.sizeDiff > 0)
    return { bytesPerCall: median(perCall), rounds: perCall, calls: perRound * rounds, rows }
  } finally {
    if (!wasTracing) stop()
  }
}

async function repeat(fn: () => unknown, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const result = fn()
    if (result instanceof Promise) await result
  }
}

/** A snapshot without what this tool and the inspector hold. */
async function ownExcluded(): Promise<Snapshot> {
  const snapshot = await takeSnapshot()
  const { tables, columns } = snapshot
  const { strings, frames } = tables
  const runtime = runtimeStacks(tables)
  const allocation = allocationFrames(tables)
  const isOwn = Uint8Array.from({ length: strings.length }, (_, i) =>
    OWN.some(folder => strings.get(i).startsWith(folder)) ? 1 : 0,
  )
  const rows: number[] = []
  for (let row = 0; row < snapshot.length; row++) {
    const stack = columns.stack[row]
    if (runtime[stack] === 0 && isOwn[frames.filename[allocation[stack]]] === 0) rows.push(row)
  }
  return snapshot.withRows(rows)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Chance that every round is over the limit although half of all rounds are not (the sign test): 1 in 32 for five rounds.
 * A cache that fills once is over it in the first rounds only.
 */
export function isOver({ rounds }: Growth, maxBytes: number): boolean {
  return rounds.every(bytes => bytes > maxBytes)
}

/** What a failed test says: the figure, the confidence, and the tracebacks of what stayed. */
export function growthMessage(growth: Growth, maxBytes: number): string {
  const { rounds, calls, rows, bytesPerCall } = growth
  const confidence = Math.floor((1 - 0.5 ** rounds.length) * 100)
  const lines = [
    `each call leaves ${formatSize(Math.round(bytesPerCall))}, more than ${formatSize(maxBytes)} ` +
      `(in each of ${rounds.length} rounds of ${calls / rounds.length} calls: ${confidence} % confidence)`,
    'what stayed:',
  ]
  for (const row of rows.slice(0, 3)) {
    lines.push(
      `${formatSize(row.sizeDiff, true)} of ~${Math.round(row.countDiff)} blocks`,
      ...row.traceback.format({ limit: 8 }),
    )
  }
  return lines.join('\n')
}

/**
 * Asserts that a function does not leave more than `maxBytes` bytes per call: for node:test, Jest and everything else.
 * @throws GrowthError that tells the tracebacks of what stayed
 */
export async function assertLeavesAtMost(
  fn: () => unknown,
  maxBytes: number,
  options: GrowthOptions = {},
): Promise<void> {
  const growth = await measureGrowth(fn, options)
  if (isOver(growth, maxBytes)) throw new GrowthError(growthMessage(growth, maxBytes), growth)
}
