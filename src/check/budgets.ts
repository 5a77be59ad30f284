// Judges budgets: is a group too large, has it grown too much, and can these snapshots tell at all?
import { Grouper } from '../model/grouping/group.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { compareSampled } from '../statistics/compare.ts'
import { errorBars } from '../statistics/estimation/error-bars.ts'
import { describeSampling } from '../statistics/estimation/sampling.ts'
import type { Comparison, SampledDiff } from '../statistics/results.ts'
import { type DetectableOptions, detectableGrowth } from '../statistics/testing/power.ts'
import { BETWEEN_RUNS } from '../statistics/testing/rules.ts'
import { formatSize } from '../text/units.ts'

/** One-sided 95 % quantile of the normal distribution. */
const ONE_SIDED = 1.645

/** Limits in bytes. */
export interface Budget {
  /** What it applies to, in words: `total`, `package express`, `src/*`. */
  readonly name: string
  readonly size?: number
  readonly growth?: number
}

/** `fail`: over the limit by more than the error explains. `unknown`: these snapshots cannot tell. */
export type Outcome = 'pass' | 'fail' | 'unknown'

/** The result for one limit. Sizes in bytes. */
export interface LimitResult {
  readonly budget: string
  readonly kind: 'size' | 'growth'
  readonly limit: number
  readonly measured: number
  /** One standard error of `measured`, including the usual variation between runs; null if unknown. */
  readonly error: number | null
  readonly outcome: Outcome
  /** If the outcome is unknown: why, and what would help. */
  readonly advice?: string
}

/** Judges the limits of one budget on snapshots that hold only what it applies to. */
export function judgeBudget(
  budget: Budget,
  now: readonly Snapshot[],
  old: readonly Snapshot[],
): LimitResult[] {
  const results: LimitResult[] = []
  if (budget.size !== undefined) results.push(judgeSize(budget.name, budget.size, now))
  if (budget.growth !== undefined) results.push(judgeGrowth(budget.name, budget.growth, now, old))
  return results
}

function judgeSize(budget: string, limit: number, now: readonly Snapshot[]): LimitResult {
  const sizes = now.map(snapshot => snapshot.total.size)
  const measured = mean(sizes)
  const runs = now.map(snapshot => snapshot.over(now[0].tables))
  const { sizeError: error, sizeHigh } = errorBars(runs, new Grouper(now[0].tables, 'domain'))(-1, measured)
  const answer = { budget, kind: 'size', limit, measured, error } as const
  if (measured <= limit) {
    const interval = coarsest(now)
    const question = { size: 0, interval: interval / now.length, paired: true, rows: 1 }
    const seen = detectableGrowth(question)
    // Without samples there is no error bar.
    const isUnder = sizeHigh === null || (sizeHigh <= limit && measured > 0)
    if (seen <= limit || isUnder) return { ...answer, outcome: 'pass' }
    return { ...answer, outcome: 'unknown', advice: adviceFor('a size', limit, question, interval, seen) }
  }
  if (error !== null && measured - ONE_SIDED * error > limit) return { ...answer, outcome: 'fail' }
  const advice =
    error === null
      ? 'the sampling interval is unknown: set it with --interval'
      : 'the excess is within the sampling error: use a smaller --interval or more runs'
  return { ...answer, outcome: 'unknown', advice }
}

function judgeGrowth(
  budget: string,
  limit: number,
  now: readonly Snapshot[],
  old: readonly Snapshot[],
): LimitResult {
  const comparison = compareSampled(now, old, 'domain')
  return answerGrowth(budget, limit, comparison.total, comparison, now, old)
}

/** Judges the growth of one row of a comparison. */
export function answerGrowth(
  budget: string,
  limit: number,
  row: SampledDiff,
  { rule }: Comparison,
  now: readonly Snapshot[],
  old: readonly Snapshot[],
): LimitResult {
  const measured = row.statistic.sizeDiff
  const sampling = row.sizeDiffError
  const answer = { budget, kind: 'growth', limit, measured } as const
  if (sampling === null) {
    const advice = 'the sampling interval is unknown: set it with --interval'
    return { ...answer, error: null, outcome: 'unknown', advice }
  }
  const isPaired = rule === 'paired'
  const between = isPaired ? 0 : runError(now, old)
  const error = Math.hypot(sampling, between)
  if (measured - ONE_SIDED * error > limit) return { ...answer, error, outcome: 'fail' }
  const interval = coarsest([...now, ...old])
  const site = Math.max(0, isPaired ? (row.freed ?? 0) : row.statistic.size - measured)
  const runs = Math.min(now.length, old.length)
  const question = { size: site, interval: interval / runs, paired: isPaired, rows: 1 }
  const seen = detectableGrowth(question)
  // With few samples the standard error is too small (with none, 0); the interval is still valid.
  const most = Math.max(measured + ONE_SIDED * error, row.sizeDiffHigh ?? 0)
  if (seen <= limit || most <= limit) return { ...answer, error, outcome: 'pass' }
  return {
    ...answer,
    error,
    outcome: 'unknown',
    advice: adviceFor('growth', limit, question, interval, seen),
  }
}

/** Standard error of a difference of means from the usual variation between runs, in bytes. */
function runError(now: readonly Snapshot[], old: readonly Snapshot[]): number {
  return BETWEEN_RUNS * Math.sqrt(1 / now.length + 1 / old.length)
}

/** The largest of the sampling intervals, in bytes; 1 if all are exact. */
function coarsest(snapshots: readonly Snapshot[]): number {
  return Math.max(...snapshots.map(s => describeSampling(s).bytes ?? 1))
}

function adviceFor(
  what: string,
  limit: number,
  question: DetectableOptions,
  interval: number,
  seen: number,
): string {
  const blind = `${what} below ${formatSize(Math.round(seen))} cannot be seen reliably`
  const needed = intervalFor(limit, question)
  if (interval === 1 || needed === undefined) return `${blind}: use several runs of each side`
  return `${blind} at an interval of ${interval} bytes: use --interval ${needed} or less`
}

/** The largest interval in bytes that shows growth over the limit; undefined if none is fine enough. */
function intervalFor(limit: number, question: DetectableOptions): number | undefined {
  const isSeen = (interval: number) => detectableGrowth({ ...question, interval }) <= limit
  if (!isSeen(1)) return undefined
  let low = 1
  let high = question.interval
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (isSeen(middle)) low = middle
    else high = middle
  }
  return low
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
