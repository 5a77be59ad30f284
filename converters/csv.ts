// Traces as CSV (RFC 4180), one row each: for spreadsheets and data frames. A format of this project;
// docs/formats.md describes it.
//
// | column                     | unit, base, sentinel                                               |
// | -------------------------- | ------------------------------------------------------------------ |
// | snapshot                   | number of the snapshot in the file, from 1                         |
// | measure, accuracy, counts  | live, allocated or peak; exact or sampled; exact or estimated      |
// | size, count                | total bytes and blocks (empty = unknown); negative in a difference |
// | domain                     | 0 JS heap, 1 ArrayBuffer, 2 native, 3 code, or another             |
// | type                       | constructor or kind, empty = unknown                               |
// | totalNframe                | frames before truncation, 0 = unknown                              |
// | filename, lineno, function | the allocation frame, for pivot tables; not read back              |
// | traceback                  | `name (file:line:column);...`, oldest first, 1-based               |
// | following                  | rows that follow in the file, so that no cut is missed             |
//
// A snapshot without traces is one row without a size. Text never begins like a formula (a `'` goes in front)
// and has hidden characters as `\u{1b}`, so a row is always one line. Rows end with `\n`; `\r\n` is read as
// well. Fields are parsed here, in 25 lines, because no library says at which byte of a broken file it
// stopped.

import { asciiOf, inPieces, type Line, linesOf } from '../src/bytes/lines.ts'
import type { Source } from '../src/bytes/source.ts'
import { FormatError } from '../src/errors.ts'
import { SnapshotBuilder } from '../src/model/builder.ts'
import { allocationFrames } from '../src/model/grouping/keys.ts'
import type { SnapshotMeta } from '../src/model/meta.ts'
import { parseMeta } from '../src/model/meta-json.ts'
import type { Snapshot } from '../src/model/snapshot.ts'
import { stackReader, stackWriter } from '../src/model/stack-texts.ts'
import { Tables } from '../src/model/tables/tables.ts'
import { csvField, csvText, fromCsvField, fromCsvText } from '../src/text/escape.ts'
import type { Converter } from './converter.ts'

const FORMAT = 'csv'
const COLUMNS = [
  ...['snapshot', 'measure', 'accuracy', 'counts', 'size', 'count', 'domain', 'type', 'totalNframe'],
  ...['filename', 'lineno', 'function', 'traceback', 'following'],
] as const
const HEADER = COLUMNS.join(',')

function sniff(head: Uint8Array): 'yes' | 'no' {
  return asciiOf(head.subarray(0, HEADER.length)) === HEADER ? 'yes' : 'no'
}

type Row = Record<(typeof COLUMNS)[number], string>

async function read(source: Source): Promise<readonly Snapshot[]> {
  const tables = new Tables()
  const stackOf = stackReader(tables)
  const open: { builder: SnapshotBuilder; meta: SnapshotMeta; deepest: number }[] = []
  let following: number | undefined
  let last = 0
  let isHeader = true
  for await (const line of linesOf(source, FORMAT)) {
    if (!line.ended) throw cut(line.offset)
    last = line.offset
    if (isHeader) {
      if (line.text !== HEADER) throw fault(line, 'header', 'not the columns of this format')
      isHeader = false
      continue
    }
    const row = parseRow(line)
    const left = integer(row.following, line, 'following')
    if (following !== undefined && left !== following - 1)
      throw fault(line, 'following', 'not the row that follows')
    following = left
    const number = integer(row.snapshot, line, 'snapshot')
    if (number === open.length + 1)
      open.push({ builder: new SnapshotBuilder(tables), meta: metaOf(row, line), deepest: 0 })
    if (number === 0 || number !== open.length) throw fault(line, 'snapshot', 'not the next snapshot')
    if (row.size === '') continue
    const snapshot = open[number - 1]
    const { stack, depth } = stackOf(fromCsvField(row.traceback))
    snapshot.deepest = Math.max(snapshot.deepest, depth)
    snapshot.builder.add(
      stack,
      decimal(row.size, line, 'size'),
      row.count === '' ? Number.NaN : decimal(row.count, line, 'count'),
      integer(row.domain, line, 'domain'),
      tables.strings.intern(fromCsvText(row.type)),
      integer(row.totalNframe, line, 'totalNframe'),
    )
  }
  if (following !== 0) throw cut(last)
  return open.map(({ builder, meta, deepest }) => builder.build(meta, deepest))
}

function cut(offset: number): FormatError {
  return new FormatError('truncated', 'the file ends too early', { format: FORMAT, offset })
}

function fault(line: Line, path: string, reason: string): FormatError {
  return new FormatError('malformed', reason, { format: FORMAT, offset: line.offset, path })
}

function parseRow(line: Line): Row {
  const fields = fieldsOf(line)
  if (fields.length !== COLUMNS.length)
    throw fault(line, '', `${fields.length} fields, not ${COLUMNS.length}`)
  return Object.fromEntries(COLUMNS.map((name, i) => [name, fields[i]])) as Row
}

/** The fields of a line without their quotes. */
function fieldsOf(line: Line): string[] {
  const { text } = line
  const fields: string[] = []
  for (let from = 0; from <= text.length; ) {
    let end: number
    if (text[from] === '"') {
      end = from + 1
      while (text[end] !== '"' || text[end + 1] === '"') {
        if (end >= text.length) throw fault(line, '', 'a quote is not closed')
        end += text[end] === '"' ? 2 : 1
      }
      fields.push(text.slice(from + 1, end++).replaceAll('""', '"'))
    } else {
      const comma = text.indexOf(',', from)
      end = comma < 0 ? text.length : comma
      fields.push(text.slice(from, end))
    }
    if (end < text.length && text[end] !== ',') throw fault(line, '', 'text after a quoted field')
    from = end + 1
  }
  return fields
}

/** A whole number of 32 bits, as domains and the numbers of rows are. */
function integer(text: string, line: Line, path: string): number {
  const value = Number(text)
  if (!/^\d{1,10}$/.test(text) || value > 0xffffffff) throw fault(line, path, 'not a whole number')
  return value
}

function decimal(text: string, line: Line, path: string): number {
  const value = Number(text)
  if (!/^-?\d+(?:\.\d+)?(?:e-?\d+)?$/.test(text) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw fault(line, path, 'not a number within 2^53')
  }
  return value
}

function metaOf({ measure, accuracy, counts }: Row, line: Line): SnapshotMeta {
  const parsed = parseMeta({ measure, accuracy, counts, tracebackLimit: 0 }, FORMAT)
  if (!parsed) throw fault(line, 'measure', 'measure, accuracy or counts is not a known word')
  return parsed.meta
}

function* write(snapshots: readonly Snapshot[]): Iterable<string> {
  let following = snapshots.reduce((sum, snapshot) => sum + Math.max(1, snapshot.length), 0)
  yield `${HEADER}\n`
  for (const [n, { meta, tables, columns, length }] of snapshots.entries()) {
    const facts = `${n + 1},${meta.measure},${meta.accuracy},${meta.counts}`
    if (length === 0) yield `${facts},,,,,,,,,,${--following}\n`
    const allocation = allocationFrames(tables)
    const names: string[] = []
    const nameOf = (id: number): string => (names[id] ??= csvText(tables.strings.get(id)))
    const textOf = stackWriter(tables)
    for (let i = 0; i < length; i++) {
      const { stack, size, count, domain, type, totalNframe } = columns
      const { filename, functionName, lineno } = tables.frames
      const frame = allocation[stack[i]]
      const where =
        stack[i] === 0 ? ',,' : `${nameOf(filename[frame])},${lineno[frame]},${nameOf(functionName[frame])}`
      const traceback = csvField(textOf(stack[i]))
      yield `${facts},${size[i]},${Number.isNaN(count[i]) ? '' : count[i]},${domain[i]},${nameOf(type[i])},` +
        `${totalNframe?.[i] ?? 0},${where},${traceback},${--following}\n`
    }
  }
}

export const csv: Converter = {
  name: FORMAT,
  title: 'CSV, a trace each',
  extensions: ['.csv'],
  spec: 'docs/formats.md',
  carries: ['count', 'lineno', 'column', 'function', 'domain', 'type', 'totalNframe', 'measures'],
  truncation: 'always',
  difference: 'negative',
  sniff,
  read,
  write: async snapshots => inPieces(write(snapshots)),
}
