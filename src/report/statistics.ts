// The report of `top` and `diff`: one table for each snapshot or comparison.
import type { Statistic, StatisticDiff } from '../model/grouping/statistic.ts'
import type { GetLine } from '../model/traceback.ts'
import type { SampledDiff, SampledStatistic } from '../statistics/results.ts'
import { formatSize, inBlocks } from '../text/units.ts'
import { errorText } from './cells.ts'
import type { Report, Table, Tone } from './report.ts'
import { blocksJson, diffColumns, errorsJson, figuresJson, rowJson, topColumns, verdictText } from './rows.ts'
import type { DiffView, TopView } from './views.ts'

type View = TopView | DiffView

/** Views as a report: all are of one snapshot, or all of two. People see names of several only. */
export function statisticsReport(views: readonly View[]): Report {
  const isDiff = views[0]?.kind === 'diff'
  const shown = views.length > 1 ? views : views.map(view => ({ ...view, title: undefined }))
  return {
    schema: isDiff ? 'tracemalloc.diff/2' : 'tracemalloc.statistics/2',
    document: () => ({ snapshots: views.map(viewJson) }),
    *records() {
      for (const view of views)
        for (const row of view.rows) yield { snapshot: view.title ?? '', ...rowJson(row) }
    },
    *lines(page) {
      for (const [i, view] of shown.entries()) {
        if (i > 0) yield ''
        yield* viewLines(view, page?.getLine)
      }
    },
    notes: views.flatMap(view => view.notes),
    tables: shown.map(view => (view.kind === 'top' ? topTable(view) : diffTable(view))),
  }
}

function viewJson(view: View): object {
  return {
    ...(view.title === undefined ? {} : { snapshot: view.title }),
    keyType: view.keyTypes.join(','),
    cumulative: view.cumulative,
    ...(view.kind === 'diff' ? { rule: view.rule } : {}),
    ...(view.notes.length > 0 ? { notes: view.notes } : {}),
    total:
      view.kind === 'diff'
        ? figuresJson(view.total)
        : { size: view.total.size, count: blocksJson(view.total.count), ...errorsJson(view.total) },
    groups: view.groups,
    shown: view.rows.length,
    rows: view.rows.map(rowJson),
  }
}

/**
 * CPython's lines, one per row. A sampled size has its error after it, a difference by chance the word
 * `noise`. The lines of a traceback follow its row.
 */
function* viewLines(view: View, getLine?: GetLine): Generator<string> {
  if (view.title !== undefined) yield `${view.title}:`
  for (const row of view.rows) {
    const isDiff = 'significant' in row
    const error = errorText(isDiff ? row.sizeDiffError : row.sizeError)
    const verdict = isDiff ? verdictText(row) : ''
    yield `${row.statistic}${error && `, error=${error}`}${verdict && `, ${verdict}`}`
    if (view.keyTypes.includes('traceback')) yield* row.statistic.traceback.format({ getLine })
  }
}

/** What all tables of statistics have. */
function shared(view: View) {
  return {
    title: view.title === undefined ? undefined : { name: view.title },
    name: {
      head: view.keyTypes.join(', '),
      text: (row: { statistic: Statistic | StatisticDiff }) => row.statistic.label,
      is: 'place',
    },
    below: (row, getLine) =>
      view.keyTypes.includes('traceback') ? row.statistic.traceback.format({ getLine }) : [],
    hidden: view.groups - view.rows.length,
    notes: view.notes,
  } satisfies Partial<Table<SampledStatistic | SampledDiff>>
}

function topTable(view: TopView): Table<SampledStatistic> {
  const { rows, total, estimated } = view
  const error = errorText(total.sizeError)
  return {
    ...shared(view),
    columns: topColumns(rows, total.size, view),
    rows,
    total: { ...total, statistic: total },
    footer: `total ${formatSize(total.size)}${after(error)} ${inBlocks(total.count, estimated)}`,
  }
}

function diffTable(view: DiffView): Table<SampledDiff> {
  const { rows, total, estimated, rule } = view
  const { size, sizeDiff, count, countDiff } = total.statistic
  const growth = formatSize(sizeDiff, true) + after(errorText(total.sizeDiffError))
  const verdict = verdictText(total)
  return {
    ...shared(view),
    columns: diffColumns(rows, view, rule !== 'none'),
    rows,
    total,
    tone: toneOf,
    footer: `total ${formatSize(size)} (${growth}) ${inBlocks(count, estimated, countDiff)}${verdict && `, ${verdict}`}`,
  }
}

/** Growth is red and shrinking green, unless it is noise. */
function toneOf({ significant, statistic: { sizeDiff } }: SampledDiff): Tone | undefined {
  if (significant === false) return 'dim'
  return sizeDiff > 0 ? 'red' : sizeDiff < 0 ? 'green' : undefined
}

function after(text: string): string {
  return text && ` ${text}`
}
