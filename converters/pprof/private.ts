// The private fields of a pprof file: the columns of a snapshot that pprof itself has no place for.
import { Cursor, MessageWriter } from '../../src/bytes/protobuf.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import { PART, PART_COLUMN, PART_SNAPSHOT, PART_TEXT, PRIVATE, VERSION } from './fields.ts'
import { float64List } from './list.ts'
import { parseMeta } from './meta.ts'

/** Columns of a snapshot in the private field; one is left out if all its values are the default. */
const COLUMN_NAMES = [
  'type', // string indices; default 0
  'domain', // default 0
  'totalNframe', // default 0 = unknown
  'size', // only where a size is no integer
  'count', // only where a count is no integer
  'sample.row', // the three of equal length
  'sample.size',
  'sample.ordinal',
] as const
export type ColumnName = (typeof COLUMN_NAMES)[number]

/** The column of the file: lengths of runs of locations, not exact and exact in turn. */
const EXACT = 'exact'

/** The column of the file: where the function of each exact location starts. */
const START_COLUMN = 'startColumn'

/** Integers up to here are written as differences, so that a difference and its zigzag stay below 2^53. */
const LARGEST_INTEGER = 2 ** 50

/** A snapshot as the private field has it. */
export interface PrivateSnapshot {
  meta: SnapshotMeta
  /** Number of samples in the file that are its rows, after those of the snapshots before it. */
  rows: number
  tracebackLimit: number
  columns: Map<string, Float64Array>
  offset: number
}

/** Reads the private field: it is as hostile as the rest of the file. */
export class PrivateReader {
  /**
   * Is the file one of ours? Only if the mark comes before the first sample: a tool that rewrites a file
   * moves fields that it does not know to the end, and they no longer fit.
   */
  isOurs = false
  hasEnd = false
  readonly snapshots: PrivateSnapshot[] = []
  /** Strings with lone surrogates, by string index: UTF-8 cannot encode them. */
  readonly texts = new Map<number, string>()
  /** Lengths of runs of locations: not exact, exact, not exact, ... */
  exact: Float64Array | undefined
  /** Of each location: where its function starts. */
  startColumn: Float64Array | undefined
  readonly #withSamples: boolean
  readonly #nested = new Cursor()
  readonly #inner = new Cursor()

  constructor(withSamples: boolean) {
    this.#withSamples = withSamples
  }

  /** Nothing may follow the end mark. */
  checkOrder(field: Cursor): void {
    if (this.hasEnd) field.fail('malformed', 'more data after the end mark')
  }

  /** Reads one occurrence; `part` is on its first field. `isEarly`: there was no sample yet. */
  read(outer: Cursor, isEarly: boolean): void {
    const begin = outer.offset
    for (const part = this.#nested.enter(outer); part.next(); ) {
      if (part.field === PART.mark) this.#readMark(part, isEarly)
      else if (!this.isOurs) return
      else if (part.field === PART.snapshot) this.#readSnapshot(part)
      else if (part.field === PART.column) this.#readColumn(part)
      else if (part.field === PART.text) this.#readText(part)
      else if (part.field === PART.end) {
        if (part.uint() !== begin) part.fail('malformed', 'the end mark is not where it was written')
        this.hasEnd = true
      }
    }
  }

  #readMark(part: Cursor, isEarly: boolean): void {
    if (!isEarly) return
    const version = part.uint()
    if (version > VERSION) part.fail('unsupported', `a dump of version ${version}; ${VERSION} is known`)
    this.isOurs = true
  }

  #readSnapshot(part: Cursor): void {
    let meta: SnapshotMeta | undefined
    let rows = 0
    let tracebackLimit = 0
    for (const c = this.#inner.enter(part); c.next(); ) {
      if (c.field === PART_SNAPSHOT.meta) meta = parseMeta(c.value(), reason => c.fail('malformed', reason))
      else if (c.field === PART_SNAPSHOT.rows) rows = c.uint()
      else if (c.field === PART_SNAPSHOT.tracebackLimit) tracebackLimit = c.uint()
    }
    if (!meta) part.fail('malformed', 'a snapshot without meta')
    this.snapshots.push({ meta, rows, tracebackLimit, columns: new Map(), offset: part.offset })
  }

  #readColumn(part: Cursor): void {
    let name = ''
    const values = float64List()
    for (const c = this.#inner.enter(part); c.next(); ) {
      if (c.field === PART_COLUMN.name) {
        name = new TextDecoder().decode(c.value())
        if (!this.#isWanted(name)) return
      } else if (c.field === PART_COLUMN.integers) {
        let value = 0
        for (const p = new Cursor().enter(c); p.more; values.push(value)) {
          p.varint()
          value += p.sint()
          if (!Number.isSafeInteger(value)) p.fail('malformed', `column ${name}: a number beyond 2^53`)
        }
      } else if (c.field === PART_COLUMN.doubles) {
        const bytes = c.value()
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
        if (bytes.length % 8 !== 0) c.fail('malformed', `column ${name}: not a whole number of doubles`)
        for (let i = 0; i < bytes.length; i += 8) values.push(view.getFloat64(i, true))
      }
    }
    if (!this.#isWanted(name)) return
    const snapshot = this.snapshots.at(-1)
    const isOfFile = name === EXACT || name === START_COLUMN
    const known = name === EXACT ? this.exact : this.startColumn
    const isThere = isOfFile ? known : snapshot?.columns.has(name)
    if (isThere || (!snapshot && !isOfFile)) part.fail('malformed', `column ${name} is out of place`)
    if (name === EXACT) this.exact = values.values
    else if (name === START_COLUMN) this.startColumn = values.values
    else snapshot?.columns.set(name, values.values)
  }

  #isWanted(name: string): boolean {
    if (name.startsWith('sample.') && !this.#withSamples) return false
    return name === EXACT || name === START_COLUMN || (COLUMN_NAMES as readonly string[]).includes(name)
  }

  #readText(part: Cursor): void {
    let index = -1
    let text = ''
    for (const c = this.#inner.enter(part); c.next(); ) {
      if (c.field === PART_TEXT.index) index = c.uint32('a string index')
      else if (c.field === PART_TEXT.utf16) text = utf16(c)
    }
    if (index < 0) part.fail('malformed', 'a text without an index')
    this.texts.set(index, text)
  }
}

/** UTF-16 units, little endian. */
function utf16(c: Cursor): string {
  const bytes = c.value()
  if (bytes.length % 2 !== 0) c.fail('malformed', 'half a UTF-16 unit')
  // This decoder would replace lone surrogates, which are what the part is there for.
  const pieces: string[] = []
  for (let i = 0; i < bytes.length; i += 8192) {
    const units: number[] = []
    for (let k = i; k < Math.min(i + 8192, bytes.length); k += 2) units.push(bytes[k] | (bytes[k + 1] << 8))
    pieces.push(String.fromCharCode(...units))
  }
  return pieces.join('')
}

/** Writes the private field's occurrences, one at a time. */
export class PrivateWriter {
  readonly #out: MessageWriter
  readonly #part = new MessageWriter()
  readonly #inner = new MessageWriter()
  readonly #numbers = new MessageWriter()

  constructor(out: MessageWriter) {
    this.#out = out
  }

  mark(): void {
    this.#write(this.#part.clear().int(PART.mark, VERSION))
  }

  snapshot(meta: SnapshotMeta, rows: number, tracebackLimit: number): void {
    const inner = this.#inner
      .clear()
      .bytes(PART_SNAPSHOT.meta, new TextEncoder().encode(JSON.stringify(meta)))
      .int(PART_SNAPSHOT.rows, rows)
      .int(PART_SNAPSHOT.tracebackLimit, tracebackLimit)
    this.#write(this.#part.clear().message(PART.snapshot, inner))
  }

  column(name: ColumnName | typeof EXACT | typeof START_COLUMN, values: ArrayLike<number>): void {
    const inner = this.#inner.clear().bytes(PART_COLUMN.name, new TextEncoder().encode(name))
    const numbers = this.#numbers.clear()
    if (Array.prototype.every.call(values, isInteger)) {
      for (let i = 0, last = 0; i < values.length; last = values[i++]) numbers.sint(values[i] - last)
      inner.message(PART_COLUMN.integers, numbers)
    } else {
      inner.bytes(PART_COLUMN.doubles, new Uint8Array(Float64Array.from(values).buffer))
    }
    this.#write(this.#part.clear().message(PART.column, inner))
  }

  /** Flags of locations, 0 or 1. */
  exact(flags: Uint8Array): void {
    const runs: number[] = []
    for (let i = 0, flag = 0; i < flags.length; flag ^= 1) {
      const begin = i
      while (i < flags.length && flags[i] === flag) i++
      runs.push(i - begin)
    }
    if (runs.length > 1) this.column(EXACT, runs)
  }

  /** Columns where the functions of exact locations start, 0 for others. */
  startColumns(columns: Uint32Array): void {
    if (columns.some(column => column > 0)) this.column(START_COLUMN, columns)
  }

  text(index: number, text: string): void {
    const units = new Uint8Array(text.length * 2)
    for (let i = 0; i < text.length; i++) {
      units[2 * i] = text.charCodeAt(i) & 0xff
      units[2 * i + 1] = text.charCodeAt(i) >>> 8
    }
    const inner = this.#inner.clear().int(PART_TEXT.index, index).bytes(PART_TEXT.utf16, units)
    this.#write(this.#part.clear().message(PART.text, inner))
  }

  /** `offset`: bytes written before this. */
  end(offset: number): void {
    this.#write(this.#part.clear().int(PART.end, offset))
  }

  #write(part: MessageWriter): void {
    this.#out.message(PRIVATE, part)
  }
}

function isInteger(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < LARGEST_INTEGER
}
