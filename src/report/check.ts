// The report of `check`: what it found.
import type { LimitResult } from '../check/budgets.ts'
import type { CheckResult, Finding } from '../check/check.ts'
import type { SampledDiff } from '../statistics/results.ts'
import { formatSize } from '../text/units.ts'
import { column, errorText } from './cells.ts'
import type { Report, Table } from './report.ts'
import { diffColumns, rowJson } from './rows.ts'

export interface CheckReport extends Report {
  readonly findings: readonly Finding[]
}

const WORDS = { pass: 'ok', fail: 'FAIL', unknown: 'UNKNOWN' } as const
const TITLES = {
  pass: 'Memory is within its budgets',
  fail: 'Memory grew',
  unknown: 'Memory cannot be judged',
} as const

export function checkReport(result: CheckResult): CheckReport {
  const { outcome, findings, allowed, notes } = result
  return {
    schema: 'tracemalloc.check/2',
    findings,
    document: () => ({
      outcome,
      findings: findings.map(({ rows, ...answer }) => ({ ...answer, rows: rows.map(rowJson) })),
      allowed,
      notes,
    }),
    *records() {
      for (const { rows, ...answer } of findings) yield answer
    },
    fields: ['budget', 'kind', 'limit', 'measured', 'error', 'outcome', 'advice'],
    lines: () => linesOf(result),
    tables: [findingsTable(result), ...rowsTable(findings), ...allowedTable(allowed)],
  }
}

/** `growth +5.2 MiB (±120 KiB), limit 64.0 KiB`. */
export function measuredText({ kind, measured, error, limit }: LimitResult): string {
  const bar = errorText(error) && ` (${errorText(error)})`
  return `${kind} ${measuredSize(kind, measured)}${bar}${limit > 0 ? `, limit ${formatSize(limit)}` : ''}`
}

function measuredSize(kind: LimitResult['kind'], measured: number): string {
  return formatSize(Math.round(measured), kind === 'growth')
}

function* linesOf({ findings, allowed, notes, outcome }: CheckResult): Generator<string> {
  for (const finding of findings) {
    const advice = finding.advice ? `: ${finding.advice}` : ''
    yield `${WORDS[finding.outcome]} ${finding.budget}: ${measuredText(finding)}${advice}`
    for (const row of finding.rows) yield `  ${row.statistic}`
  }
  for (const { name, reason, size } of allowed) yield `allowed ${name}: ${formatSize(size)}: ${reason}`
  const said = findings.map(finding => finding.advice)
  if (outcome !== 'pass') for (const note of notes) if (!said.includes(note)) yield `note: ${note}`
}

function findingsTable({ outcome, findings, notes }: CheckResult): Table<Finding> {
  return {
    title: { words: TITLES[outcome] },
    name: { head: 'budget', text: row => row.budget, prefix: row => `${row.kind} of `, is: 'short' },
    columns: [
      column('measured', 'figure', row =>
        `${measuredSize(row.kind, row.measured)} ${errorText(row.error)}`.trimEnd(),
      ),
      column('limit', 'figure', ({ limit }) => (limit > 0 ? formatSize(limit) : 'significant growth')),
      column('', 'words', row => WORDS[row.outcome]),
    ],
    rows: findings,
    notes: [...new Set([...findings.flatMap(finding => finding.advice ?? []), ...notes])],
  }
}

/** Each row that grew once, though several budgets count it. */
function rowsTable(findings: readonly Finding[]): Table<SampledDiff>[] {
  const rows = [
    ...new Map(findings.flatMap(f => f.rows.map(row => [row.statistic.label, row] as const))).values(),
  ]
  if (rows.length === 0) return []
  const estimated = rows.some(row => row.statistic.estimated)
  const sampled = rows.some(row => row.sizeDiffError !== 0)
  const columns = diffColumns(rows, { estimated, sampled }, false)
  return [{ name: { head: 'where', text: row => row.statistic.label, is: 'place' }, columns, rows }]
}

function allowedTable(allowed: CheckResult['allowed']): Table<CheckResult['allowed'][number]>[] {
  if (allowed.length === 0) return []
  return [
    {
      name: { head: 'allowed', text: row => row.name, is: 'short' },
      columns: [column('size', 'bytes', row => row.size), column('reason', 'text', row => row.reason)],
      rows: allowed,
    },
  ]
}
