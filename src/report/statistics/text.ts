import type { GetLine } from '../../model/traceback.ts'
import type { SampledDiff, SampledStatistic } from '../../statistics/results.ts'
import { visible } from '../../text/escape.ts'
import { errorText, verdictText } from './verdict.ts'
import type { DiffView, TopView } from './view.ts'

/**
 * CPython's lines, one a row, for grep: no header, no colour. Sampled sizes have their error behind it, differences by chance the word
 * `noise`. Tracebacks follow their row, indented.
 */
export function* textLines(view: TopView | DiffView, getLine?: GetLine): Generator<string> {
  const withTraceback = view.keyTypes.includes('traceback')
  if (view.title !== undefined) yield `${visible(view.title)}:`
  for (const row of view.rows) {
    yield visible(`${row.statistic}${suffix(row)}`)
    if (withTraceback) for (const line of row.statistic.traceback.format({ getLine })) yield visible(line)
  }
}

function suffix(row: SampledStatistic | SampledDiff): string {
  const isDiff = 'significant' in row
  const error = errorText(isDiff ? row.sizeDiffError : row.sizeError)
  const verdict = isDiff ? verdictText(row) : ''
  return `${error && `, error=${error}`}${verdict && `, ${verdict}`}`
}
