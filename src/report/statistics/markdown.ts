import { markdownCode } from '../../text/escape.ts'
import { formatCount, formatCounts, formatSize } from '../../text/units.ts'
import { errorText, verdictText } from './verdict.ts'
import type { DiffView, TopView } from './view.ts'

/** A GitHub table, for a pull request or an assistant. */
export function* markdownLines(view: TopView | DiffView): Generator<string> {
  if (view.title !== undefined) yield `### ${markdownCode(view.title)}\n`
  if (view.kind === 'top') yield* topTable(view)
  else yield* diffTable(view)
  const hidden = view.groups - view.rows.length
  if (hidden > 0) yield `\n${hidden} more rows are not shown.`
  for (const note of view.notes) yield `\n${note}`
}

function* topTable(view: TopView): Generator<string> {
  const { total, sampled, estimated } = view
  const line = (name: string, size: number, error: number | null, count: number) =>
    `| ${name} | ${formatSize(size)} | ${sampled ? `${errorText(error)} | ` : ''}${formatCount(count, estimated)} |`
  yield `| ${view.keyTypes.join(', ')} | size | ${sampled ? 'error | ' : ''}count |`
  yield `|:--|--:|${sampled ? '--:|' : ''}--:|`
  for (const { statistic, sizeError } of view.rows) {
    yield line(markdownCode(statistic.label), statistic.size, sizeError, statistic.count)
  }
  yield line('**total**', total.size, total.sizeError, total.count)
}

function* diffTable(view: DiffView): Generator<string> {
  const { sampled, estimated } = view
  const isJudged = view.rule !== 'none'
  yield `| ${view.keyTypes.join(', ')} | growth | ${sampled ? 'error | ' : ''}${isJudged ? 'verdict | ' : ''}size | count |`
  yield `|:--|--:|${sampled ? '--:|' : ''}${isJudged ? ':--|' : ''}--:|--:|`
  for (const row of [...view.rows, view.total]) {
    const { label, size, sizeDiff, count, countDiff } = row.statistic
    const cells = [row === view.total ? '**total**' : markdownCode(label), formatSize(sizeDiff, true)]
    if (sampled) cells.push(errorText(row.sizeDiffError))
    if (isJudged) cells.push(verdictCell(row))
    cells.push(formatSize(size), formatCounts(count, countDiff, estimated))
    yield `| ${cells.join(' | ')} |`
  }
}

function verdictCell(row: DiffView['total']): string {
  const verdict = verdictText(row)
  return row.reason === 'drift' ? markdownCode(verdict) : verdict || (row.significant ? 'significant' : '')
}
