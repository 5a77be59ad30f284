// Tables for a terminal: aligned columns, names cut to the width, the total and what is not shown.
import { visible } from '../../text/escape.ts'
import { cutEnd, fit, largest, shorten, widthOf } from '../../text/width.ts'
import { cellText, isLeft } from '../cells.ts'
import { moreRows, type Page, type Report, type Table } from '../report.ts'

const CODES = { bold: 1, dim: 2, red: 31, green: 32 }

export function* write(report: Report, page: Page): Generator<string> {
  for (const [i, table] of report.tables.entries()) {
    if (i > 0) yield ''
    yield* tableLines(table, page)
  }
}

function* tableLines(table: Table, page: Page): Generator<string> {
  const { title, rows, name, hidden = 0, notes = [] } = table
  const paint = (text: string, code: keyof typeof CODES) =>
    page.colour ? `\u001b[${CODES[code]}m${text}\u001b[0m` : text
  if (title) yield paint(visible([title.name, title.words].filter(Boolean).join(': ')), 'bold')
  const columns = table.columns.filter(({ room, from = 0 }) => room !== 'narrow' && page.width >= from)
  const nameOf = (row: unknown) =>
    visible(shortened(`${name.prefix?.(row) ?? ''}${name.text(row)}`, table, page))
  const isFirst = name.is === 'short'
  const heads = [...(isFirst ? [name.head] : []), ...columns.map(column => visible(column.head))]
  const left = [...(isFirst ? [true] : []), ...columns.map(isLeft)]
  const cells = rows.map(row => [
    ...(isFirst ? [nameOf(row)] : []),
    ...columns.map(column => visible(shortened(cellText(column, row), table, page))),
  ])
  const widths = heads.map((head, i) => largest(widthOf(head), cells, row => widthOf(row[i])))
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => {
        const space = ' '.repeat(widths[i] - widthOf(text))
        return left[i] ? text + space : space + text
      })
      .join('  ')
  if (rows.length > 0 || table.footer !== undefined) {
    yield paint(isFirst ? line(heads).trimEnd() : `${line(heads)}  ${name.head}`, 'dim')
  }
  const cutName = name.is === 'place' ? fit : cutEnd
  for (const [i, row] of rows.entries()) {
    const figures = line(cells[i])
    const tone = table.tone?.(row)
    const painted = tone ? paint(figures, tone) : figures
    yield isFirst
      ? painted.trimEnd()
      : `${painted}  ${cutName(nameOf(row), page.width - widthOf(figures) - 2)}`
    for (const below of table.below?.(row, page.getLine) ?? [])
      yield paint(visible(shortened(below, table, page)), 'dim')
  }
  const more = hidden > 0 ? `${moreRows(hidden)} not shown (--limit 0 shows all)` : ''
  const footer = [table.footer, more].filter(Boolean).join('; ')
  if (footer !== '') yield paint(footer, 'dim')
  for (const note of notes) yield paint(visible(note), 'dim')
}

/** Places inside the folder of the page lose its name. */
function shortened(text: string, { name }: Table, { folder }: Page): string {
  return name.is === 'place' ? shorten(text, folder) : text
}
