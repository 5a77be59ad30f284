// Writes a snapshot as V8 writes a sampling heap profile.
import { FormatError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { checkSums, wholeNumbers } from '../../src/transform/whole-numbers.ts'
import type { WriteOptions } from '../converter.ts'
import { CallFrameTexts } from './call-frames.ts'

/** Length of the pieces, about. */
const PIECE = 64 * 1024

/** Writes a file as V8 does. Throws FormatError `unsupported` for several snapshots or negative sizes. */
export function* write(snapshots: readonly Snapshot[], _options: WriteOptions): Generator<string> {
  if (snapshots.length !== 1) {
    throw new FormatError('unsupported', `the format allows one snapshot, not ${snapshots.length}`, {
      format: 'heapprofile',
    })
  }
  const tree = treeOf(snapshots[0])
  let piece = '{"head":'
  for (const text of nodeTexts(tree)) {
    piece += text
    if (piece.length > PIECE) {
      yield piece
      piece = ''
    }
  }
  piece += ',"samples":['
  for (const text of sampleTexts(snapshots[0], tree)) {
    piece += text
    if (piece.length > PIECE) {
      yield piece
      piece = ''
    }
  }
  yield `${piece}]}`
}

/** The stacks of the rows with bytes and their callers, as the file has them: one node for each. */
interface CallTree {
  tables: Tables
  /** Bytes of each stack. */
  size: Float64Array
  /** Stack of each row; 0xffffffff = a row of nothing. */
  stackOfRow: Uint32Array
  /** Node id of each stack: its number in the order of the file, from 1. */
  node: Uint32Array
}

const NONE = 0xffffffff

/** Stacks that differ only in what the file cannot hold become one. */
function treeOf(snapshot: Snapshot): CallTree {
  const { columns } = snapshot
  const { stacks, frames } = snapshot.tables
  const used = new Uint8Array(stacks.length)
  for (let row = 0; row < snapshot.length; row++) {
    if (!(columns.size[row] >= 0)) {
      throw new FormatError('unsupported', `a negative size (${columns.size[row]})`, {
        format: 'heapprofile',
      })
    }
    if (columns.size[row] > 0) used[columns.stack[row]] = 1
  }
  for (let i = stacks.length - 1; i > 0; i--) if (used[i]) used[stacks.parent[i]] = 1
  const tables = new Tables()
  const map = new Uint32Array(stacks.length)
  for (let i = 1; i < stacks.length; i++) {
    if (!used[i]) continue
    const { functionName, filename, lineno, column } = frames.get(stacks.frame[i])
    map[i] = tables.stacks.intern(
      map[stacks.parent[i]],
      tables.frames.intern(functionName, filename, lineno, column),
    )
  }
  const size = new Float64Array(tables.stacks.length)
  const stackOfRow = new Uint32Array(snapshot.length).fill(NONE)
  for (let row = 0; row < snapshot.length; row++) {
    if (columns.size[row] === 0) continue
    stackOfRow[row] = map[columns.stack[row]]
    size[stackOfRow[row]] += columns.size[row]
  }
  checkSums(Float64Array.of(size.reduce((sum, bytes) => sum + bytes, 0)), 'heapprofile') // the reader's check
  return { tables, size: wholeNumbers(size), stackOfRow, node: new Uint32Array(tables.stacks.length) }
}

/** The nodes' texts, callers before callees, siblings by stack id; without recursion. Numbers the nodes. */
function* nodeTexts({ tables, size, node }: CallTree): Generator<string> {
  const { stacks, frames, strings } = tables
  const firstChild = new Uint32Array(stacks.length)
  const nextSibling = new Uint32Array(stacks.length)
  for (let i = stacks.length - 1; i > 0; i--) {
    nextSibling[i] = firstChild[stacks.parent[i]]
    firstChild[stacks.parent[i]] = i
  }
  const files = new Set(Array.from({ length: frames.length }, (_, i) => strings.get(frames.filename[i])))
  const callFrames = new CallFrameTexts(files)
  const texts: string[] = [] // of each frame that is not directly below the root
  let nodes = 0
  for (let i = 0; ; ) {
    yield `{"callFrame":${callFrameText(i)},"selfSize":${size[i]},"id":${(node[i] = ++nodes)},"children":[`
    if (firstChild[i] !== 0) {
      i = firstChild[i]
      continue
    }
    yield ']}'
    while (i !== 0 && nextSibling[i] === 0) {
      i = stacks.parent[i]
      yield ']}'
    }
    if (i === 0) return
    yield ','
    i = nextSibling[i]
  }

  function callFrameText(stack: number): string {
    if (stack === 0) return callFrames.root
    const id = stacks.frame[stack]
    const { functionName, filename, lineno, column } = frames.get(id)
    if (stacks.parent[stack] === 0) return callFrames.text(functionName, filename, lineno, column, true)
    return (texts[id] ??= callFrames.text(functionName, filename, lineno, column, false))
  }
}

function* sampleTexts(snapshot: Snapshot, { stackOfRow, node }: CallTree): Generator<string> {
  const { samples } = snapshot.columns
  let comma = ''
  for (let i = 0; i < (samples?.row.length ?? 0); i++) {
    const stack = stackOfRow[samples!.row[i]]
    if (stack === NONE) continue
    yield `${comma}{"size":${Math.round(samples!.size[i])},"nodeId":${node[stack]},"ordinal":${samples!.ordinal[i]}}`
    comma = ','
  }
}
