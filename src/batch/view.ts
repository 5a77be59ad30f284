// What is shown of a batch.
import type { KeyType } from '../model/grouping/group.ts'
import { type BatchRow, type BatchSeries, type BatchView, matrixOf, rankRows } from '../report/batch.ts'
import { rowLineNotes } from '../statistics/line-notes.ts'
import type { Comparison, SeriesTrend } from '../statistics/results.ts'
import type { BatchResult, SeriesResult } from './batch.ts'

/** Number of packages shown below the rows of a series. */
const PACKAGES = 5

/** The part of a batch to show: rows ranked and cut to `limit` (0 = all). */
export function batchView(result: BatchResult, keyTypes: readonly KeyType[], limit: number): BatchView {
  const byPackage = keyTypes.join() === 'package'
  const series = result.series.map(one => seriesView(one, keyTypes, limit, byPackage ? 0 : PACKAGES))
  return { keyType: keyTypes.join(','), series, matrix: matrixOf(series), failed: result.failed }
}

function seriesView(
  series: SeriesResult,
  keyTypes: readonly KeyType[],
  limit: number,
  packages: number,
): BatchSeries {
  const { name, points, steps, baseline, notes, growth, trend } = series
  const ranked = rankRows(joined(growth, trend))
  const shown = (rows: BatchRow[]) => (limit === 0 ? rows : rows.slice(0, limit))
  const rows = shown(ranked)
  const against = shown(rankRows(joined(baseline)))
  const lines = rowLineNotes(
    series.snapshots,
    keyTypes,
    [...rows, ...against].map(row => row.diff),
  )
  return {
    name,
    points,
    steps,
    baseline,
    notes: [...new Set([...notes, ...(trend?.notes ?? []), ...lines])],
    groups: ranked.length,
    rows,
    against,
    packages: rankRows(joined(series.packages)).slice(0, packages),
    total: growth?.total,
  }
}

/** Rows of first against last, each with its course in between. */
function joined(growth: Comparison | undefined, trend?: SeriesTrend): BatchRow[] {
  const courses = new Map(trend?.rows.map(row => [identityOf(row), row]))
  return (growth?.rows ?? []).map(diff => ({ diff, trend: courses.get(identityOf(diff)) }))
}

function identityOf({ statistic }: { statistic: { label: string; traceback: Iterable<object> } }): string {
  return [statistic.label, ...statistic.traceback].join('\n')
}
