// GitHub's tables, for a pull request or an assistant.
import { markdownCode, visible } from '../../text/escape.ts'
import { type Column, cellText, isLeft } from '../cells.ts'
import { moreRows, type Report, type Table } from '../report.ts'

export function* write(report: Report): Generator<string> {
  for (const [i, table] of report.tables.entries()) {
    if (i > 0) yield ''
    yield* tableLines(table)
  }
}

function* tableLines(table: Table): Generator<string> {
  const { title, intro, name, rows, total, footer, hidden = 0, notes = [] } = table
  if (title) {
    const { name: of, words } = title
    yield `### ${[of && markdownCode(of), words && visible(words)].filter(Boolean).join(': ')}\n`
  }
  if (intro !== undefined) yield `${visible(intro)}\n`
  const columns = table.columns.filter(column => column.room !== 'wide')
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  if (rows.length > 0 || footer !== undefined) {
    yield line([name.head, ...columns.map(column => head(column.head))])
    yield `|:--|${columns.map(column => (isLeft(column) ? ':--|' : '--:|')).join('')}`
  }
  for (const row of rows) {
    const named = (name.prefix?.(row) ?? '') + markdownCode(name.text(row))
    yield line([named, ...columns.map(column => cell(column, row))])
  }
  if (total !== undefined) yield line(['**total**', ...columns.map(column => cell(column, total))])
  if (footer !== undefined && total === undefined) yield `\n${footer}.`
  if (hidden > 0) yield `\n${moreRows(hidden)} ${hidden === 1 ? 'is' : 'are'} not shown.`
  for (const [i, note] of notes.entries()) yield `${i === 0 ? '\n' : ''}- ${visible(note)}`
}

/** A heading, which may be the name of a folder. */
function head(text: string): string {
  return /^[\w %+/,-]*$/.test(text) ? text : markdownCode(text)
}

/** A cell. Nothing in it is a tag or ends the cell. All but plain words may be a name, so it is code. */
function cell(column: Column<unknown>, row: unknown): string {
  const text = cellText(column, row)
  const isName = column.kind === 'text' || (column.kind === 'words' && !/^[a-zA-Z ]*$/.test(text))
  return isName ? markdownCode(text) : text.replace('<', '&lt; ')
}
