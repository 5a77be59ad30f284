// The results of statistics: error bars, comparisons and trends.
import type { ErrorBar, Statistic, StatisticDiff } from '../model/grouping/statistic.ts'

export type { ErrorBar } from '../model/grouping/statistic.ts'

/** How a snapshot was sampled, as far as known. */
export interface Sampling {
  /** `exact`: every block was seen. `unknown`: sampled at an unknown interval, so there are no error bars. */
  readonly interval: 'exact' | 'given' | 'recorded' | 'inferred' | 'unknown'
  /** The interval in bytes; 1 if exact, undefined if unknown. */
  readonly bytes: number | undefined
  /** One sentence for the user: what is known, and why. */
  readonly text: string
}

/** A 95 % interval in bytes. */
export interface Limits {
  readonly low: number
  readonly high: number
}

/** One group of a snapshot with its error bar. */
export interface SampledStatistic extends ErrorBar {
  readonly statistic: Statistic
}

/** Why a difference is not called significant. */
export type NoiseReason =
  | 'sampling' // explained by chance (and, if unpaired, by the usual variation between runs)
  | 'few samples' // too few samples for a verdict
  | 'small' // under 1 % of the total: identical runs differ by as much
  | 'runtime' // memory of V8 or of the inspector
  | 'heap unchanged' // the heap in use did not change: the memory replaced what existed before tracing
  | 'drift' // the bytes moved between caller and callee
  | 'single runs' // exact, but one run against one: the variation between runs is unknown
  | 'exact and sampled' // different runs: at interval 1 V8 optimizes at other times, which changes sizes
  | 'interval unknown'

/** How differences were judged. */
export type Rule =
  | 'paired' // one session, sample by sample
  | 'unpaired' // different runs; allows for the usual variation between runs
  | 'repeats' // three or more old runs: the row's own variation between runs
  | 'none' // not judged; `Comparison.reason` says why

/** One group of a comparison. The error bar is that of the new size. */
export interface SampledDiff extends ErrorBar {
  readonly statistic: StatisticDiff
  /** One standard error of `sizeDiff` from sampling, in bytes; null if unknown, 0 if exact. */
  readonly sizeDiffError: number | null
  /** 95 % interval of the true difference, allowing for sampling, in bytes. */
  readonly sizeDiffLow: number | null
  readonly sizeDiffHigh: number | null
  /** Probability of such a large difference by chance alone; null if there is none. */
  readonly pValue: number | null
  /** Null if it cannot be judged. */
  readonly significant: boolean | null
  /** Why it is not significant; undefined if it is. */
  readonly reason: NoiseReason | undefined
  /** Only if paired, in bytes: `new - freed = sizeDiff`, `survived + new = size`. */
  readonly new: number | undefined
  readonly freed: number | undefined
  readonly survived: number | undefined
  /** Bytes that moved here (positive) from the named group, its caller or callee, or there (negative). */
  readonly drift: { readonly bytes: number; readonly label: string } | undefined
}

/** Differences of new snapshots from old ones. */
export interface Comparison {
  /** Sorted as by `compareTo`. Sizes and counts of several snapshots are their means. */
  readonly rows: readonly SampledDiff[]
  /** The difference of the totals, judged as one row. */
  readonly total: SampledDiff
  readonly rule: Rule
  /** Why `rule` is `none`. */
  readonly reason: NoiseReason | undefined
  /** What the user should know about the verdicts. */
  readonly notes: readonly string[]
}

/** How one group changed over a series. */
export interface TrendRow {
  /** Last read against first. */
  readonly statistic: StatisticDiff
  /** Bytes at each read. */
  readonly sizes: readonly number[]
  /** Bytes per read: Theil and Sen's median of slopes. A description, not a test. */
  readonly slope: number
  /** Did it grow at every step? */
  readonly growing: boolean
  /** One-sided: probability of such growth by chance; null if the reads do not share a session. */
  readonly pValue: number | null
  /** Did it grow in this window? Null if it cannot be judged. */
  readonly significant: boolean | null
  readonly reason: NoiseReason | undefined
  /** Bytes of the last read by the read in which their objects appeared; undefined without a session. */
  readonly ages: readonly number[] | undefined
}

/** How the groups changed over three or more reads. */
export interface SeriesTrend {
  /** Sorted by the difference from first to last, largest first. */
  readonly rows: readonly TrendRow[]
  /** Do all reads belong to one session? */
  readonly paired: boolean
  readonly notes: readonly string[]
}
