// Writes snapshots as a pprof profile.
import { MessageWriter } from '../../src/bytes/protobuf.ts'
import { FormatError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { Tables } from '../../src/model/tables/tables.ts'
import { hash2, RowIndex } from '../../src/model/tables/typed-arrays.ts'
import { wholeNumbers } from '../../src/transform/whole-numbers.ts'
import { FUNCTION, LINE, LOCATION, PROFILE, SAMPLE, VALUE_TYPE } from './fields.ts'
import { type ColumnName, PrivateWriter } from './private.ts'

/** Bytes that are handed on at once. */
const PIECE = 256 * 1024

/** Milliseconds since 1970 whose nanoseconds an int64 can hold. */
const LATEST = 9e12

/**
 * Writes a pprof profile in pieces: sample types, the private mark, samples, locations, functions, the
 * private parts, the strings, the end mark. Locations have the order of their frames in the tables, functions
 * and strings are numbered as they are first needed: a snapshot that was read from a dump gives the same
 * bytes.
 */
export function* write(snapshots: readonly Snapshot[]): Generator<Uint8Array> {
  if (snapshots.length === 0)
    throw new FormatError('unsupported', 'no snapshot to write', { format: 'pprof' })
  const { tables } = snapshots[0]
  const merged = snapshots.map(snapshot => new Rows(snapshot.over(tables)))
  const out = new ProfileWriter(tables, framesInUse(merged))
  out.writeTypes(merged)
  for (const rows of merged) yield* out.samples(rows, merged)
  yield* out.locations()
  yield* out.functions()
  for (const rows of merged) yield* out.privateColumns(rows)
  yield* out.strings()
  yield out.end()
}

/** A snapshot's rows with those added up that differ in nothing but size and count. */
class Rows {
  readonly snapshot: Snapshot
  length = 0
  /** A row of the snapshot for each row here. */
  readonly from: Uint32Array
  readonly size: Float64Array
  readonly count: Float64Array
  /** The row here of each row of the snapshot. */
  readonly rowOf: Uint32Array
  /** Is the count of any row known? */
  readonly hasCounts: boolean

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot
    const { stack, size, count, domain, type, totalNframe } = snapshot.columns
    const from = new Uint32Array(stack.length)
    const rowOf = new Uint32Array(stack.length)
    const sizes = new Float64Array(stack.length)
    const counts = new Float64Array(stack.length)
    const isSame = (row: number, i: number) => {
      const k = from[row]
      return (
        stack[k] === stack[i] &&
        type[k] === type[i] &&
        domain[k] === domain[i] &&
        (!totalNframe || totalNframe[k] === totalNframe[i])
      )
    }
    const firstOf = new Uint32Array(snapshot.tables.stacks.length) // a stack's first row here, + 1; most have no other
    const others = new RowIndex()
    const hashOf = (i: number) =>
      hash2(hash2(stack[i], type[i]), hash2(domain[i], totalNframe ? totalNframe[i] : 0))
    for (let i = 0; i < stack.length; i++) {
      let row = firstOf[stack[i]] - 1
      if (row < 0) {
        row = this.length++
        from[row] = i
        firstOf[stack[i]] = row + 1
      } else if (!isSame(row, i)) {
        const hash = hashOf(i)
        row = others.find(hash, r => isSame(r, i))
        if (row < 0) {
          row = this.length++
          from[row] = i
          others.add(hash, row, r => hashOf(from[r]))
        }
      }
      sizes[row] += size[i]
      counts[row] += count[i]
      rowOf[i] = row
    }
    this.rowOf = rowOf
    this.from = from.subarray(0, this.length)
    this.size = sizes.subarray(0, this.length)
    this.count = counts.subarray(0, this.length)
    this.hasCounts = this.length === 0 || !this.count.every(Number.isNaN)
    for (let row = 0; row < this.length; row++) {
      if (isExact(this.size[row]) && (Number.isNaN(this.count[row]) || isExact(this.count[row]))) continue
      throw new FormatError('too-large', 'a row beyond 2^53 bytes or blocks', {
        format: 'pprof',
        path: `row ${row}`,
      })
    }
  }
}

/** The frames of the rows' stacks, by id. */
function framesInUse(merged: readonly Rows[]): Uint32Array {
  const { stacks, frames } = merged[0].snapshot.tables
  const isStackUsed = new Uint8Array(stacks.length)
  for (const { snapshot } of merged) for (const stack of snapshot.columns.stack) isStackUsed[stack] = 1
  const isFrameUsed = new Uint8Array(frames.length)
  for (let i = stacks.length - 1; i > 0; i--) {
    if (isStackUsed[i] === 0) continue
    isFrameUsed[stacks.frame[i]] = 1
    isStackUsed[stacks.parent[i]] = 1
  }
  return Uint32Array.from(isFrameUsed.keys()).filter(i => isFrameUsed[i] === 1)
}

class ProfileWriter {
  readonly #tables: Tables
  readonly #out = new MessageWriter(PIECE + (PIECE >> 2))
  readonly #private = new PrivateWriter(this.#out)
  readonly #message = new MessageWriter()
  readonly #inner = new MessageWriter()
  /** Bytes handed on. */
  #written = 0
  /** The string table, with '' at index 0, as pprof wants it. */
  readonly #strings = ['']
  readonly #stringIndex = new Map<string, number>([['', 0]])
  /** What strings of the table stand for, where that is not what they are. */
  readonly #meant = new Map<number, string>()
  /** Index of the name of functions without a name; 0 = not in use. */
  #anonymous = 0
  /** Frames in the order of their locations' ids, which begin with 1. */
  readonly #frames: Uint32Array
  /** Location id by frame. */
  readonly #locationId: Uint32Array
  readonly #functionIds = new Map<string, number>()
  readonly #functions: { name: number; filename: number; startLine: number }[] = []

  constructor(tables: Tables, frames: Uint32Array) {
    this.#tables = tables
    this.#frames = frames
    this.#locationId = new Uint32Array(tables.frames.length)
    for (let i = 0; i < frames.length; i++) this.#locationId[frames[i]] = i + 1
  }

  #take(): Uint8Array {
    const piece = this.#out.take()
    this.#written += piece.length
    return piece
  }

  #stringOf(text: string): number {
    let index = this.#stringIndex.get(text)
    if (index === undefined) {
      this.#stringIndex.set(text, (index = this.#strings.push(text) - 1))
      if (/\p{Surrogate}/u.test(text)) this.#meant.set(index, text) // UTF-8 has no lone surrogates
    }
    return index
  }

  /** Index of a function's name. Other tools show all functions without one as the same `<unknown>`. */
  #nameOf(id: number): number {
    if (id !== 0) return this.#stringOfId(id)
    if (this.#anonymous === 0) {
      this.#anonymous = this.#strings.push('(anonymous)') - 1
      this.#meant.set(this.#anonymous, '')
    }
    return this.#anonymous
  }

  /** The same by string id of the tables. */
  #stringOfId(id: number): number {
    return this.#stringOf(this.#tables.strings.get(id))
  }

  /** Sample types and facts of the profile, then the mark that makes the file ours. */
  writeTypes(merged: readonly Rows[]): void {
    const snapshots = merged.map(({ snapshot }) => snapshot)
    const names = new Map<string, number>()
    let first: number | undefined
    for (const { snapshot, hasCounts } of merged) {
      const { meta } = snapshot
      const subject = meta.measure === 'allocated' ? 'alloc' : 'inuse'
      const number = (names.get(subject) ?? 0) + 1
      names.set(subject, number)
      const suffix = number > 1 ? `_${number}` : ''
      if (hasCounts) this.#valueType(PROFILE.sampleType, `${subject}_objects${suffix}`, 'count')
      const space = this.#valueType(PROFILE.sampleType, `${subject}_space${suffix}`, 'bytes')
      first ??= space
    }
    this.#private.mark()
    const { time } = snapshots[0].meta
    const interval = snapshots.find(({ meta }) => meta.interval !== undefined)?.meta.interval
    if (time !== undefined && time > 0 && time < LATEST) {
      const nanos = BigInt(Math.round(time * 1000)) * 1000n
      this.#out.varint(PROFILE.timeNanos * 8).varint64(Number(nanos & 0xffffffffn), Number(nanos >> 32n))
    }
    if (interval !== undefined) {
      this.#valueType(PROFILE.periodType, 'space', 'bytes')
      this.#out.int(PROFILE.period, Math.round(interval))
    }
    this.#out.int(PROFILE.defaultSampleType, first as number)
  }

  /** Returns the string index of the type. */
  #valueType(field: number, type: string, unit: string): number {
    const index = this.#stringOf(type)
    const message = this.#message.clear().int(VALUE_TYPE.type, index)
    this.#out.message(field, message.int(VALUE_TYPE.unit, this.#stringOf(unit)))
    return index
  }

  /** A sample for each row; its values are those of its own snapshot, and 0 for the others. */
  *samples(rows: Rows, merged: readonly Rows[]): Generator<Uint8Array> {
    const { stack } = rows.snapshot.columns
    const { stacks } = this.#tables
    const count = wholeNumbers(rows.count)
    const size = wholeNumbers(rows.size)
    for (let row = 0; row < rows.length; row++) {
      const ids = this.#inner.clear()
      for (let s = stack[rows.from[row]]; s !== 0; s = stacks.parent[s])
        ids.varint(this.#locationId[stacks.frame[s]])
      const sample = this.#message.clear()
      if (ids.length > 0) sample.message(SAMPLE.locationId, ids)
      const values = ids.clear()
      for (const other of merged) {
        if (other.hasCounts) values.varint(other === rows ? count[row] : 0)
        values.varint(other === rows ? size[row] : 0)
      }
      this.#out.message(PROFILE.sample, sample.message(SAMPLE.value, values))
      if (this.#out.length >= PIECE) yield this.#take()
    }
  }

  *locations(): Generator<Uint8Array> {
    const { lineno, column } = this.#tables.frames
    for (const [i, frame] of this.#frames.entries()) {
      const line = this.#inner.clear().int(LINE.functionId, this.#functionOf(frame))
      if (lineno[frame] > 0) line.int(LINE.line, lineno[frame])
      if (column[frame] > 0) line.int(LINE.column, column[frame])
      this.#out.message(
        PROFILE.location,
        this.#message
          .clear()
          .int(LOCATION.id, i + 1)
          .message(LOCATION.line, line),
      )
      if (this.#out.length >= PIECE) yield this.#take()
    }
  }

  /** A function for each name, file and line where it starts, 0 where that is not known. */
  #functionOf(frame: number): number {
    const { functionName, filename } = this.#tables.frames
    const startLine = this.#tables.frames.startOf(frame).line
    const key = `${functionName[frame]}:${filename[frame]}:${startLine}`
    let id = this.#functionIds.get(key)
    if (id === undefined) {
      const name = this.#nameOf(functionName[frame])
      id = this.#functions.push({ name, filename: this.#stringOfId(filename[frame]), startLine })
      this.#functionIds.set(key, id)
    }
    return id
  }

  *functions(): Generator<Uint8Array> {
    for (const [i, { name, filename, startLine }] of this.#functions.entries()) {
      const message = this.#message.clear().int(FUNCTION.id, i + 1)
      message.int(FUNCTION.name, name) // a system_name too would make pprof demangle it: `(GC)` would become ``
      if (filename > 0) message.int(FUNCTION.filename, filename)
      if (startLine > 0) message.int(FUNCTION.startLine, startLine)
      this.#out.message(PROFILE.function, message)
      if (this.#out.length >= PIECE) yield this.#take()
    }
    const { exact, startColumn } = this.#tables.frames
    this.#private.exact(Uint8Array.from(this.#frames, frame => exact[frame]))
    this.#private.startColumns(Uint32Array.from(this.#frames, frame => startColumn[frame]))
  }

  /** What pprof has no word for. */
  *privateColumns(rows: Rows): Generator<Uint8Array> {
    const { snapshot, from } = rows
    const { type, domain, totalNframe, samples } = snapshot.columns
    this.#private.snapshot(snapshot.meta, rows.length, snapshot.tracebackLimit)
    const column = (name: ColumnName, values: ArrayLike<number> & Iterable<number>) => {
      for (const value of values) if (value !== 0) return this.#private.column(name, values)
    }
    column(
      'type',
      from.map(row => this.#stringOfId(type[row])),
    )
    column(
      'domain',
      from.map(row => domain[row]),
    )
    if (totalNframe)
      column(
        'totalNframe',
        from.map(row => totalNframe[row]),
      )
    if (!rows.size.every(Number.isInteger)) column('size', rows.size)
    if (rows.hasCounts && !rows.count.every(Number.isInteger)) column('count', rows.count)
    if (this.#out.length >= PIECE) yield this.#take()
    if (!samples) return
    this.#private.column(
      'sample.row',
      samples.row.map(row => rows.rowOf[row]),
    )
    if (this.#out.length >= PIECE) yield this.#take()
    this.#private.column('sample.size', samples.size)
    if (this.#out.length >= PIECE) yield this.#take()
    this.#private.column('sample.ordinal', samples.ordinal)
    if (this.#out.length >= PIECE) yield this.#take()
  }

  *strings(): Generator<Uint8Array> {
    const encoder = new TextEncoder()
    for (const text of this.#strings) {
      this.#out.bytes(PROFILE.stringTable, encoder.encode(text))
      if (this.#out.length >= PIECE) yield this.#take()
    }
    for (const [index, text] of this.#meant) this.#private.text(index, text)
  }

  /** The end mark: a file without it was cut. */
  end(): Uint8Array {
    this.#private.end(this.#written + this.#out.length)
    return this.#take()
  }
}

function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER
}
