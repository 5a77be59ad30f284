// The one shape of what a command reports. Commands make it and output formats write it.
import type { GetLine } from '../model/traceback.ts'
import type { Column } from './cells.ts'

export interface Report {
  /** Name and version of the JSON document. */
  readonly schema: string
  /** The JSON document, without its schema. */
  document(): object
  /** The rows one by one, for programs that read lines: NDJSON, CSV. */
  records(): Iterable<Record<string, unknown>>
  /** The fields of a record in CSV, in order. Unless given: all that any record has. */
  readonly fields?: readonly string[]
  /** The report as plain sentences, one a line, for grep. Names are raw: the format makes them visible. */
  lines(page?: Pick<Page, 'getLine'>): Iterable<string>
  /** What a user should know about the figures, where lines and records do not say it. */
  readonly notes?: readonly string[]
  /** The same laid out for people. */
  readonly tables: readonly Table[]
}

/** Rows, each with a name and figures. */
export interface Table<Row = unknown> {
  /** What the rows are of; undefined where that goes without saying. */
  readonly title?: { readonly name?: string; readonly words?: string }
  /** A sentence below the title, for formats that have room. */
  readonly intro?: string
  readonly name: Name<Row>
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** The sum of all rows, also of those that are not shown; some columns apply to it. */
  readonly total?: unknown
  /** The sum as a sentence. */
  readonly footer?: string
  /** Number of rows that are not shown. */
  readonly hidden?: number
  /** What a user should know about the figures. */
  readonly notes?: readonly string[]
  /** Lines below a row: its traceback. */
  below?(row: Row, getLine?: GetLine): readonly string[]
  /** Colour of a row's figures. */
  tone?(row: Row): Tone | undefined
}

export type Tone = 'red' | 'green' | 'dim'

/** What tells a row from the others. */
interface Name<Row> {
  readonly head: string
  text(row: Row): string
  /** Words in front of the name that are not part of it: `package `. */
  prefix?(row: Row): string
  /** `place`: a file name, cut at its start. `text`: cut at its end. `short`: stands first, never cut. */
  readonly is: 'place' | 'text' | 'short'
}

/** What a report is shown on. */
export interface Page {
  /** Columns of the terminal. */
  readonly width: number
  readonly colour: boolean
  /** Folder that file names are shown relative to. */
  readonly folder?: string
  /** Gives source lines below the frames of a traceback. */
  readonly getLine?: GetLine
}

/** A way to write reports. Each is a file of this shape in `formats/`. */
export interface OutputFormat<R extends Report = Report> {
  write(report: R, page: Page): Iterable<string>
  /** Does it hold lines or records only, so that the report's notes go to standard error? */
  readonly leavesNotes?: boolean
}

/** The first rows, `limit` of them; 0 = all. */
export function cut<T extends { slice(start: number, end: number): T }>(rows: T, limit: number): T {
  return limit === 0 ? rows : rows.slice(0, limit)
}

/** `3 more rows`. */
export function moreRows(hidden: number): string {
  return `${hidden} more row${hidden === 1 ? '' : 's'}`
}
