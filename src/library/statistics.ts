// The statistics for programs: differences with error bars and verdicts, and trends.
import { UsageError } from '../errors.ts'
import type { Cumulative, KeyType } from '../model/grouping/group.ts'
import { Snapshot } from '../model/snapshot.ts'
import * as compare from '../statistics/compare.ts'
import type { Comparison, SeriesTrend } from '../statistics/results.ts'
import * as trend from '../statistics/trend.ts'

export type {
  Comparison,
  ErrorBar,
  NoiseReason,
  Rule,
  SampledDiff,
  SeriesTrend,
  TrendRow,
} from '../statistics/results.ts'

/** One snapshot, or several runs. */
export type Runs = Snapshot | readonly Snapshot[]

/**
 * Differences of new snapshots from old ones, as `diff` shows them: the rows of `compareTo`, each with error
 * bars in bytes and a verdict. Two snapshots of one session are compared object by object. Otherwise means
 * are compared; from three old runs on, each row's own variation between runs counts.
 * @param now one snapshot, or several runs of the same program
 * @param old the same
 * @param keyType one key, or several, as for `statistics`
 * @throws UsageError without snapshots, or for a key that cannot be used
 */
export function compareSampled(
  now: Runs,
  old: Runs,
  keyType: KeyType | readonly KeyType[],
  cumulative: Cumulative = false,
): Comparison {
  return compare.compareSampled(runsOf('new', now, 1), runsOf('old', old, 1), keyType, cumulative)
}

/**
 * How each group changed over three or more snapshots, oldest first, as `batch` shows it. Within one session,
 * a row is significant if whole objects came and stayed, beyond what sampling explains.
 * @throws UsageError for fewer than three snapshots, or a key that cannot be used
 */
export function seriesTrend(
  snapshots: readonly Snapshot[],
  keyType: KeyType | readonly KeyType[],
  cumulative: Cumulative = false,
): SeriesTrend {
  return trend.seriesTrend(runsOf('series of', snapshots, 3), keyType, cumulative)
}

function runsOf(what: string, runs: Runs, least: number): readonly Snapshot[] {
  const all = runs instanceof Snapshot ? [runs] : runs
  if (!Array.isArray(all) || !all.every(run => run instanceof Snapshot))
    throw new UsageError(`${what} snapshots: not a Snapshot`)
  if (all.length < least)
    throw new UsageError(`${what} snapshots: ${all.length} are too few, it takes ${least}`)
  return all
}
