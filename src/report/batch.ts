// The report of `batch`: one table for each series, and a matrix of them all.
import type { Comparison, SampledDiff, TrendRow } from '../statistics/results.ts'
import { formatCount, formatSize } from '../text/units.ts'
import { type Column, column, intervalText, pText } from './cells.ts'
import type { Report, Table } from './report.ts'
import { rowJson } from './rows.ts'

/** One snapshot of a series. */
export interface BatchPoint {
  path: string
  /** Total bytes. */
  size: number
  /** Total blocks; NaN = unknown. */
  count: number
  time?: number
}

/** The difference of two neighbours. */
export interface BatchStep {
  sizeDiff: number
  /** Number of rows with significant growth or loss. */
  significant: number
  /** The largest change. */
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

interface MatrixCell {
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

/** Columns of a terminal from which on there is room for all figures and names. */
const WIDE = 110
/** Steps that are written out. */
const MOST_STEPS = 24

type Kind = 'row' | 'package' | 'baseline'
type KindedRow = BatchRow & { kind: Kind }

export function batchReport(view: BatchView): Report {
  const { keyType, series, matrix, failed } = view
  return {
    schema: 'tracemalloc.batch/2',
    document: () => ({ keyType, series: series.map(seriesJson), matrix, failed }),
    *records() {
      for (const one of series) {
        for (const row of rowsOf(one)) {
          const { kind, diff } = row
          const { label } = diff.statistic
          yield { series: one.name, kind, label, ...batchRowJson(row), verdict: verdictOf(row) }
        }
      }
    },
    fields: [
      'series',
      'kind',
      'label',
      'size',
      'sizeDiff',
      'sizeDiffLow',
      'sizeDiffHigh',
      'pValue',
      'perStep',
      'verdict',
    ],
    lines: () => linesOf(view),
    notes: series.flatMap(one => one.notes),
    tables: [
      ...series.map(one => seriesTable(keyType, one)),
      ...(matrix ? [matrixTable(matrix)] : []),
      ...(failed.length > 0 ? [failedTable(failed)] : []),
    ],
  }
}

/** All rows of a series, in the order in which they are shown. */
function rowsOf({ rows, packages, against }: BatchSeries): KindedRow[] {
  const kinded = (kind: Kind, of: readonly BatchRow[]) => of.map(row => ({ ...row, kind }))
  return [...kinded('row', rows), ...kinded('package', packages), ...kinded('baseline', against)]
}

function prefixOf({ kind }: KindedRow): string {
  return kind === 'row' ? '' : `${kind} `
}

function pOf({ diff, trend }: BatchRow): number | null {
  return trend?.pValue ?? diff.pValue
}

function verdictOf({ diff, trend }: BatchRow): string {
  const significant = trend?.significant ?? diff.significant
  if (significant === null) return 'not judged'
  if (!significant) return 'noise'
  return diff.statistic.sizeDiff < 0 ? 'shrank' : 'grew'
}

function seriesJson({ name, points, steps, total, groups, ...series }: BatchSeries): object {
  return {
    name,
    snapshots: points,
    steps,
    total: total && batchRowJson({ diff: total }),
    groups,
    rows: series.rows.map(batchRowJson),
    packages: series.packages.map(batchRowJson),
    baseline: series.baseline?.rows.map(diff => batchRowJson({ diff })),
    notes: series.notes,
  }
}

/** A row of a comparison, judged by its course where there is one. */
function batchRowJson(row: BatchRow): Record<string, unknown> {
  const { diff, trend } = row
  return {
    ...rowJson(diff),
    pValue: pOf(row),
    ...(trend && { significant: trend.significant ?? diff.significant, reason: trend.reason }),
    perStep: trend?.slope ?? null,
    sizes: trend?.sizes,
    ages: trend?.ages,
  }
}

/** CPython's diff line of each row, after the name of its series. */
function* linesOf({ series, failed }: BatchView): Generator<string> {
  for (const one of series) {
    const start = series.length > 1 ? `${one.name}: ` : ''
    if (!one.total) {
      const { size, count } = one.points[0]
      yield `${start}one snapshot: size=${formatSize(size)}, count=${formatCount(count, false)}`
    }
    for (const row of rowsOf(one)) yield `${start}${prefixOf(row)}${row.diff.statistic}${judgement(row)}`
  }
  for (const { path, reason } of failed) yield `failed: ${path}: ${reason}`
}

function judgement(row: BatchRow): string {
  const { sizeDiffLow, sizeDiffHigh } = row.diff
  const step = row.trend ? `, per step=${formatSize(Math.round(row.trend.slope), true)}` : ''
  const noise = verdictOf(row) === 'noise' ? ', noise' : ''
  return `, growth=${intervalText(sizeDiffLow, sizeDiffHigh)}, ${pText(pOf(row))}${step}${noise}`
}

const COLUMNS: readonly Column<KindedRow>[] = [
  column('growth', 'growth', row => row.diff.statistic.sizeDiff),
  {
    ...column('95 % interval', 'interval', ({ diff }) => ({
      low: diff.sizeDiffLow,
      high: diff.sizeDiffHigh,
    })),
    from: WIDE,
  },
  column('p', 'p', pOf),
  column('per step', 'growth', row => row.trend && Math.round(row.trend.slope)),
  column('size', 'bytes', row => row.diff.statistic.size),
  column('', 'words', verdictOf),
]

function seriesTable(keyType: string, series: BatchSeries): Table<KindedRow> {
  const { name, points, steps, total } = series
  const sizes = steps.map(step => formatSize(step.sizeDiff, true))
  const growth = total ? ` (${formatSize(total.statistic.sizeDiff, true)})` : ''
  const [first, last] = [points[0], points[points.length - 1]].map(({ size }) => formatSize(size))
  const course = total ? `${first} to ${last}${growth}` : first
  return {
    title: { name, words: `${points.length} snapshot${total ? 's' : ''}, ${course}` },
    intro:
      total && `Steps ${sizes.slice(0, MOST_STEPS).join(', ')}${sizes.length > MOST_STEPS ? ', ...' : ''}.`,
    name: { head: keyType, text: row => row.diff.statistic.label, prefix: prefixOf, is: 'place' },
    columns: COLUMNS,
    rows: rowsOf(series),
    hidden: series.groups - series.rows.length,
    notes: series.notes,
  }
}

function matrixTable({ builds, scenarios, cells }: BatchMatrix): Table<number> {
  return {
    name: { head: '', text: build => builds[build], is: 'short' },
    columns: scenarios.map((name, i) => column(name, 'figure', build => cellOfMatrix(cells[build][i]))),
    rows: [...builds.keys()],
  }
}

function cellOfMatrix(cell: MatrixCell | null): string | undefined {
  if (!cell) return undefined
  const growth = cell.growth > 0 ? ` (${formatSize(cell.growth, true)})` : ''
  return formatSize(cell.size) + growth
}

function failedTable(failed: BatchView['failed']): Table<BatchView['failed'][number]> {
  return {
    name: { head: 'not read', text: row => row.path, is: 'short' },
    columns: [column('reason', 'text', row => row.reason)],
    rows: failed,
  }
}
