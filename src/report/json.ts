import type { Statistic, StatisticDiff } from '../model/statistic.ts'
import { keyJson } from './row.ts'
import type { DiffView, TopView } from './view.ts'

/** The whole view: schema `tracemalloc.statistics/1` or `tracemalloc.diff/1`. */
export function viewJson(view: TopView | DiffView): Record<string, unknown> {
  return {
    schema: view.kind === 'top' ? 'tracemalloc.statistics/1' : 'tracemalloc.diff/1',
    ...(view.title === undefined ? {} : { snapshot: view.title }),
    keyType: view.keyTypes.join(','),
    cumulative: view.cumulative,
    total: view.total,
    groups: view.groups,
    shown: view.rows.length,
    rows: rowsJson(view),
  }
}

/** The rows alone, as objects. */
export function rowsJson(view: TopView | DiffView): Record<string, unknown>[] {
  return view.rows.map(row => rowJson(row, view))
}

function rowJson(row: Statistic | StatisticDiff, view: TopView | DiffView): Record<string, unknown> {
  const json = keyJson(row)
  json.size = row.size
  json.count = row.count
  if ('sizeDiff' in row) {
    json.sizeDiff = row.sizeDiff
    json.countDiff = row.countDiff
  }
  json.sizeError = view.sampled ? null : 0
  json.countError = view.estimated ? null : 0
  return json
}
