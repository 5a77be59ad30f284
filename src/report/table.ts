import stringWidth from 'string-width'
import { visible } from '../escape.ts'
import { formatSigned, formatSize } from '../units.ts'
import type { DiffView, TopView } from './view.ts'

export interface TableOptions {
  /** Columns of the terminal. */
  width: number
  colour: boolean
  /** Folder that file names are shown relative to. */
  folder?: string
}

interface TableColumn {
  head: string
  /** Numbers stand right, names left. */
  right: boolean
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 }

/** A table for people: aligned columns, a bar, the total and what is not shown. */
export function* tableLines(view: TopView | DiffView, options: TableOptions): Generator<string> {
  const paint = (text: string, code: keyof typeof CODES) =>
    options.colour ? `\u001b[${CODES[code]}m${text}\u001b[0m` : text
  if (view.title !== undefined) yield paint(visible(view.title), 'bold')
  const columns = columnsOf(view)
  const rows = cellsOf(view, options)
  const widths = columns.map((column, i) =>
    Math.max(stringWidth(column.head), ...rows.map(row => stringWidth(row.cells[i]))),
  )
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => {
        const space = ' '.repeat(widths[i] - stringWidth(cell))
        return columns[i].right ? space + cell : cell + space
      })
      .join('  ')
  const where = view.keyTypes.join(', ')
  yield paint(`${line(columns.map(c => c.head))}  ${where}`, 'dim')
  for (const row of rows) {
    const cells = line(row.cells)
    const numbers = row.tone ? paint(cells, row.tone) : cells
    yield `${numbers}  ${fit(row.name, options.width - stringWidth(cells) - 2)}`
    for (const below of row.below) yield paint(below, 'dim')
  }
  yield paint(footer(view), 'dim')
}

interface Row {
  cells: string[]
  name: string
  tone?: 'red' | 'green'
  below: string[]
}

function columnsOf(view: TopView | DiffView): TableColumn[] {
  const right = (head: string) => ({ head, right: true })
  const average = right('average')
  const bar = { head: '', right: false }
  if (view.kind === 'top') return [right('size'), right('%'), bar, right('count'), average]
  return [right('growth'), bar, right('size'), right('count'), right('+/-'), average]
}

function cellsOf(view: TopView | DiffView, options: TableOptions): Row[] {
  const mark = view.estimated ? '~' : ''
  const count = (n: number) => `${mark}${Math.round(n)}`
  const average = (row: { size: number; count: number }) =>
    row.count ? formatSize(row.size / row.count) : ''
  const row = (statistic: (typeof view.rows)[number], cells: string[], tone?: Row['tone']): Row => ({
    cells,
    name: visible(shorten(statistic.label, options.folder)),
    tone,
    below: view.keyTypes.includes('traceback')
      ? statistic.traceback.format().map(text => visible(shorten(text, options.folder)))
      : [],
  })
  if (view.kind === 'top') {
    const most = Math.max(1, ...view.rows.map(r => Math.abs(r.size)))
    return view.rows.map(r =>
      row(r, [
        formatSize(r.size),
        percent(r.size, view.total.size),
        bar(r.size, most),
        count(r.count),
        average(r),
      ]),
    )
  }
  const most = Math.max(1, ...view.rows.map(r => Math.abs(r.sizeDiff)))
  return view.rows.map(r =>
    row(
      r,
      [
        formatSize(r.sizeDiff, true),
        bar(r.sizeDiff, most),
        formatSize(r.size),
        count(r.count),
        `${mark}${formatSigned(Math.round(r.countDiff))}`,
        average(r),
      ],
      r.sizeDiff > 0 ? 'red' : r.sizeDiff < 0 ? 'green' : undefined,
    ),
  )
}

function footer(view: TopView | DiffView): string {
  const { total, groups, rows } = view
  const mark = view.estimated ? '~' : ''
  const hidden = groups - rows.length
  const more =
    hidden > 0 ? `; ${hidden} more row${hidden === 1 ? '' : 's'} not shown (--limit 0 shows all)` : ''
  if (view.kind === 'top')
    return `total ${formatSize(total.size)} in ${mark}${Math.round(total.count)} blocks${more}`
  const { sizeDiff, countDiff } = view.total
  return (
    `total ${formatSize(total.size)} (${formatSize(sizeDiff, true)}) in ${mark}${Math.round(total.count)} ` +
    `(${mark}${formatSigned(Math.round(countDiff))}) blocks${more}`
  )
}

function percent(part: number, whole: number): string {
  return whole > 0 ? `${((part / whole) * 100).toFixed(1)}` : ''
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const BAR = 10

function bar(value: number, most: number): string {
  const eighths = Math.round((Math.abs(value) / most) * BAR * 8)
  return ('█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]).padEnd(BAR)
}

/** Names inside the folder lose its path: `./src/app.js`. */
function shorten(text: string, folder: string | undefined): string {
  return folder && folder.length > 1 ? text.replaceAll(`${folder}/`, './') : text
}

/** Long names lose their beginning, which says least. */
function fit(name: string, width: number): string {
  if (width < 20 || stringWidth(name) <= width) return name
  const characters = Array.from(name)
  while (characters.length > 0 && stringWidth(characters.join('')) > width - 1) characters.shift()
  return `…${characters.join('')}`
}
