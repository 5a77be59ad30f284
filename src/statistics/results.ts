import type { Statistic, StatisticDiff } from '../model/grouping/statistic.ts'

/** What is known of how a snapshot was sampled. */
export interface Sampling {
  /** `exact`: every block was seen. `unknown`: sampled, but nobody knows at which interval, so there are no error bars. */
  readonly interval: 'exact' | 'given' | 'recorded' | 'inferred' | 'unknown'
  /** The interval in bytes; 1 where exact, undefined where unknown. */
  readonly bytes: number | undefined
  /** One sentence for a user: what is known, and why. */
  readonly text: string
}

/** A 95 % interval in bytes. */
export interface Limits {
  readonly low: number
  readonly high: number
}

/** Error bar of one group's size and count. All are null where the interval is unknown, 0 (or the size) where exact. */
export interface ErrorBar {
  /** One standard error, in bytes. */
  readonly sizeError: number | null
  /** 95 % interval of the true size, in bytes. */
  readonly sizeLow: number | null
  readonly sizeHigh: number | null
  /** One standard error of the count, what decoding leaves open included. */
  readonly countError: number | null
}

/** One group of a snapshot with its error bar. */
export interface SampledStatistic extends ErrorBar {
  readonly statistic: Statistic
}

/** Why a difference is not called significant. */
export type NoiseReason =
  | 'sampling' // chance (and, unpaired, the usual variation between runs) explains it
  | 'few samples' // too few samples for any verdict
  | 'small' // under 1 % of the total: identical runs differ by as much
  | 'runtime' // V8's or the inspector's own memory
  | 'heap unchanged' // the heap in use did not change with it: it replaced what was there before tracing
  | 'drift' // the bytes moved between caller and callee
  | 'single runs' // exact, but one run against one other: nothing says how much runs differ
  | 'exact and sampled' // of different runs: at interval 1 V8 optimizes at another time, and objects are of other sizes
  | 'interval unknown'

/** How differences were judged. */
export type Rule =
  | 'paired' // one session: sample by sample
  | 'unpaired' // different runs; allows for the usual variation between runs
  | 'repeats' // three or more old runs: the row's own variation between runs
  | 'none' // cannot be judged; `Comparison.reason` says why

/** One group of a comparison; the error bar is that of its new size. */
export interface SampledDiff extends ErrorBar {
  readonly statistic: StatisticDiff
  /** One standard error of `sizeDiff` by sampling, in bytes; null where the interval is unknown, 0 where exact. */
  readonly sizeDiffError: number | null
  /** 95 % interval of the true difference by sampling, in bytes. */
  readonly sizeDiffLow: number | null
  readonly sizeDiffHigh: number | null
  /** Probability of so large a difference by chance alone; null where there is none. */
  readonly pValue: number | null
  /** Null where it cannot be judged. */
  readonly significant: boolean | null
  /** Why it is not significant; undefined where it is. */
  readonly reason: NoiseReason | undefined
  /** Only paired, in bytes: `new - freed = sizeDiff`, `survived + new = size`. */
  readonly new: number | undefined
  readonly freed: number | undefined
  readonly survived: number | undefined
  /** Bytes that moved here (positive) from the group named, its caller or callee, or from here (negative) to it. */
  readonly drift: { readonly bytes: number; readonly label: string } | undefined
}

/** Differences of one or several new snapshots against one or several old ones. */
export interface Comparison {
  /** Sorted as `compareTo` sorts. Sizes and counts of several snapshots are their means. */
  readonly rows: readonly SampledDiff[]
  /** The difference of everything, judged as one row. */
  readonly total: SampledDiff
  readonly rule: Rule
  /** Why `rule` is `none`. */
  readonly reason: NoiseReason | undefined
  /** What a user should know about the verdicts. */
  readonly notes: readonly string[]
}

/** The course of one group over a series. */
export interface TrendRow {
  /** Last against first. */
  readonly statistic: StatisticDiff
  /** Bytes at each read. */
  readonly sizes: readonly number[]
  /** Bytes per read: Theil and Sen's median of slopes. A description, not a test. */
  readonly slope: number
  /** Did it grow at every step? */
  readonly growing: boolean
  /** One-sided: chance of such growth without any; null where reads do not share a session. */
  readonly pValue: number | null
  /** Did it grow in this window? Null where it cannot be judged. */
  readonly significant: boolean | null
  readonly reason: NoiseReason | undefined
  /** Bytes of the last read by the read at which their objects were first seen; undefined without a session. */
  readonly ages: readonly number[] | undefined
}

/** The course of a series of three reads or more. */
export interface SeriesTrend {
  /** Largest difference from first to last first. */
  readonly rows: readonly TrendRow[]
  /** Are all reads of one session? */
  readonly paired: boolean
  readonly notes: readonly string[]
}
