import type { WriteOptions } from '../../src/converter.ts'
import { FormatError, type FormatErrorCode } from '../../src/errors.ts'
import { UNTRACED } from '../../src/model/keys.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { OP } from './opcodes.ts'
import { encodeText } from './text.ts'

/** Most traces that are written, about 100 MB of file and 1 GB in Python. */
const MOST_TRACES = 5_000_000
/** Bytes of a frame and so of a piece, as CPython's. */
const PIECE = 1 << 16
/** Traces of one APPENDS, as CPython's. */
const BATCH = 1000

/** Writes a snapshot as `tracemalloc.Snapshot.dump` does, protocol 4. */
export function writePickle(snapshots: readonly Snapshot[], options: WriteOptions): Iterable<Uint8Array> {
  if (snapshots.length !== 1) fail('unsupported', `a pickle holds one snapshot, not ${snapshots.length}`)
  const [snapshot] = snapshots
  let traces = 0
  for (let row = 0; row < snapshot.length; row++) {
    if (!(snapshot.columns.size[row] >= 0))
      fail('unsupported', `a size of ${snapshot.columns.size[row]}`, row)
    if (!(snapshot.columns.count[row] >= 0)) fail('unsupported', `${snapshot.columns.count[row]} blocks`, row)
    traces += blocksOf(snapshot, row, options)
  }
  if (traces > MOST_TRACES) {
    throw new FormatError(
      'too-large',
      `${traces} blocks would be as many traces; ${MOST_TRACES} is the most`,
      {
        format: 'pickle',
        hint: '--merge writes one trace a row',
      },
    )
  }
  return pieces(snapshot, options)
}

function* pieces(snapshot: Snapshot, options: WriteOptions): Generator<Uint8Array> {
  const out = new PickleWriter()
  yield Uint8Array.of(OP.PROTO, 4)
  out.object('tracemalloc', 'Snapshot')
  out.byte(OP.MARK)
  out.text('traces')
  out.object('tracemalloc', '_Traces')
  out.byte(OP.MARK)
  out.text('_traces')
  out.byte(OP.EMPTY_LIST)
  yield* traces(snapshot, options, out)
  out.byte(OP.SETITEMS)
  out.byte(OP.BUILD)
  out.text('traceback_limit')
  out.integer(snapshot.tracebackLimit)
  out.byte(OP.SETITEMS)
  out.byte(OP.BUILD)
  out.byte(OP.STOP)
  yield out.take()
}

function* traces(snapshot: Snapshot, options: WriteOptions, out: PickleWriter): Generator<Uint8Array> {
  const { stack, size, domain } = snapshot.columns
  const tracebacks = new TracebackWriter(snapshot, out)
  let inBatch = 0
  for (let row = 0; row < snapshot.length; row++) {
    const blocks = blocksOf(snapshot, row, options)
    const bytes = Math.round(size[row])
    const each = Math.floor(bytes / blocks)
    const larger = bytes - each * blocks // so many have one byte more
    for (let block = 0; block < blocks; block++) {
      if (inBatch === 0) out.byte(OP.MARK)
      out.byte(OP.MARK)
      out.integer(domain[row])
      out.integer(block < larger ? each + 1 : each)
      tracebacks.write(stack[row])
      tracebacks.writeTotal(row)
      out.byte(OP.TUPLE)
      inBatch++
      if (inBatch === BATCH) {
        out.byte(OP.APPENDS)
        inBatch = 0
      }
      if (out.length >= PIECE) yield out.take()
    }
  }
  if (inBatch > 0) out.byte(OP.APPENDS)
}

/** A row's traces: its blocks, rounded, and at least one. */
function blocksOf(snapshot: Snapshot, row: number, options: WriteOptions): number {
  return options.merge ? 1 : Math.max(1, Math.round(snapshot.columns.count[row]))
}

/** Writes each traceback once, then by its memo number. */
class TracebackWriter {
  readonly #snapshot: Snapshot
  readonly #out: PickleWriter
  /** Memo number + 1 of a stack and of a filename; 0 = not written yet. */
  readonly #stackMemo: Uint32Array
  readonly #fileMemo: Uint32Array
  readonly #hasFile: Uint8Array

  constructor(snapshot: Snapshot, out: PickleWriter) {
    const { stacks, strings, frames } = snapshot.tables
    this.#snapshot = snapshot
    this.#out = out
    this.#stackMemo = new Uint32Array(stacks.length)
    this.#fileMemo = new Uint32Array(strings.length)
    this.#hasFile = Uint8Array.from({ length: frames.length }, (_, i) => (frames.hasFile(i) ? 1 : 0))
  }

  /** Most recent frame first. */
  write(stack: number): void {
    const { stacks } = this.#snapshot.tables
    const out = this.#out
    const first = this.#allocation(stack)
    if (this.#stackMemo[first] > 0) {
      out.get(this.#stackMemo[first] - 1)
      return
    }
    const depth = first === 0 ? 1 : stacks.depthOf(first)
    if (depth > 3) out.byte(OP.MARK)
    if (first === 0) this.#frame(UNTRACED, 0) // Python knows no empty traceback.
    for (let s = first; s !== 0; s = stacks.parent[s]) this.#frameOf(stacks.frame[s])
    out.byte(depth > 3 ? OP.TUPLE : OP.TUPLE1 + depth - 1)
    this.#stackMemo[first] = out.memoize() + 1
  }

  /** The row's number of frames before truncation, and before built-ins were left out. */
  writeTotal(row: number): void {
    const { stack, totalNframe } = this.#snapshot.columns
    const known = totalNframe?.[row] ?? 0
    const leftOut = this.#allocation(stack[row]) !== stack[row]
    const total = leftOut ? Math.max(known, this.#snapshot.tables.stacks.depthOf(stack[row])) : known
    if (total === 0) this.#out.byte(OP.NONE)
    else this.#out.integer(total)
  }

  /** The part of a stack that ends with its allocation frame; the whole stack where it has none. */
  #allocation(stack: number): number {
    const { parent, frame } = this.#snapshot.tables.stacks
    for (let s = stack; s !== 0; s = parent[s]) if (this.#hasFile[frame[s]] === 1) return s
    return stack
  }

  #frameOf(frame: number): void {
    const { frames, strings } = this.#snapshot.tables
    const file = frames.filename[frame]
    if (this.#fileMemo[file] > 0) {
      this.#out.get(this.#fileMemo[file] - 1)
      this.#out.integer(frames.lineno[frame])
      this.#out.byte(OP.TUPLE2)
      return
    }
    this.#fileMemo[file] = this.#frame(strings.get(file), frames.lineno[frame]) + 1
  }

  /** Returns the memo number of the filename. */
  #frame(filename: string, lineno: number): number {
    this.#out.text(filename)
    const memo = this.#out.memoize()
    this.#out.integer(lineno)
    this.#out.byte(OP.TUPLE2)
    return memo
  }
}

/** Bytes of a pickle, taken away in frames. */
class PickleWriter {
  #bytes = new Uint8Array(PIECE * 2)
  #view = new DataView(this.#bytes.buffer)
  #memoized = 0
  /** Bytes since the last piece, the 9 of the frame's head included. */
  length = 9

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = value
  }

  /** An empty object of a class, and its empty state. */
  object(module: string, name: string): void {
    this.text(module)
    this.text(name)
    for (const op of [OP.STACK_GLOBAL, OP.EMPTY_TUPLE, OP.NEWOBJ, OP.EMPTY_DICT]) this.byte(op)
  }

  /** Memoizes the value last written; returns its number. */
  memoize(): number {
    this.byte(OP.MEMOIZE)
    return this.#memoized++
  }

  get(memo: number): void {
    if (memo < 256) this.#number(OP.BINGET, memo, 1)
    else this.#number(OP.LONG_BINGET, memo, 4)
  }

  integer(value: number): void {
    if (value < 256) this.#number(OP.BININT1, value, 1)
    else if (value < 65536) this.#number(OP.BININT2, value, 2)
    else if (value < 2 ** 31) this.#number(OP.BININT, value, 4)
    else {
      this.#reserve(10)
      this.#bytes[this.length++] = OP.LONG1
      this.#bytes[this.length++] = 8 // two's complement; up to 2^53
      this.#view.setBigUint64(this.length, BigInt(value), true)
      this.length += 8
    }
  }

  text(text: string): void {
    const bytes = encodeText(text)
    if (bytes.length < 256) this.#number(OP.SHORT_BINUNICODE, bytes.length, 1)
    else this.#number(OP.BINUNICODE, bytes.length, 4)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** What was written since the last time, as one frame. */
  take(): Uint8Array {
    this.#bytes[0] = OP.FRAME
    this.#view.setBigUint64(1, BigInt(this.length - 9), true)
    const piece = this.#bytes.slice(0, this.length)
    this.length = 9
    return piece
  }

  #number(op: number, value: number, width: number): void {
    this.#reserve(1 + width)
    this.#bytes[this.length++] = op
    for (let i = 0; i < width; i++) this.#bytes[this.length++] = value >>> (8 * i)
  }

  #reserve(room: number): void {
    if (this.length + room <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + room))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

function fail(code: FormatErrorCode, reason: string, row?: number): never {
  throw new FormatError(code, reason, {
    format: 'pickle',
    path: row === undefined ? undefined : `row ${row}`,
  })
}
