// The reports of `heap`: lists of classes, objects, texts and paths.
import type { ClassDiff } from '../heap/compare.ts'
import { SYSTEM_DISTANCE } from '../heap/distances.ts'
import type { DuplicateRow, ObjectRow } from '../heap/object-lists.ts'
import type { RetainedObject } from '../heap/retainers.ts'
import type { ClassRow } from '../heap/summary.ts'
import type { SurvivorRow } from '../heap/three-snapshots.ts'
import { formatSize } from '../text/units.ts'
import { cutEnd } from '../text/width.ts'
import { type Column, cellText, type Kind } from './cells.ts'
import { cut, type Report, type Table } from './report.ts'

/** Keys are those of JSON and of the columns. */
type Row = Readonly<Record<string, unknown>>

/** A list about a heap. */
interface HeapList {
  schema: string
  /** Members of the JSON document in front of `rows`. */
  facts: Row
  /** Key of the column that names a row; the others follow in order. */
  name: string
  kinds: Readonly<Record<string, Kind>>
  rows: readonly object[]
  /** How many there are in all. */
  groups: number
  footer: string
}

/** Longest name in a line of text: V8 cuts strings at 1024 characters. */
const LONGEST_TEXT = 200

function listReport({ schema, facts, name, kinds, groups, footer, ...list }: HeapList): Report {
  const rows = list.rows as readonly Row[]
  const columns = Object.entries(kinds).map(
    ([head, kind]) => ({ head, kind, value: row => cellValue(kind, row[head]) }) as Column<Row>,
  )
  const text = (row: Row) => String(row[name])
  const table: Table<Row> = {
    name: { head: name, text, is: 'text' },
    columns,
    rows,
    footer,
    hidden: groups - rows.length,
  }
  return {
    schema,
    document: () => ({ ...facts, shown: rows.length, rows }),
    records: () => rows,
    fields: [name, ...Object.keys(kinds)],
    /** `Node1: count=650000, shallow=39.7 MiB, retained=134 MiB, distance=3` */
    *lines() {
      for (const row of rows) {
        const figures = columns
          .map(column => ({ key: column.head, figure: cellText(column, row) }))
          .filter(({ figure }) => figure !== '')
        const values = figures.map(({ key, figure }) => `${key}=${figure}`).join(', ')
        yield `${cutEnd(text(row), LONGEST_TEXT)}: ${values}`
      }
    },
    tables: [table],
  }
}

function cellValue(kind: Kind, value: unknown): unknown {
  return kind === 'distance' ? distanceOf(value as number) : value
}

/** Null where nothing that a user knows leads to the object. */
function distanceOf(distance: number): number | null {
  return distance < 0 || distance >= SYSTEM_DISTANCE ? null : distance
}

/** DevTools' Summary. `total` in bytes. */
export function classesReport(rows: readonly ClassRow[], total: number, limit: number): Report {
  return listReport({
    schema: 'tracemalloc.heap/1',
    facts: { total },
    name: 'name',
    kinds: { count: 'count', shallow: 'bytes', retained: 'bytes', distance: 'distance' },
    rows: cut(rows, limit),
    groups: rows.length,
    footer: `total ${formatSize(total)} in ${rows.length} classes`,
  })
}

/** DevTools' Comparison. */
export function comparisonReport(rows: readonly ClassDiff[], limit: number): Report {
  const sum = (key: 'sizeDelta' | 'addedSize' | 'removedSize') => rows.reduce((n, row) => n + row[key], 0)
  const total = { addedSize: sum('addedSize'), removedSize: sum('removedSize'), sizeDelta: sum('sizeDelta') }
  return listReport({
    schema: 'tracemalloc.heapdiff/1',
    facts: { total },
    name: 'name',
    kinds: {
      added: 'count',
      removed: 'count',
      addedSize: 'bytes',
      removedSize: 'bytes',
      countDelta: 'moreOrLess',
      sizeDelta: 'growth',
    },
    rows: cut(rows, limit),
    groups: rows.length,
    footer: `${formatSize(total.addedSize)} added, ${formatSize(total.removedSize)} removed, ${formatSize(total.sizeDelta, true)} in all`,
  })
}

/** Objects, by retained size. `text` says what each is. */
export function objectsReport(
  rows: readonly ObjectRow[],
  text: (node: number) => string,
  limit: number,
): Report {
  const shallow = formatSize(rows.reduce((n, row) => n + row.shallow, 0))
  return listReport({
    schema: 'tracemalloc.heapobjects/1',
    facts: { count: rows.length },
    name: 'name',
    kinds: { id: 'id', distance: 'distance', shallow: 'bytes', retained: 'bytes', location: 'text' },
    rows: cut(rows, limit).map(({ node, ...row }) => ({ name: text(node), ...row })),
    groups: rows.length,
    footer: `${rows.length} objects, ${shallow}`,
  })
}

/** Texts that several strings have. */
export function duplicatesReport(rows: readonly DuplicateRow[], limit: number): Report {
  const wasted = rows.reduce((n, row) => n + row.shallow - row.shallow / row.count, 0)
  return listReport({
    schema: 'tracemalloc.duplicates/1',
    facts: {},
    name: 'value',
    kinds: { count: 'count', shallow: 'bytes', retained: 'bytes' },
    rows: cut(rows, limit),
    groups: rows.length,
    footer: `${rows.length} texts, ${formatSize(wasted)} would do without the copies`,
  })
}

/** Objects made between two snapshots that stayed, by retainer path. `traceback` is that of one of them. */
export function stayedReport(
  rows: readonly (SurvivorRow & { traceback?: readonly string[] })[],
  limit: number,
): Report {
  const retained = formatSize(rows.reduce((n, row) => n + row.retained, 0))
  return listReport({
    schema: 'tracemalloc.heapstayed/1',
    facts: {},
    name: 'name',
    kinds: { count: 'count', shallow: 'bytes', retained: 'bytes', example: 'id', traceback: 'text' },
    rows: cut(rows, limit).map(({ path, trace, traceback, ...row }) => ({
      name: path.join(' '),
      ...row,
      path,
      ...(traceback && { traceback: traceback.join(' > ') }),
    })),
    groups: rows.length,
    footer: `${retained} stayed, along ${rows.length} paths`,
  })
}

/** Levels that are drawn as such. */
const MOST_LEVELS = 40

/** The ways as an indented list. */
export function retainersReport(object: RetainedObject): Report {
  const steps = object.paths.flatMap((path, way) =>
    path.map((step, i) => ({ ...step, way: way + 1, level: i + 1 })),
  )
  type Step = (typeof steps)[number]
  const nameOf = ({ edge, name, level }: Step) =>
    `${'  '.repeat(Math.min(level, MOST_LEVELS))}${edge} in ${name}`
  const sizes = `shallow=${formatSize(object.shallow)}, retained=${formatSize(object.retained)}`
  const title = `${object.name} @${object.id}`
  const none = 'nothing that is reached from a root holds it'
  const columns: Column<Step>[] = [
    { head: 'distance', kind: 'distance', value: step => distanceOf(step.distance) },
    { head: 'id', kind: 'id', value: step => step.id },
  ]
  return {
    schema: 'tracemalloc.retainers/1',
    document: () => object,
    *records() {
      for (const { level, ...step } of steps) yield step
    },
    *lines() {
      yield `${title}: ${sizes}`
      for (const step of steps)
        yield `${nameOf(step)} @${step.id} (distance ${distanceOf(step.distance) ?? '-'})`
      if (steps.length === 0) yield `  ${none}`
    },
    tables: [
      {
        title: { name: title, words: sizes },
        name: { head: 'held by', text: nameOf, is: 'text' },
        columns,
        rows: steps,
        notes: steps.length === 0 ? [none] : [],
      } satisfies Table<Step>,
    ],
  }
}
