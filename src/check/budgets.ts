// Budgets: may this group be so big, may it grow so much? And can these snapshots answer at all?

import { Grouper } from '../model/grouping/group.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { compareSampled } from '../statistics/compare.ts'
import { errorBars } from '../statistics/estimation/error-bars.ts'
import { describeSampling } from '../statistics/estimation/sampling.ts'
import type { Comparison, SampledDiff } from '../statistics/results.ts'
import { type DetectableOptions, detectableGrowth } from '../statistics/testing/power.ts'
import { BETWEEN_RUNS } from '../statistics/testing/rules.ts'
import { formatSize } from '../text/units.ts'

/** One-sided 95 % of a normal variable. */
const ONE_SIDED = 1.645

/** Limits in bytes. */
export interface Budget {
  /** What it is for, in words: `total`, `package express`, `src/*`. */
  readonly name: string
  readonly size?: number
  readonly growth?: number
}

/** `fail`: over the limit by more than error explains. `unknown`: these snapshots cannot tell. */
export type Outcome = 'pass' | 'fail' | 'unknown'

/** The answer to one limit. Sizes in bytes. */
export interface Answer {
  readonly budget: string
  readonly kind: 'size' | 'growth'
  readonly limit: number
  readonly measured: number
  /** One standard error of `measured`, the usual variation between runs included; null where unknown. */
  readonly error: number | null
  readonly outcome: Outcome
  /** Where the outcome is unknown: why, and what would do. */
  readonly advice?: string
}

/** Judges the limits of one budget on snapshots that hold only what it is about. */
export function judgeBudget(budget: Budget, now: readonly Snapshot[], old: readonly Snapshot[]): Answer[] {
  const answers: Answer[] = []
  if (budget.size !== undefined) answers.push(judgeSize(budget.name, budget.size, now))
  if (budget.growth !== undefined) answers.push(judgeGrowth(budget.name, budget.growth, now, old))
  return answers
}

function judgeSize(budget: string, limit: number, now: readonly Snapshot[]): Answer {
  const sizes = now.map(snapshot => snapshot.total.size)
  const measured = mean(sizes)
  const runs = now.map(snapshot => snapshot.over(now[0].tables))
  const { sizeError: error, sizeHigh } = errorBars(runs, new Grouper(now[0].tables, 'domain'))(-1, measured)
  const answer = { budget, kind: 'size', limit, measured, error } as const
  if (measured <= limit) {
    const interval = coarsest(now)
    const question = { size: 0, interval: interval / now.length, paired: true, rows: 1 }
    const seen = detectableGrowth(question)
    const isUnder = sizeHigh === null || (sizeHigh <= limit && measured > 0) // without a sample there is no bar
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
): Answer {
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
): Answer {
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
  // Where few samples are left the standard error says too little (none at all: 0); the interval holds nevertheless.
  const most = Math.max(measured + ONE_SIDED * error, row.sizeDiffHigh ?? 0)
  if (seen <= limit || most <= limit) return { ...answer, error, outcome: 'pass' }
  return {
    ...answer,
    error,
    outcome: 'unknown',
    advice: adviceFor('growth', limit, question, interval, seen),
  }
}

/** Standard error of a difference of means by the usual variation between runs, in bytes. */
function runError(now: readonly Snapshot[], old: readonly Snapshot[]): number {
  return BETWEEN_RUNS * Math.sqrt(1 / now.length + 1 / old.length)
}

/** The largest of the sampling intervals, in bytes; 1 where all is exact. */
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

/** The largest interval in bytes at which growth over the limit is seen; undefined where none is fine enough. */
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
