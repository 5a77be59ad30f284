import type { SampledDiff, SampledStatistic } from '../../statistics/results.ts'
import { amountsJson, blocksJson, keyJson } from '../row-json.ts'
import { errorJson, verdictJson } from './verdict.ts'
import type { DiffView, TopView } from './view.ts'

/** The whole view: schema `tracemalloc.statistics/1` or `tracemalloc.diff/1`. */
export function viewJson(view: TopView | DiffView): Record<string, unknown> {
  return {
    schema: view.kind === 'top' ? 'tracemalloc.statistics/1' : 'tracemalloc.diff/1',
    ...(view.title === undefined ? {} : { snapshot: view.title }),
    keyType: view.keyTypes.join(','),
    cumulative: view.cumulative,
    ...(view.kind === 'diff' ? { rule: view.rule } : {}),
    ...(view.notes.length > 0 ? { notes: view.notes } : {}),
    total: view.kind === 'top' ? { ...view.total, count: blocksJson(view.total.count) } : figures(view.total),
    groups: view.groups,
    shown: view.rows.length,
    rows: rowsJson(view),
  }
}

/** The rows alone, as objects. */
export function rowsJson(view: TopView | DiffView): Record<string, unknown>[] {
  return view.rows.map(row => ({ ...keyJson(row.statistic), ...figures(row) }))
}

function figures(row: SampledStatistic | SampledDiff): Record<string, unknown> {
  const verdict = 'significant' in row ? verdictJson(row) : {}
  return { ...amountsJson(row.statistic), ...errorJson(row), ...verdict }
}
