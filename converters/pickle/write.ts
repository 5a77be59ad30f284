// Writes a snapshot as a pickle, byte for byte as CPython does.
import { FormatError, type FormatErrorCode } from '../../src/errors.ts'
import { UNTRACED } from '../../src/model/grouping/keys.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import type { WriteOptions } from '../converter.ts'
import { COUNTS_KNOWN, OP } from './opcodes.ts'
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
    if (snapshot.columns.count[row] < 0) fail('unsupported', `${snapshot.columns.count[row]} blocks`, row)
    traces += blocksOf(snapshot, row, options)
  }
  if (traces > MOST_TRACES) {
    throw new FormatError(
      'too-large',
      `${traces} blocks would be as many traces; ${MOST_TRACES} is the most`,
      {
        format: 'pickle',
        hint: 'use --merge to add up equal traces',
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
  if (snapshot.columns.count.some(Number.isNaN)) {
    out.text(COUNTS_KNOWN)
    out.integer(0)
  }
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
    const larger = bytes - each * blocks // this many have one byte more
    for (let block = 0; block < blocks; block++) {
      if (inBatch === 0) out.byte(OP.MARK)
      out.byte(OP.MARK)
      out.integer(domain[row])
      out.integer(block < larger ? each + 1 : each)
      tracebacks.write(stack[row], row)
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

/** A row's traces: its blocks, rounded, and at least one, if it is not empty; one where they are unknown. */
function blocksOf(snapshot: Snapshot, row: number, options: WriteOptions): number {
  if (snapshot.columns.size[row] === 0 && snapshot.columns.count[row] === 0) return 0
  return options.merge ? 1 : Math.max(1, Math.round(snapshot.columns.count[row]) || 1)
}

/** What Python sees of our stacks: files and lines only, up to the allocation frame. */
interface PythonStacks {
  readonly tables: Tables
  /** Per stack of ours, the one of `tables`. */
  readonly ids: Uint32Array
  /** Per stack of ours, its number of frames where Python sees fewer; else 0. */
  readonly wholeDepths: Uint32Array
}

function pythonStacks({ frames, stacks, strings }: Tables): PythonStacks {
  const tables = new Tables()
  const frameIds = Uint32Array.from({ length: frames.length }, (_, i) =>
    tables.frames.intern('', strings.get(frames.filename[i]), frames.lineno[i]),
  )
  const whole = new Uint32Array(stacks.length) // with all frames
  const depths = new Uint32Array(stacks.length)
  const ids = new Uint32Array(stacks.length)
  const hasFile = new Uint8Array(stacks.length) // 1: a frame of a file ends `ids`
  const wholeDepths = new Uint32Array(stacks.length)
  for (let i = 1; i < stacks.length; i++) {
    const parent = stacks.parent[i]
    whole[i] = tables.stacks.intern(whole[parent], frameIds[stacks.frame[i]])
    depths[i] = depths[parent] + 1
    const isFile = frames.hasFile(stacks.frame[i])
    const isAbove = !isFile && hasFile[parent] === 1
    ids[i] = isAbove ? ids[parent] : whole[i]
    hasFile[i] = isFile || isAbove ? 1 : 0
    wholeDepths[i] = isAbove ? depths[i] : 0
  }
  ids[0] = tables.stacks.intern(0, tables.frames.intern('', UNTRACED, 0)) // Python knows no empty traceback
  return { tables, ids, wholeDepths }
}

/** Writes each traceback, frame and file name once, then by its memo number. */
class TracebackWriter {
  readonly #out: PickleWriter
  readonly #seen: PythonStacks
  readonly #totalNframe: Uint32Array | undefined
  /** Memo number + 1 of a stack, a frame and a file name; 0 = not written yet. */
  readonly #stackMemo: Uint32Array
  readonly #frameMemo: Uint32Array
  readonly #fileMemo: Uint32Array

  constructor(snapshot: Snapshot, out: PickleWriter) {
    this.#out = out
    this.#seen = pythonStacks(snapshot.tables)
    this.#totalNframe = snapshot.columns.totalNframe
    const { stacks, frames, strings } = this.#seen.tables
    this.#stackMemo = new Uint32Array(stacks.length)
    this.#frameMemo = new Uint32Array(frames.length)
    this.#fileMemo = new Uint32Array(strings.length)
  }

  /** A stack's frames, most recent first, and the row's number of frames before any was left out. */
  write(stack: number, row: number): void {
    this.#write(this.#seen.ids[stack])
    const total = Math.max(this.#totalNframe?.[row] ?? 0, this.#seen.wholeDepths[stack])
    if (total === 0) this.#out.byte(OP.NONE)
    else this.#out.integer(total)
  }

  #write(stack: number): void {
    if (this.#again(this.#stackMemo[stack])) return
    const { stacks } = this.#seen.tables
    const depth = stacks.depthOf(stack)
    if (depth > 3) this.#out.byte(OP.MARK)
    for (let s = stack; s !== 0; s = stacks.parent[s]) this.#frame(stacks.frame[s])
    this.#out.byte(depth > 3 ? OP.TUPLE : OP.TUPLE1 + depth - 1)
    this.#stackMemo[stack] = this.#out.memoize() + 1
  }

  #frame(frame: number): void {
    if (this.#again(this.#frameMemo[frame])) return
    const { frames, strings } = this.#seen.tables
    const file = frames.filename[frame]
    if (!this.#again(this.#fileMemo[file])) {
      this.#out.text(strings.get(file))
      this.#fileMemo[file] = this.#out.memoize() + 1
    }
    this.#out.integer(frames.lineno[frame])
    this.#out.byte(OP.TUPLE2)
    this.#frameMemo[frame] = this.#out.memoize() + 1
  }

  #again(memo: number): boolean {
    if (memo > 0) this.#out.get(memo - 1)
    return memo > 0
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
