// Judges snapshots against budgets and a baseline.
import type { SnapshotData } from '../model/columns.ts'
import { type BaseFilter, pathFilter } from '../model/filter.ts'
import { allocationFrames, type KeyType } from '../model/grouping/keys.ts'
import { packageOf } from '../model/names/package.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { compareSampled } from '../statistics/compare.ts'
import { rowLineNotes } from '../statistics/line-notes.ts'
import { emptyNotes } from '../statistics/little.ts'
import type { Comparison, SampledDiff } from '../statistics/results.ts'
import { answerGrowth, judgeBudget, type LimitResult } from './budgets.ts'
import type { Allowance, CheckConfig, Scope, ScopedBudget } from './config.ts'

/** The result for a limit, with the rows behind it. */
export interface Finding extends LimitResult {
  /** Where it grew, largest growth first. */
  rows: readonly SampledDiff[]
}

export interface CheckResult {
  findings: Finding[]
  /** What no budget counted, with its bytes in the new snapshots. */
  allowed: { name: string; reason: string; size: number }[]
  notes: readonly string[]
  outcome: 'pass' | 'fail' | 'unknown'
}

/** Number of rows shown below a budget that is over its limit. */
const ROWS = 5

/**
 * Judges new snapshots against those of the baseline. Without budgets, every row with significant growth is a
 * finding. The check fails if any budget fails; otherwise it cannot judge if any budget cannot be judged.
 */
export function checkSnapshots(
  now: readonly Snapshot[],
  old: readonly Snapshot[],
  config: CheckConfig,
  keyTypes: readonly KeyType[],
): CheckResult {
  const keep = (snapshot: Snapshot) =>
    snapshot.filterTraces(config.allow.map(({ scope }) => scopeFilter(scope, false)))
  const counted = { now: now.map(keep), old: old.map(keep) }
  const comparison = compareSampled(counted.now, counted.old, keyTypes)
  const findings = config.budgets.length
    ? config.budgets.flatMap(budget => judge(budget, counted, comparison, keyTypes))
    : growthFindings(
        comparison,
        now.some(s => s.length === 0),
      )
  return {
    findings,
    allowed: config.allow.map(allowance => allowedSize(allowance, now)),
    notes: [
      ...emptyNotes([...now, ...old]),
      ...comparison.notes,
      ...rowLineNotes(
        [...now, ...old],
        keyTypes,
        findings.flatMap(finding => finding.rows),
      ),
    ],
    outcome: worst(findings.map(finding => finding.outcome)),
  }
}

interface Sides {
  now: readonly Snapshot[]
  old: readonly Snapshot[]
}

function judge(
  budget: ScopedBudget,
  sides: Sides,
  comparison: Comparison,
  keyTypes: readonly KeyType[],
): Finding[] {
  const { scope } = budget
  if (scope.kind === 'each') {
    const isBlind = comparison.rows.every(row => row.reason === 'runtime')
    return isBlind ? blind(budget, 'each row', EMPTY) : judgeEach(budget, sides, comparison)
  }
  const filter = scopeFilter(scope, true)
  const now = sides.now.map(snapshot => snapshot.filterTraces([filter]))
  const old = sides.old.map(snapshot => snapshot.filterTraces([filter]))
  if (sides.now.some(snapshot => snapshot.length === 0)) return blind(budget, scopeName(scope), EMPTY)
  if ([...now, ...old].every(snapshot => snapshot.length === 0))
    return blind(budget, scopeName(scope), NO_MATCH)
  const answers = judgeBudget({ ...budget, name: scopeName(scope) }, now, old)
  const isOver = answers.some(answer => answer.outcome !== 'pass')
  const rows = isOver
    ? grownRows(scope.kind === 'total' ? comparison : compareSampled(now, old, keyTypes))
    : []
  return answers.map(answer => ({ ...answer, rows: answer.outcome === 'pass' ? [] : rows }))
}

const EMPTY = 'a new snapshot has nothing that a budget counts: a smaller --interval shows more'
const NO_MATCH =
  'it matches nothing in these snapshots: check its name with `tracemalloc top`, check `allow`, or use a smaller --interval'

/** Results for a budget with nothing to judge, which does not mean that all is well. */
function blind({ size, growth }: ScopedBudget, budget: string, advice: string): Finding[] {
  const limits = [{ kind: 'size', limit: size } as const, { kind: 'growth', limit: growth } as const]
  return limits.flatMap(({ kind, limit }): Finding[] => {
    if (limit === undefined) return []
    return [{ budget, kind, limit, measured: 0, error: null, outcome: 'unknown', advice, rows: [] }]
  })
}

/** A limit for every single row: one finding per row over it, or one for all if none is. */
function judgeEach({ size, growth }: ScopedBudget, sides: Sides, comparison: Comparison): Finding[] {
  const findings: Finding[] = []
  for (const row of comparison.rows) {
    const name = row.statistic.label
    if (row.reason === 'runtime') continue
    if (size !== undefined && row.statistic.size > size) {
      const over = { budget: name, kind: 'size', limit: size, measured: row.statistic.size } as const
      findings.push({ ...over, error: null, outcome: 'fail', rows: [row] })
    }
    if (growth === undefined) continue
    const answer = answerGrowth(name, growth, row, comparison, sides.now, sides.old)
    if (answer.outcome === 'pass') continue
    // Rows below the limit whose error could hide growth all get the same answer, so it is given once.
    const isHidden = answer.outcome === 'unknown' && answer.measured <= growth
    if (isHidden && findings.some(f => f.budget === 'each row')) continue
    findings.push({ ...answer, budget: isHidden ? 'each row' : name, rows: [row] })
  }
  if (findings.length > 0) return findings
  const limit = growth ?? (size as number)
  const kind = growth === undefined ? 'size' : 'growth'
  return [{ budget: 'each row', kind, limit, measured: 0, error: 0, outcome: 'pass', rows: [] }]
}

/** Without budgets: every row with significant growth, or that nothing can be said. */
function growthFindings(comparison: Comparison, isEmpty: boolean): Finding[] {
  const { rule, total } = comparison
  const base = { kind: 'growth', limit: 0 } as const
  if (rule === 'none' || isEmpty) {
    const measured = total.statistic.sizeDiff
    const advice = isEmpty ? 'a new snapshot is empty: a smaller --interval shows more' : comparison.notes[0]
    return [{ ...base, budget: 'total', measured, error: null, outcome: 'unknown', advice, rows: [] }]
  }
  const grown = comparison.rows.filter(row => row.significant && row.statistic.sizeDiff > 0)
  if (grown.length === 0) {
    const { sizeDiff } = total.statistic
    return [
      { ...base, budget: 'total', measured: sizeDiff, error: total.sizeDiffError, outcome: 'pass', rows: [] },
    ]
  }
  return grown.map(row => ({
    ...base,
    budget: row.statistic.label,
    measured: row.statistic.sizeDiff,
    error: row.sizeDiffError,
    outcome: 'fail',
    rows: [row],
  }))
}

function grownRows({ rows }: Comparison): SampledDiff[] {
  return rows.filter(row => row.statistic.sizeDiff > 0).slice(0, ROWS)
}

function allowedSize({ scope, reason }: Allowance, now: readonly Snapshot[]): CheckResult['allowed'][number] {
  const filter = scopeFilter(scope, true)
  const sizes = now.map(snapshot => snapshot.filterTraces([filter]).total.size)
  return { name: scopeName(scope), reason, size: sizes.reduce((a, b) => a + b, 0) / sizes.length }
}

function worst(outcomes: readonly LimitResult['outcome'][]): CheckResult['outcome'] {
  if (outcomes.includes('fail')) return 'fail'
  return outcomes.includes('unknown') ? 'unknown' : 'pass'
}

function scopeName(scope: Scope): string {
  if (scope.kind === 'total') return 'total'
  if (scope.kind === 'package') return `package ${scope.name}`
  return scope.kind === 'path' ? scope.pattern : `${scope.pattern}:${scope.lineno}`
}

/** Keeps what the scope applies to or, if not `inclusive`, everything else. */
function scopeFilter(scope: Scope, inclusive: boolean): BaseFilter {
  if (scope.kind === 'total') return { inclusive, matcher: () => () => inclusive }
  if (scope.kind === 'package')
    return { inclusive, matcher: snapshot => packageMatcher(snapshot, scope.name, inclusive) }
  return pathFilter(inclusive, scope.pattern, {
    lineno: scope.kind === 'line' ? scope.lineno : undefined,
  })
}

function packageMatcher(
  { tables, columns }: SnapshotData,
  name: string,
  inclusive: boolean,
): (row: number) => boolean {
  const { frames, strings } = tables
  const allocation = allocationFrames(tables)
  const files = Uint8Array.from({ length: strings.length }, (_, i) =>
    packageOf(strings.get(i)) === name ? 1 : 0,
  )
  return row => {
    const stack = columns.stack[row]
    return (stack !== 0 && files[frames.filename[allocation[stack]]] === 1) === inclusive
  }
}
