import { markdownCode } from '../escape.ts'
import { formatSigned, formatSize } from '../units.ts'
import type { DiffView, TopView } from './view.ts'

/** A GitHub table, for a pull request or an assistant. */
export function* markdownLines(view: TopView | DiffView): Generator<string> {
  const mark = view.estimated ? '~' : ''
  const count = (n: number) => `${mark}${Math.round(n)}`
  if (view.title !== undefined) yield `### ${markdownCode(view.title)}\n`
  const where = view.keyTypes.join(', ')
  if (view.kind === 'top') {
    yield `| ${where} | size | count |`
    yield '|:--|--:|--:|'
    for (const row of view.rows) {
      yield `| ${markdownCode(row.label)} | ${formatSize(row.size)} | ${count(row.count)} |`
    }
    yield `| **total** | ${formatSize(view.total.size)} | ${count(view.total.count)} |`
  } else {
    yield `| ${where} | growth | size | count |`
    yield '|:--|--:|--:|--:|'
    const counts = (n: number, diff: number) => `${count(n)} (${mark}${formatSigned(Math.round(diff))})`
    for (const row of view.rows) {
      yield `| ${markdownCode(row.label)} | ${formatSize(row.sizeDiff, true)} | ${formatSize(row.size)} | ${counts(row.count, row.countDiff)} |`
    }
    const { size, sizeDiff, count: n, countDiff } = view.total
    yield `| **total** | ${formatSize(sizeDiff, true)} | ${formatSize(size)} | ${counts(n, countDiff)} |`
  }
  const hidden = view.groups - view.rows.length
  if (hidden > 0) yield `\n${hidden} more rows are not shown.`
}
