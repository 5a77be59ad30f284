// A toy output format, which toy.test.ts adds to a copy of the project: HTML.

import { cellText } from '../../../src/report/cells.ts'
import type { Report } from '../../../src/report/report.ts'
import { visible } from '../../../src/text/escape.ts'

export function* write(report: Report): Generator<string> {
  for (const { name, columns, rows } of report.tables) {
    yield '<table>'
    yield rowOf('th', [name.head, ...columns.map(column => column.head)])
    for (const row of rows)
      yield rowOf('td', [name.text(row), ...columns.map(column => cellText(column, row))])
    yield '</table>'
  }
}

function rowOf(tag: string, cells: readonly string[]): string {
  const escaped = cells.map(cell => visible(cell).replace(/[&<>]/g, c => `&#${c.charCodeAt(0)};`))
  return `<tr>${escaped.map(cell => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
}
