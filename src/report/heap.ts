import type { ClassDiff } from '../heap/compare.ts'
import { SYSTEM_DISTANCE } from '../heap/distances.ts'
import type { DuplicateRow, ObjectRow } from '../heap/object-lists.ts'
import type { ClassRow } from '../heap/summary.ts'
import type { StayedRow } from '../heap/three-snapshots.ts'
import { jsonText, markdownCode, visible } from '../text/escape.ts'
import { formatSigned, formatSize } from '../text/units.ts'
import { cutEnd, largest, widthOf } from '../text/width.ts'
import type { Format } from './formats.ts'
import { csvLine } from './statistics/csv.ts'

/** How the values of a column are written for people. JSON and CSV have them as they are. */
type Kind = 'count' | 'signed' | 'size' | 'signedSize' | 'distance' | 'id' | 'text'

type Row = Readonly<Record<string, unknown>>

/** A list about a heap. Renderers only write it down. */
export interface HeapView {
  schema: string
  /** Members of the JSON document in front of `rows`. */
  facts: Row
  /** Key of the column that names a row; the others follow in order. */
  name: string
  columns: Readonly<Record<string, Kind>>
  rows: readonly Row[]
  /** Last line of a table. */
  footer: string
}

function cut<T>(rows: readonly T[], limit: number): readonly T[] {
  return limit === 0 ? rows : rows.slice(0, limit)
}

function view<T extends object>(
  schema: string,
  facts: Row,
  name: string,
  columns: HeapView['columns'],
  all: readonly T[],
  limit: number,
  footer: string,
): HeapView {
  const rows = cut(all, limit)
  const hidden = all.length - rows.length
  const more = hidden > 0 ? `; ${hidden} more not shown (--limit 0 shows all)` : ''
  return {
    schema,
    facts: { ...facts, shown: rows.length },
    name,
    columns,
    rows: rows as readonly Row[],
    footer: footer + more,
  }
}

/** DevTools' Summary. `total` in bytes. */
export function classesView(rows: readonly ClassRow[], total: number, limit: number): HeapView {
  const columns = { count: 'count', shallow: 'size', retained: 'size', distance: 'distance' } as const
  const footer = `total ${formatSize(total)} in ${rows.length} classes`
  return view('tracemalloc.heap/1', { total }, 'name', columns, rows, limit, footer)
}

/** DevTools' Comparison. */
export function comparisonView(rows: readonly ClassDiff[], limit: number): HeapView {
  const sum = (key: 'sizeDelta' | 'addedSize' | 'removedSize') => rows.reduce((n, row) => n + row[key], 0)
  const total = { addedSize: sum('addedSize'), removedSize: sum('removedSize'), sizeDelta: sum('sizeDelta') }
  const columns = {
    added: 'count',
    removed: 'count',
    addedSize: 'size',
    removedSize: 'size',
    countDelta: 'signed',
    sizeDelta: 'signedSize',
  } as const
  const footer = `${formatSize(total.addedSize)} added, ${formatSize(total.removedSize)} removed, ${formatSize(total.sizeDelta, true)} in all`
  return view('tracemalloc.heapdiff/1', { total }, 'name', columns, rows, limit, footer)
}

/** Objects, by retained size. `text` says what each is. */
export function objectsView(
  rows: readonly ObjectRow[],
  text: (node: number) => string,
  limit: number,
): HeapView {
  const shown = cut(rows, limit).map(({ node, ...row }) => ({ name: text(node), ...row }))
  const columns = {
    id: 'id',
    distance: 'distance',
    shallow: 'size',
    retained: 'size',
    location: 'text',
  } as const
  const shallow = formatSize(rows.reduce((n, row) => n + row.shallow, 0))
  const footer = `${rows.length} objects, ${shallow}`
  const facts = { count: rows.length }
  const all = rows.length === shown.length ? shown : [...shown, ...new Array(rows.length - shown.length)]
  return view('tracemalloc.heapobjects/1', facts, 'name', columns, all, limit, footer)
}

/** Texts that several strings have. */
export function duplicatesView(rows: readonly DuplicateRow[], limit: number): HeapView {
  const columns = { count: 'count', shallow: 'size', retained: 'size' } as const
  const wasted = rows.reduce((n, row) => n + row.shallow - row.shallow / row.count, 0)
  const footer = `${rows.length} texts, ${formatSize(wasted)} would do without the copies`
  return view('tracemalloc.duplicates/1', {}, 'value', columns, rows, limit, footer)
}

/** Objects that were made between two snapshots and stayed, by retainer path. `traceback` is of one of them. */
export function stayedView(
  rows: readonly (StayedRow & { traceback?: readonly string[] })[],
  limit: number,
): HeapView {
  const columns = {
    count: 'count',
    shallow: 'size',
    retained: 'size',
    example: 'id',
    traceback: 'text',
  } as const
  const all = rows.map(({ path, trace, ...row }) => ({
    name: path.join(' '),
    ...row,
    path,
    ...(row.traceback && { traceback: row.traceback.join(' > ') }),
  }))
  const retained = formatSize(rows.reduce((n, row) => n + row.retained, 0))
  const footer = `${retained} stayed, along ${rows.length} paths`
  return view('tracemalloc.heapstayed/1', {}, 'name', columns, all, limit, footer)
}

export interface HeapRenderOptions {
  width: number
  colour: boolean
}

/** A list as lines of a format. */
export function* heapLines(list: HeapView, format: Format, options: HeapRenderOptions): Generator<string> {
  if (format === 'json') yield jsonText({ schema: list.schema, ...list.facts, rows: list.rows }, 2)
  else if (format === 'ndjson') for (const row of list.rows) yield jsonText(row)
  else if (format === 'csv') yield* csvLines(list)
  else if (format === 'markdown') yield* markdownLines(list)
  else if (format === 'text') yield* textLines(list)
  else yield* tableLines(list, options)
}

function* csvLines({ name, columns, rows }: HeapView): Generator<string> {
  const keys = [name, ...Object.keys(columns)]
  yield keys.join(',')
  for (const row of rows) yield csvLine(keys.map(key => row[key]))
}

function* markdownLines({ name, columns, rows, footer }: HeapView): Generator<string> {
  const keys = Object.keys(columns)
  yield `| ${[name, ...keys].join(' | ')} |`
  yield `|:--|${keys.map(() => '--:|').join('')}`
  for (const row of rows) {
    const cells = keys.map(key =>
      columns[key] === 'text' ? markdownCode(cell(row, key, 'text')) : cell(row, key, columns[key]),
    )
    yield `| ${[markdownCode(String(row[name])), ...cells].join(' | ')} |`
  }
  yield `\n${footer}.`
}

/** Longest name in a line of text: V8 cuts strings at 1024 characters. */
const LONGEST_TEXT = 200

/** One line a row, for grep: `Node1: count=650000, shallow=39.7 MiB, retained=134 MiB, distance=3`. */
function* textLines({ name, columns, rows }: HeapView): Generator<string> {
  for (const row of rows) {
    const values = Object.keys(columns)
      .map(key => [key, cell(row, key, columns[key])])
      .filter(([, text]) => text !== '')
      .map(([key, text]) => `${key}=${text}`)
    yield `${cutEnd(visible(String(row[name])), LONGEST_TEXT)}: ${values.join(', ')}`
  }
}

function* tableLines(list: HeapView, { width, colour }: HeapRenderOptions): Generator<string> {
  const dim = (text: string) => (colour ? `\u001b[2m${text}\u001b[0m` : text)
  const keys = Object.keys(list.columns)
  const cells = list.rows.map(row => keys.map(key => cell(row, key, list.columns[key])))
  const widths = keys.map((key, i) => largest(key.length, cells, row => widthOf(row[i])))
  const line = (texts: readonly string[]) =>
    texts.map((text, i) => ' '.repeat(widths[i] - widthOf(text)) + text).join('  ')
  yield dim(`${line(keys)}  ${list.name}`)
  for (const [i, row] of list.rows.entries()) {
    const numbers = line(cells[i])
    yield `${numbers}  ${cutEnd(visible(String(row[list.name])), width - widthOf(numbers) - 2)}`
  }
  yield dim(list.footer)
}

function cell(row: Row, key: string, kind: Kind): string {
  const value = row[key]
  if (value === undefined) return ''
  if (kind === 'text') return visible(String(value))
  const n = value as number
  if (kind === 'size') return formatSize(n)
  if (kind === 'signedSize') return formatSize(n, true)
  if (kind === 'signed') return formatSigned(n)
  if (kind === 'id') return `@${n}`
  if (kind === 'distance') return n < 0 || n >= SYSTEM_DISTANCE ? '-' : `${n}`
  return `${n}`
}

/** One way from an object to a root, nearest first. */
export interface RetainerStep {
  /** How the retainer refers to what is below it: `.name`, `[3]`. */
  readonly edge: string
  readonly name: string
  readonly id: number
  readonly distance: number
}

/** The shortest ways from an object to the roots. */
export interface RetainersView {
  readonly id: number
  readonly name: string
  readonly shallow: number
  readonly retained: number
  readonly paths: readonly (readonly RetainerStep[])[]
}

/** Ways as lines: JSON (schema `tracemalloc.retainers/1`) or indented text. */
export function* retainerLines(object: RetainersView, format: Format): Generator<string> {
  if (format === 'json' || format === 'ndjson') {
    yield jsonText({ schema: 'tracemalloc.retainers/1', ...object }, format === 'json' ? 2 : undefined)
    return
  }
  const sizes = `shallow=${formatSize(object.shallow)}, retained=${formatSize(object.retained)}`
  yield `${visible(object.name)} @${object.id}: ${sizes}`
  for (const path of object.paths) {
    for (const [i, { edge, name, id, distance }] of path.entries()) {
      const far = cell({ distance }, 'distance', 'distance')
      yield `${'  '.repeat(Math.min(i + 1, 40))}${visible(edge)} in ${visible(name)} @${id} (distance ${far})`
    }
  }
  if (object.paths.length === 0) yield '  nothing that is reached from a root holds it'
}
