// Measures what a function's calls leave behind. The heap's own statistics, which miss nothing, decide
// whether they do; tracing every allocation of some more calls shows where.
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { types } from 'node:util'
import { startTracing, stopTracing, tracing } from '../capture/agent/tracing.ts'
import { samplerSettings } from '../capture/v8/settings.ts'
import { TracemallocError, UsageError } from '../errors.ts'
import type { StatisticDiff } from '../model/grouping/statistic.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { runtimeStacks } from '../statistics/testing/runtime-stacks.ts'
import { formatSize } from '../text/units.ts'
import { heapMeter } from './heap-meter.ts'
import { RESOLUTION, type Stage, sizeOf, stageOf, verdictOf } from './judge-growth.ts'
import { takeSnapshot } from './tracemalloc.ts'

export interface GrowthOptions {
  /** Calls to measure. Default 1000. If they leave too much, up to 12 times as many follow. */
  calls?: number
  /** Calls before measuring, for caches and the compiler. Default a fifth of `calls`. */
  warmup?: number
  /** Number of reads between the calls. Default 5. */
  rounds?: number
  /** Sampling interval in bytes of the tracing. Default 1, every block. Ignored if tracing is already on. */
  interval?: number
}

/** What a function's calls left behind. */
export interface Growth {
  /** Everything that the calls left, in bytes per call. */
  readonly bytesPerCall: number
  /** Bytes per call in each round. */
  readonly rounds: readonly number[]
  readonly calls: number
  /** What the traced calls left, by traceback, largest first. Empty if nothing was left. */
  readonly rows: readonly StatisticDiff[]
  /** Number of traced calls, which come after the others. */
  readonly tracedCalls: number
  /** Calls whose promise was not settled within a second and was then given up. */
  readonly unsettled: number
}

/** Thrown by `assertLeavesAtMost`. */
export class GrowthError extends TracemallocError {
  readonly growth: Growth
  constructor(message: string, growth: Growth) {
    super(message)
    this.growth = growth
  }
}

/**
 * Calls a function many times and, after each round and a garbage collection, measures V8's heap and what it
 * holds outside, such as Buffers. The function may be asynchronous or a generator: each call is awaited, or
 * run to its end. If something is left, some more calls are traced. Measurements run one at a time; others
 * wait.
 * @throws UsageError for invalid options
 */
export function measureGrowth(fn: () => unknown, options: GrowthOptions = {}): Promise<Growth> {
  return alone(async () => {
    const plan = planOf(fn, options)
    const calls = new RepeatedCalls(fn)
    const stage = await firstStage(calls, plan)
    const stayed = stage.rounds.some(bytes => bytes > 0)
    return growthOf([stage], stayed ? await trace(calls, plan) : NOTHING, calls)
  })
}

/** A growth, and whether it is over a limit. */
export interface Judged {
  growth: Growth
  isOver: boolean
}

/**
 * Measures a function as `measureGrowth` does, and judges it. It is over the limit only if it keeps growing
 * while the number of calls grows twelvefold, unlike a cache that fills or what the compiler keeps.
 * @throws UsageError for a limit that is not a number of bytes, or for too few calls to show it
 */
export function judgeGrowth(
  fn: () => unknown,
  maxBytes: number,
  options: GrowthOptions = {},
): Promise<Judged> {
  return alone(async () => {
    const plan = planOf(fn, options)
    checkLimit(maxBytes, plan.perRound * plan.rounds)
    const calls = new RepeatedCalls(fn)
    const stages = [await firstStage(calls, plan)]
    let verdict = verdictOf(stages, maxBytes)
    while (verdict === 'more') {
      stages.push(await runStage(calls, 2 * calls.done, plan.rounds))
      verdict = verdictOf(stages, maxBytes)
    }
    const isOver = verdict === 'over'
    const traced = isOver ? await trace(calls, plan) : NOTHING
    return { growth: growthOf(stages, traced, calls), isOver }
  })
}

interface Plan {
  warmup: number
  rounds: number
  perRound: number
  interval: number
}

const OPTIONS = ['calls', 'warmup', 'rounds', 'interval']

function planOf(fn: () => unknown, options: GrowthOptions): Plan {
  if (typeof fn !== 'function') throw new UsageError(`expected a function, not ${String(fn)}`)
  const unknown = Object.keys(options).find(name => !OPTIONS.includes(name))
  if (unknown !== undefined)
    throw new UsageError(`unknown option '${unknown}'`, { hint: `options: ${OPTIONS.join(', ')}` })
  const { calls = 1000, rounds = 5, interval = 1 } = options
  const { warmup = Math.ceil(calls / 5) } = options
  for (const [name, value] of Object.entries({ calls, rounds, interval })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new UsageError(`${name} must be a positive integer, not ${value}`)
  }
  if (!Number.isSafeInteger(warmup) || warmup < 0)
    throw new UsageError(`warmup must be a whole number, not ${warmup}`)
  return { warmup, rounds, perRound: Math.max(1, Math.round(calls / rounds)), interval }
}

/** Refuses an invalid limit, and one that needs more calls to show. */
function checkLimit(maxBytes: unknown, calls: number): void {
  if (typeof maxBytes !== 'number' || !Number.isFinite(maxBytes) || maxBytes < 0) {
    const shown = typeof maxBytes === 'string' ? `'${maxBytes}'` : String(maxBytes)
    throw new UsageError(`the limit must be a number of bytes per call, not ${shown}`)
  }
  const least = Math.ceil(RESOLUTION / Math.max(maxBytes, SLOT))
  if (calls < least)
    throw new UsageError(`${calls} calls are too few to show ${maxBytes} B per call`, {
      hint: `use at least ${least} calls`,
    })
}

/** The least that a call can keep, in bytes: an array element. */
const SLOT = 8

let last: Promise<unknown> = Promise.resolve()

/** Runs the work after earlier measurements: each would see what the other's function leaves. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work)
  last = result.catch(() => {})
  return result
}

/** Milliseconds to wait for the first unsettled promise; later ones get one turn of the event loop. */
const PATIENCE = 1000

/** Largest number of values taken from a generator. */
const MOST_VALUES = 1_000_000

/** Calls a function, each call to its end. */
class RepeatedCalls {
  done = 0
  unsettled = 0
  readonly #fn: () => unknown
  readonly #isGenerator: boolean
  /** Promises that were given up: waiting again would leave something of ours with each. */
  readonly #given = new WeakSet<object>()

  constructor(fn: () => unknown) {
    this.#fn = fn
    this.#isGenerator = types.isGeneratorFunction(fn)
  }

  async repeat(times: number): Promise<void> {
    const fn = this.#fn
    for (let i = 0; i < times; i++) {
      const result: unknown = fn()
      if (this.#isGenerator) await this.#settle(drain(result as AsyncGenerator))
      else if (isThenable(result)) await this.#settle(result)
    }
    this.done += times
  }

  async #settle(result: PromiseLike<unknown>): Promise<void> {
    if (this.#given.has(result)) return
    let isLate = false
    await new Promise((resolve, reject) => {
      const giveUp = () => resolve((isLate = true))
      const timer = this.unsettled > 0 ? setImmediate(giveUp) : setTimeout(giveUp, PATIENCE)
      const end = (act: (value: unknown) => void) => (value: unknown) => {
        if (this.unsettled === 0) clearTimeout(timer as NodeJS.Timeout)
        act(value)
      }
      result.then(end(resolve), end(reject))
    })
    if (!isLate) return
    this.unsettled++
    this.#given.add(result)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** Runs a generator to its end; calling it alone runs none of its code. */
async function drain(values: AsyncGenerator | Generator): Promise<void> {
  for (let i = 0; !(await values.next()).done; i++) {
    if (i === MOST_VALUES) throw new UsageError(`the generator does not end after ${MOST_VALUES} values`)
  }
}

async function firstStage(calls: RepeatedCalls, { warmup, rounds, perRound }: Plan): Promise<Stage> {
  await calls.repeat(warmup)
  return runStage(calls, perRound * rounds, rounds)
}

/** Runs calls in rounds and reads the heap after each round. */
async function runStage(calls: RepeatedCalls, times: number, rounds: number): Promise<Stage> {
  const perRound = Math.ceil(times / rounds)
  const meter = heapMeter(rounds + 1)
  await drainEventLoop()
  meter.read()
  for (let round = 0; round < rounds; round++) {
    await calls.repeat(perRound)
    await drainEventLoop()
    meter.read()
  }
  return stageOf(meter.reads, perRound)
}

/** Lets pending timers and finalizers run. */
async function drainEventLoop(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 2))
  await new Promise(resolve => setImmediate(resolve))
}

interface Traced {
  rows: readonly StatisticDiff[]
  calls: number
}
const NOTHING: Traced = { rows: [], calls: 0 }

/** How long calls are traced, in ms, after a first round: tracing every block is slow. */
const TRACING = 500

/** Traces as many calls again, to find where what is left was allocated, even if it grows in steps. */
async function trace(calls: RepeatedCalls, { perRound, interval }: Plan): Promise<Traced> {
  const wasTracing = tracing() !== undefined
  if (!wasTracing) startTracing(samplerSettings({ interval }), { buffers: true, stableFrames: true })
  try {
    await readRest() // the first read warms up the reading itself
    const first = await readRest()
    const start = calls.done
    const end = performance.now() + TRACING
    do await calls.repeat(perRound)
    while (calls.done < 2 * start && performance.now() < end)
    await drainEventLoop()
    const rest = await readRest()
    const rows = rest.compareTo(first, 'traceback').filter(row => row.sizeDiff > 0)
    return { rows, calls: calls.done - start }
  } finally {
    if (!wasTracing) stopTracing()
  }
}

/** What is alive, except what reading the heap itself left. */
async function readRest(): Promise<Snapshot> {
  const snapshot = await takeSnapshot()
  const runtime = runtimeStacks(snapshot.tables)
  const { stack } = snapshot.columns
  return snapshot.withRows([...stack.keys()].filter(row => runtime[stack[row]] === 0))
}

function growthOf(
  stages: readonly Stage[],
  { rows, calls: tracedCalls }: Traced,
  calls: RepeatedCalls,
): Growth {
  const count = stages.reduce((sum, stage) => sum + stage.calls, 0)
  const size = stages.reduce((sum, stage) => sum + sizeOf(stage), 0)
  return {
    bytesPerCall: size / count,
    rounds: stages.flatMap(stage => stage.rounds),
    calls: count,
    rows,
    tracedCalls,
    unsettled: calls.unsettled,
  }
}

/** The message of a failed test: the figure, how often it was seen, and the tracebacks of what was left. */
export function growthMessage(growth: Growth, maxBytes: number): string {
  const { rounds, calls, rows, bytesPerCall, tracedCalls } = growth
  const over = rounds.filter(bytes => bytes > maxBytes).length
  const lines = [
    `each call leaves ${formatSize(Math.round(bytesPerCall))}, more than ${formatSize(maxBytes)} ` +
      `(in ${calls} calls; ${over} of ${rounds.length} rounds were over)`,
  ]
  if (growth.unsettled > 0) lines.push(`${growth.unsettled} calls returned a promise that was not settled`)
  if (rows.length === 0) {
    lines.push(
      `tracing ${tracedCalls} more calls did not show where: it is no object of V8's heap, or came in one piece`,
    )
    return lines.join('\n')
  }
  lines.push(`what stayed of ${tracedCalls} more calls:`)
  for (const row of rows.slice(0, 3)) {
    lines.push(
      `${formatSize(row.sizeDiff, true)} of ~${Math.round(row.countDiff)} blocks`,
      ...row.traceback.format({ limit: 8 }),
    )
  }
  return lines.join('\n')
}

/**
 * Asserts that a function leaves at most `maxBytes` bytes per call: for node:test, Jest and everything else.
 * @throws GrowthError with the tracebacks of what was left; UsageError for an invalid limit or option
 */
export async function assertLeavesAtMost(
  fn: () => unknown,
  maxBytes: number,
  options: GrowthOptions = {},
): Promise<void> {
  const { growth, isOver } = await judgeGrowth(fn, maxBytes, options)
  if (isOver) throw new GrowthError(growthMessage(growth, maxBytes), growth)
}
