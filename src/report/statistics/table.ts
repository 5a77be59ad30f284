import type { Statistic, StatisticDiff } from '../../model/grouping/statistic.ts'
import type { GetLine } from '../../model/traceback.ts'
import type { SampledDiff } from '../../statistics/results.ts'
import { visible } from '../../text/escape.ts'
import { formatCount, formatSize, inBlocks } from '../../text/units.ts'
import { fit, largest, shorten, widthOf } from '../../text/width.ts'
import { errorText, verdictText } from './verdict.ts'
import type { DiffView, TopView } from './view.ts'

export interface TableOptions {
  /** Columns of the terminal. */
  width: number
  colour: boolean
  /** Folder that file names are shown relative to. */
  folder?: string
  /** Gives source lines below the frames of a traceback. */
  getLine?: GetLine
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
  const widths = columns.map((column, i) => largest(widthOf(column.head), rows, row => widthOf(row.cells[i])))
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => {
        const space = ' '.repeat(widths[i] - widthOf(cell))
        return columns[i].right ? space + cell : cell + space
      })
      .join('  ')
  const where = view.keyTypes.join(', ')
  yield paint(`${line(columns.map(c => c.head))}  ${where}`, 'dim')
  for (const row of rows) {
    const cells = line(row.cells)
    const numbers = row.tone ? paint(cells, row.tone) : cells
    yield `${numbers}  ${fit(row.name, options.width - widthOf(cells) - 2)}`
    for (const below of row.below) yield paint(below, 'dim')
  }
  yield paint(footer(view), 'dim')
  for (const note of view.notes) yield paint(visible(note), 'dim')
}

interface Row {
  cells: string[]
  name: string
  tone?: 'red' | 'green' | 'dim'
  below: string[]
}

function columnsOf(view: TopView | DiffView): TableColumn[] {
  const right = (head: string) => ({ head, right: true })
  const average = right('average')
  const bar = { head: '', right: false }
  const error = view.sampled ? [right('error')] : []
  if (view.kind === 'top') return [right('size'), ...error, right('%'), bar, right('count'), average]
  const verdict = view.rows.some(row => verdictText(row) !== '') ? [{ head: 'verdict', right: false }] : []
  const growth = [right('growth'), ...error, bar, ...verdict]
  return [...growth, right('size'), right('count'), right('+/-'), average]
}

function cellsOf(view: TopView | DiffView, options: TableOptions): Row[] {
  const count = (n: number) => formatCount(n, view.estimated)
  const average = (row: { size: number; count: number }) =>
    row.count ? formatSize(row.size / row.count) : ''
  const error = (value: number | null) => (view.sampled ? [errorText(value)] : [])
  const row = (statistic: Statistic | StatisticDiff, cells: string[], tone?: Row['tone']): Row => ({
    cells,
    name: visible(shorten(statistic.label, options.folder)),
    tone,
    below: view.keyTypes.includes('traceback')
      ? statistic.traceback
          .format({ getLine: options.getLine })
          .map(text => visible(shorten(text, options.folder)))
      : [],
  })
  if (view.kind === 'top') {
    const most = largest(1, view.rows, r => Math.abs(r.statistic.size))
    return view.rows.map(({ statistic: r, sizeError }) =>
      row(r, [
        formatSize(r.size),
        ...error(sizeError),
        percent(r.size, view.total.size),
        bar(r.size, most),
        count(r.count),
        average(r),
      ]),
    )
  }
  const most = largest(1, view.rows, r => Math.abs(r.statistic.sizeDiff))
  const verdicts = view.rows.map(verdictText)
  const isJudged = verdicts.some(verdict => verdict !== '')
  return view.rows.map((judged, i) => {
    const { statistic: r, sizeDiffError } = judged
    const cells = [
      formatSize(r.sizeDiff, true),
      ...error(sizeDiffError),
      bar(r.sizeDiff, most),
      ...(isJudged ? [visible(shorten(verdicts[i], options.folder))] : []),
      formatSize(r.size),
      count(r.count),
      formatCount(r.countDiff, view.estimated, true),
      average(r),
    ]
    return row(r, cells, toneOf(judged))
  })
}

/** Growth is red and shrinking green, unless it is noise. */
function toneOf({ significant, statistic: { sizeDiff } }: SampledDiff): Row['tone'] {
  if (significant === false) return 'dim'
  return sizeDiff > 0 ? 'red' : sizeDiff < 0 ? 'green' : undefined
}

function footer(view: TopView | DiffView): string {
  const { groups, rows } = view
  const hidden = groups - rows.length
  const more =
    hidden > 0 ? `; ${hidden} more row${hidden === 1 ? '' : 's'} not shown (--limit 0 shows all)` : ''
  if (view.kind === 'top') {
    const { size, count, sizeError } = view.total
    return `total ${formatSize(size)}${after(errorText(sizeError))} ${inBlocks(count, view.estimated)}${more}`
  }
  const { statistic, sizeDiffError } = view.total
  const verdict = verdictText(view.total)
  return (
    `total ${formatSize(statistic.size)} (${formatSize(statistic.sizeDiff, true)}${after(errorText(sizeDiffError))}) ` +
    inBlocks(statistic.count, view.estimated, statistic.countDiff) +
    `${verdict && `, ${verdict}`}${more}`
  )
}

function after(text: string): string {
  return text && ` ${text}`
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
