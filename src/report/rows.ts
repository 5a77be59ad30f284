// A row of statistics: its one JSON shape for top, diff, batch and check, and its columns for people.
import type { Frame } from '../model/frame.ts'
import type { GroupKey } from '../model/grouping/keys.ts'
import type { Statistic, StatisticDiff } from '../model/grouping/statistic.ts'
import { domainName } from '../model/meta.ts'
import type { Traceback } from '../model/traceback.ts'
import type { ErrorBar, SampledDiff, SampledStatistic } from '../statistics/results.ts'
import { largest } from '../text/width.ts'
import { type Column, column } from './cells.ts'

/** A frame in JSON: line and column 1-based, 0 = unknown. */
export interface FrameJson {
  filename: string
  lineno: number
  column: number
  function: string
  exact: boolean
}

/** Oldest first. */
function tracebackJson(traceback: Traceback): FrameJson[] {
  return traceback.frames.map(frameJson)
}

export function frameJson(frame: Frame): FrameJson {
  return {
    filename: frame.filename,
    lineno: frame.lineno,
    column: frame.column,
    function: frame.functionName,
    exact: frame.exact,
  }
}

/** Every figure of a row, in the order of JSON: one that is missing here is a compiler error. */
const FIGURES = Object.keys({
  sizeError: true,
  sizeLow: true,
  sizeHigh: true,
  countError: true,
  sizeDiffError: true,
  sizeDiffLow: true,
  sizeDiffHigh: true,
  significant: true,
  pValue: true,
  reason: true,
  new: true,
  freed: true,
  survived: true,
  drift: true,
} satisfies Record<Exclude<keyof SampledDiff, 'statistic'>, true>) as (keyof ErrorBar)[]

/** A row in JSON: what it is, and its figures. */
export function rowJson(row: SampledStatistic | SampledDiff): Record<string, unknown> {
  return { ...keyJson(row.statistic), ...figuresJson(row) }
}

/** The figures of a row, or of the total: null where unknown; those that do not apply are left out. */
export function figuresJson(row: SampledStatistic | SampledDiff): Record<string, unknown> {
  return { ...amountsJson(row.statistic), ...errorsJson(row) }
}

/** The same without bytes and blocks. */
export function errorsJson(row: ErrorBar | SampledDiff): Record<string, unknown> {
  return Object.fromEntries(FIGURES.map(name => [name, row[name]]).filter(([, value]) => value !== undefined))
}

/** Bytes and blocks in JSON. Blocks are whole, also where they are estimates or means; null where unknown. */
function amountsJson(statistic: Statistic | StatisticDiff): Record<string, number | null> {
  const { size } = statistic
  const count = blocksJson(statistic.count)
  if (!('sizeDiff' in statistic)) return { size, count }
  return { size, count, sizeDiff: statistic.sizeDiff, countDiff: blocksJson(statistic.countDiff) }
}

/** A number of blocks in JSON. */
export function blocksJson(count: number): number | null {
  return Number.isNaN(count) ? null : Math.round(count)
}

/** The group's identity in JSON; what the group key does not speak of is left out. */
function keyJson(statistic: Statistic | StatisticDiff): Record<string, unknown> {
  const { key, traceback } = statistic
  const json: Record<string, unknown> = {}
  if (key.type !== undefined) json.type = key.type
  if (key.domain !== undefined) {
    json.domain = key.domain
    json.domainName = domainName(key.domain)
  }
  if (key.package !== undefined) json.package = key.package
  if (key.filename !== undefined) json.filename = key.filename
  if (key.lineno !== undefined) {
    json.lineno = key.lineno
    json.column = key.column ?? 0
    json.exact = key.exact === true
  }
  if (key.lineno !== undefined || key.functionName !== undefined) json.function = key.functionName ?? ''
  if (isTelling(key, traceback)) json.traceback = tracebackJson(traceback)
  return json
}

/** Does a traceback say more than its file, and a line that is that of the whole group? */
function isTelling(key: GroupKey, { frames }: Traceback): boolean {
  if (frames.length !== 1) return frames.length > 1
  if (key.filename === undefined || key.lineno !== undefined) return true
  return key.functionName === undefined && frames[0].lineno > 0
}

/** What columns look at: a row, or the total. */
type Figures = ErrorBar & { statistic: { size: number; count: number } }

interface Known {
  /** Are block counts estimates? */
  readonly estimated: boolean
  /** Do sizes come from samples? */
  readonly sampled: boolean
}

/** The columns of statistics whose sizes add up to `whole` bytes. */
export function topColumns(
  rows: readonly SampledStatistic[],
  whole: number,
  { estimated, sampled }: Known,
): Column<Figures>[] {
  const most = largest(1, rows, row => Math.abs(row.statistic.size))
  const share = ({ size }: { size: number }) => (whole > 0 ? size / whole : undefined)
  return [
    column('size', 'bytes', row => row.statistic.size),
    ...(sampled ? [column('error', 'error', (row: Figures) => row.sizeError)] : []),
    column('%', 'share', row => share(row.statistic), 'wide'),
    column('', 'bar', row => row.statistic.size / most, 'wide'),
    column('count', 'blocks', row => ({ count: row.statistic.count, estimated })),
    column('average', 'bytes', row => average(row.statistic), 'wide'),
  ]
}

/** The columns of differences. `isJudged`: is there a verdict for each? */
export function diffColumns(
  rows: readonly SampledDiff[],
  { estimated, sampled }: Known,
  isJudged: boolean,
): Column<SampledDiff>[] {
  const most = largest(1, rows, row => Math.abs(row.statistic.sizeDiff))
  const isMarked = rows.some(row => verdictText(row) !== '')
  const counts = ({ statistic: { count, countDiff: change } }: SampledDiff) => ({ count, change, estimated })
  const columns: (Column<SampledDiff> | false)[] = [
    column('growth', 'growth', row => row.statistic.sizeDiff),
    sampled && column('error', 'error', row => row.sizeDiffError),
    column('', 'bar', row => row.statistic.sizeDiff / most, 'wide'),
    isMarked && column('verdict', 'words', verdictText, 'wide'),
    isJudged &&
      column('verdict', 'words', row => verdictText(row) || (row.significant ? 'significant' : ''), 'narrow'),
    column('size', 'bytes', row => row.statistic.size),
    column('count', 'blocks', counts, 'narrow'),
    column('count', 'blocks', row => ({ count: row.statistic.count, estimated }), 'wide'),
    column('+/-', 'moreBlocks', row => ({ count: row.statistic.countDiff, estimated }), 'wide'),
    column('average', 'bytes', row => average(row.statistic), 'wide'),
  ]
  return columns.filter(column => column !== false)
}

function average({ size, count }: { size: number; count: number }): number | undefined {
  return count ? size / count : undefined
}

/**
 * Verdict of a difference in a word or two. Empty if significant, not judged, or exactly unchanged. An
 * unchanged sampled size is still noise: samples cannot prove that nothing changed.
 */
export function verdictText(row: SampledDiff): string {
  const { significant, reason, drift, statistic } = row
  if (reason === 'drift' && drift) return `moved ${drift.bytes > 0 ? 'from' : 'to'} ${drift.label}`
  if (significant !== false) return ''
  return statistic.sizeDiff === 0 && row.sizeDiffError === 0 && row.sizeError === 0 ? '' : 'noise'
}
