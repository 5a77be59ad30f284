import type { Comparison, SampledDiff, TrendRow } from '../statistics/results.ts'
import { markdownCode, visible } from '../text/escape.ts'
import { formatCount, formatSize } from '../text/units.ts'
import { fit, largest, shorten, widthOf } from '../text/width.ts'
import { amountsJson, keyJson } from './row-json.ts'
import { csvLine } from './statistics/csv.ts'

/** One snapshot of a series, in bytes and blocks. */
export interface BatchPoint {
  path: string
  size: number
  count: number
  time?: number
}

/** The difference of two neighbours. */
export interface BatchStep {
  sizeDiff: number
  significant: number
  largest?: { label: string; sizeDiff: number }
}

/** One row of a series: first to last, and its course between. */
export interface BatchRow {
  diff: SampledDiff
  trend?: TrendRow
}

export interface BatchSeries {
  name: string
  points: readonly BatchPoint[]
  steps: readonly BatchStep[]
  /** Significant growth first, largest first. */
  rows: readonly BatchRow[]
  packages: readonly BatchRow[]
  /** The largest rows of `baseline`; none without one. */
  against: readonly BatchRow[]
  /** Last against the baseline. */
  baseline?: Comparison
  /** Number of groups; `rows` may be fewer. */
  groups: number
  total?: SampledDiff
  notes: readonly string[]
}

/** Totals and significant growth of builds (down) and scenarios (across). */
export interface BatchMatrix {
  builds: readonly string[]
  scenarios: readonly string[]
  /** By build, then scenario; null where there is no such series. */
  cells: readonly (readonly (MatrixCell | null)[])[]
}

export interface MatrixCell {
  size: number
  /** Bytes by which rows grew significantly: against the baseline where there is one, else first to last. */
  growth: number
}

export interface BatchView {
  keyType: string
  series: readonly BatchSeries[]
  matrix?: BatchMatrix
  failed: readonly { path: string; reason: string }[]
}

/** Ranks rows: those that grew significantly, then the others; each by growth. */
export function rankRows(rows: readonly BatchRow[]): BatchRow[] {
  const grew = ({ diff, trend }: BatchRow) =>
    (trend?.significant ?? diff.significant) === true && diff.statistic.sizeDiff > 0 ? 0 : 1
  return [...rows].sort(
    (a, b) => grew(a) - grew(b) || Math.abs(b.diff.statistic.sizeDiff) - Math.abs(a.diff.statistic.sizeDiff),
  )
}

/** The matrix of series named `build/scenario`; undefined where they are not, or there is one of either. */
export function matrixOf(series: readonly BatchSeries[]): BatchMatrix | undefined {
  const names = series.map(s => s.name.split('/'))
  if (series.length < 2 || names.some(parts => parts.length !== 2)) return undefined
  const builds = [...new Set(names.map(parts => parts[0]))]
  const scenarios = [...new Set(names.map(parts => parts[1]))]
  const cells = builds.map(build => scenarios.map(scenario => cellOf(series, `${build}/${scenario}`)))
  return { builds, scenarios, cells }
}

function cellOf(series: readonly BatchSeries[], name: string): MatrixCell | null {
  const found = series.find(s => s.name === name)
  const last = found?.points.at(-1)
  if (!found || !last) return null
  const rows = found.baseline?.rows ?? found.rows.map(row => row.diff)
  const grown = rows.filter(row => row.significant && row.statistic.sizeDiff > 0)
  return { size: last.size, growth: grown.reduce((sum, row) => sum + row.statistic.sizeDiff, 0) }
}

/** `p=0.0012`, `p<0.0001`. */
function pText(p: number | null | undefined): string {
  if (p === null || p === undefined) return 'p=unknown'
  return p < 0.0001 ? 'p<0.0001' : `p=${p.toFixed(4)}`
}

function intervalText({ sizeDiffLow, sizeDiffHigh }: SampledDiff): string {
  if (sizeDiffLow === null || sizeDiffHigh === null) return 'unknown'
  return `${formatSize(Math.round(sizeDiffLow), true)} to ${formatSize(Math.round(sizeDiffHigh), true)}`
}

function pOf({ diff, trend }: BatchRow): number | null {
  return trend?.pValue ?? diff.pValue
}

function verdict({ diff, trend }: BatchRow): string {
  const significant = trend?.significant ?? diff.significant
  if (significant === null) return 'not judged'
  if (!significant) return 'noise'
  return diff.statistic.sizeDiff < 0 ? 'shrank' : 'grew'
}

/** CPython's diff line of each row behind its series' name, for grep. */
export function* batchText(view: BatchView): Generator<string> {
  for (const series of view.series) {
    const prefix = view.series.length > 1 ? `${series.name}: ` : ''
    if (!series.total) yield visible(`${prefix}one snapshot: ${totalText(series.points[0])}`)
    for (const row of series.rows) yield visible(`${prefix}${row.diff.statistic}${tail(row)}`)
    for (const row of series.packages) yield visible(`${prefix}package ${row.diff.statistic}${tail(row)}`)
    for (const row of series.against) yield visible(`${prefix}baseline ${row.diff.statistic}${tail(row)}`)
  }
  for (const { path, reason } of view.failed) yield visible(`failed: ${path}: ${reason}`)
}

function totalText({ size, count }: BatchPoint): string {
  return `size=${formatSize(size)}, count=${formatCount(count, false)}`
}

function tail(row: BatchRow): string {
  const step = row.trend ? `, per step=${formatSize(Math.round(row.trend.slope), true)}` : ''
  const mark = verdict(row) === 'noise' ? ', noise' : ''
  return `, growth=${intervalText(row.diff)}, ${pText(pOf(row))}${step}${mark}`
}

/** A GitHub table for each series, and the matrix. */
export function* batchMarkdown(view: BatchView): Generator<string> {
  for (const series of view.series) {
    yield `### ${markdownCode(series.name)}: ${series.points.length} snapshots`
    yield ''
    yield series.total
      ? markdownCourse(series, series.total)
      : `One snapshot of ${formatSize(series.points[0].size)}.`
    yield ''
    if (series.total || series.against.length > 0) yield* markdownRows(view, series)
    for (const note of series.notes) yield `- ${visible(note)}`
    yield ''
  }
  if (view.matrix) yield* markdownMatrix(view.matrix)
  for (const { path, reason } of view.failed)
    yield `- not read: ${markdownCode(path)}: ${markdownCode(reason)}`
}

function markdownCourse({ points, steps }: BatchSeries, total: SampledDiff): string {
  const sizes = steps.map(step => formatSize(step.sizeDiff, true))
  const growth = formatSize(total.statistic.sizeDiff, true)
  const ends = `${formatSize(points[0].size)} to ${formatSize((points.at(-1) as BatchPoint).size)}`
  return `Total ${ends} (${growth}); steps ${sizes.slice(0, 24).join(', ')}${sizes.length > 24 ? ', ...' : ''}.`
}

function* markdownRows(view: BatchView, series: BatchSeries): Generator<string> {
  yield `| ${view.keyType} | growth | 95 % interval | p | per step | size | |`
  yield '|:--|--:|--:|--:|--:|--:|:--|'
  for (const row of series.rows) yield markdownRow(row, '')
  for (const row of series.packages) yield markdownRow(row, 'package ')
  for (const row of series.against) yield markdownRow(row, 'baseline ')
  const hidden = series.groups - series.rows.length
  if (hidden > 0) yield `\n${hidden} more rows are not shown.`
  yield ''
}

function markdownRow(row: BatchRow, what: string): string {
  const { statistic } = row.diff
  const cells = [
    what + markdownCode(statistic.label),
    formatSize(statistic.sizeDiff, true),
    intervalText(row.diff),
    pText(pOf(row)).replace(/^p=?/, '').replace('<', '&lt; '),
    row.trend ? formatSize(Math.round(row.trend.slope), true) : '',
    formatSize(statistic.size),
    verdict(row),
  ]
  return `| ${cells.join(' | ')} |`
}

function* markdownMatrix({ builds, scenarios, cells }: BatchMatrix): Generator<string> {
  yield `| | ${scenarios.map(markdownCode).join(' | ')} |`
  yield `|:--|${scenarios.map(() => '--:').join('|')}|`
  for (const [i, build] of builds.entries())
    yield `| ${markdownCode(build)} | ${cells[i].map(cellText).join(' | ')} |`
  yield ''
}

function cellText(cell: MatrixCell | null): string {
  if (!cell) return ''
  return cell.growth > 0
    ? `${formatSize(cell.size)} (${formatSize(cell.growth, true)})`
    : formatSize(cell.size)
}

/** Schema `tracemalloc.batch/1`. */
export function batchJson(view: BatchView): Record<string, unknown> {
  return {
    schema: 'tracemalloc.batch/1',
    keyType: view.keyType,
    series: view.series.map(series => ({
      name: series.name,
      snapshots: series.points,
      steps: series.steps,
      total: series.total && rowJson({ diff: series.total }),
      groups: series.groups,
      rows: series.rows.map(rowJson),
      packages: series.packages.map(rowJson),
      baseline: series.baseline?.rows.map(diff => rowJson({ diff })),
      notes: series.notes,
    })),
    matrix: view.matrix,
    failed: view.failed,
  }
}

function rowJson(row: BatchRow): Record<string, unknown> {
  const { diff, trend } = row
  return {
    ...keyJson(diff.statistic),
    ...amountsJson(diff.statistic),
    sizeDiffError: diff.sizeDiffError,
    sizeDiffLow: diff.sizeDiffLow,
    sizeDiffHigh: diff.sizeDiffHigh,
    pValue: pOf(row),
    significant: trend?.significant ?? diff.significant,
    perStep: trend?.slope ?? null,
    sizes: trend?.sizes,
    ages: trend?.ages,
  }
}

/** One line a row, of all series. */
export function* batchCsv(view: BatchView): Generator<string> {
  yield csvLine([
    'series',
    'kind',
    'label',
    'size',
    'sizeDiff',
    'low',
    'high',
    'pValue',
    'perStep',
    'verdict',
  ])
  for (const series of view.series) {
    for (const [kind, rows] of [
      ['row', series.rows],
      ['package', series.packages],
      ['baseline', series.against],
    ] as const) {
      for (const row of rows) {
        const { statistic, sizeDiffLow, sizeDiffHigh } = row.diff
        yield csvLine([
          series.name,
          kind,
          statistic.label,
          statistic.size,
          statistic.sizeDiff,
          sizeDiffLow,
          sizeDiffHigh,
          pOf(row),
          row.trend?.slope,
          verdict(row),
        ])
      }
    }
  }
}

/** How a table is shown. */
export interface BatchTableOptions {
  /** Columns of the terminal; narrow ones have no 95 % intervals. */
  width: number
  /** Folder that file names are shown relative to. */
  folder: string
}

/** Columns from which on there is room for all figures and names. */
const WIDE = 110

/** A table for people: a heading a series, its rows, the matrix. */
export function* batchTable(view: BatchView, { width, folder }: BatchTableOptions): Generator<string> {
  const cells = (row: string[]) => (width < WIDE ? row.filter((_, i) => i !== 1) : row)
  for (const series of view.series) {
    const { points, total } = series
    const ends = points.length
      ? `${formatSize(points[0].size)} to ${formatSize((points.at(-1) as BatchPoint).size)}`
      : ''
    yield visible(
      `${series.name}: ${points.length} snapshots, ${ends} ${total ? `(${formatSize(total.statistic.sizeDiff, true)})` : ''}`,
    )
    const rows = [
      ...series.rows.map(row => tableRow(row, '', folder)),
      ...series.packages.map(row => tableRow(row, 'package ', folder)),
      ...series.against.map(row => tableRow(row, 'baseline ', folder)),
    ]
    if (rows.length > 0)
      yield* aligned(
        [['growth', '95 % interval', 'p', 'per step', 'size', '', view.keyType], ...rows].map(cells),
        width,
      )
    const hidden = series.groups - series.rows.length
    if (hidden > 0) yield `${hidden} more rows not shown (--limit 0 shows all)`
    for (const note of series.notes) yield visible(`note: ${note}`)
    yield ''
  }
  if (view.matrix) {
    const { builds, scenarios, cells } = view.matrix
    const lines = builds.map((build, i) => [visible(build), ...cells[i].map(cellText)])
    yield* aligned([['', ...scenarios.map(name => visible(name))], ...lines], Number.POSITIVE_INFINITY)
  }
}

function tableRow(row: BatchRow, what: string, folder: string): string[] {
  const { statistic } = row.diff
  return [
    formatSize(statistic.sizeDiff, true),
    intervalText(row.diff),
    pText(pOf(row)).replace(/^p=?/, ''),
    row.trend ? formatSize(Math.round(row.trend.slope), true) : '',
    formatSize(statistic.size),
    verdict(row),
    what + visible(shorten(statistic.label, folder)),
  ]
}

/** Cells padded to columns; the last one is cut to what is left of the width. */
function* aligned(rows: readonly string[][], width: number): Generator<string> {
  const widths = rows[0].map((_, i) => largest(0, rows, row => widthOf(row[i])))
  for (const row of rows) {
    const cells = row.slice(0, -1).map((cell, i) => `${' '.repeat(widths[i] - widthOf(cell))}${cell}  `)
    yield cells.join('') + fit(row[row.length - 1], width - widthOf(cells.join('')))
  }
}
