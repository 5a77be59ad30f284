import type { SampledDiff, SampledStatistic } from '../../statistics/results.ts'
import { amountsJson, blocksJson, keyJson } from '../row-json.ts'
import { errorJson, verdictJson } from './verdict.ts'
import type { DiffView, TopView } from './view.ts'

/** All views as one document, of one or of many: schema `tracemalloc.statistics/2` or `tracemalloc.diff/2`. */
export function viewsJson(views: readonly (TopView | DiffView)[]): Record<string, unknown> {
  const isDiff = views[0]?.kind === 'diff'
  return {
    schema: isDiff ? 'tracemalloc.diff/2' : 'tracemalloc.statistics/2',
    snapshots: views.map(viewJson),
  }
}

function viewJson(view: TopView | DiffView): Record<string, unknown> {
  return {
    ...(view.title === undefined ? {} : { snapshot: view.title }),
    keyType: view.keyTypes.join(','),
    cumulative: view.cumulative,
    ...(view.kind === 'diff' ? { rule: view.rule } : {}),
    ...(view.notes.length > 0 ? { notes: view.notes } : {}),
    total: view.kind === 'top' ? { ...view.total, count: blocksJson(view.total.count) } : figures(view.total),
    groups: view.groups,
    shown: view.rows.length,
    rows: view.rows.map(rowJson),
  }
}

/** The rows alone, as objects that say which snapshot they are of. */
export function rowsJson(view: TopView | DiffView): Record<string, unknown>[] {
  return view.rows.map(row => ({ snapshot: view.title ?? '', ...rowJson(row) }))
}

function rowJson(row: SampledStatistic | SampledDiff): Record<string, unknown> {
  return { ...keyJson(row.statistic), ...figures(row) }
}

function figures(row: SampledStatistic | SampledDiff): Record<string, unknown> {
  const verdict = 'significant' in row ? verdictJson(row) : {}
  return { ...amountsJson(row.statistic), ...errorJson(row), ...verdict }
}
