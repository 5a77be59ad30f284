// Traces as JSON lines, one row each: for jq, DuckDB, pandas. A format of this project; docs/formats.md
// describes it.
//
// {"snapshot":1,"meta":{...},"size":96,"count":2,"domain":0,"type":"","totalNframe":0,"traceback":
// [{"filename":"/srv/app/a.js","lineno":3,"column":9,"function":"f","exact":false}],"following":0}
//
// | member      | unit, base, sentinel                                              |
// | ----------- | ----------------------------------------------------------------- |
// | snapshot    | number of the snapshot in the file, from 1                        |
// | meta        | its metadata, on its first line only                              |
// | size, count | total bytes and blocks (null = unknown); negative in a difference |
// | domain      | 0 JS heap, 1 ArrayBuffer, 2 native, 3 code, or another            |
// | totalNframe | frames before truncation, 0 = unknown                             |
// | traceback   | oldest call first; lines and columns 1-based, 0 = unknown         |
// |             | (an exact frame has its function's in startLine and startColumn)  |
// | following   | lines that follow in the file, so that no cut is missed           |
//
// A snapshot without traces is one line without `size`. Samples (ordinals) are not kept.

import { parseText, Taker } from '../src/bytes/json-document.ts'
import { asciiOf, inPieces, type Line, linesOf } from '../src/bytes/lines.ts'
import type { Source } from '../src/bytes/source.ts'
import { FormatError } from '../src/errors.ts'
import { SnapshotBuilder } from '../src/model/builder.ts'
import { metaJson, parseMeta } from '../src/model/meta-json.ts'
import type { Snapshot } from '../src/model/snapshot.ts'
import { Tables } from '../src/model/tables/tables.ts'
import { jsonText } from '../src/text/escape.ts'
import { CARRIED, type Converter, type ReadOptions } from './converter.ts'

const FORMAT = 'ndjson'
const UINT32 = 2 ** 32
const take: Taker = new Taker(FORMAT)

function sniff(head: Uint8Array): 'yes' | 'no' {
  return /^\s*\{\s*"snapshot"\s*:\s*\d/.test(asciiOf(head.subarray(0, 256))) ? 'yes' : 'no'
}

/** A snapshot that is being read. */
interface Open {
  builder: SnapshotBuilder
  facts: NonNullable<ReturnType<typeof parseMeta>>
}

async function read(source: Source, { afford }: ReadOptions): Promise<readonly Snapshot[]> {
  const tables = new Tables()
  const open: Open[] = []
  let following: number | undefined
  let offset = 0
  for await (const line of linesOf(source, FORMAT)) {
    const row = parseRow(line, following, afford)
    following = take.member(row, 'following') as number
    offset = line.offset
    try {
      const number = take.member(row, 'snapshot')
      const facts = take.member(row, 'meta')
      if (facts !== undefined) {
        const parsed = parseMeta(facts, FORMAT)
        if (!parsed) take.fail('meta', 'not the facts of a snapshot')
        open.push({ builder: new SnapshotBuilder(tables), facts: parsed })
      }
      if (open.length === 0) take.fail('meta', 'not on the first line')
      if (number !== open.length) take.fail('snapshot', 'not the next snapshot')
      if (take.member(row, 'size') !== undefined) addRow(row, open[open.length - 1].builder)
    } catch (error) {
      throw placed(error, line)
    }
  }
  if (following !== 0) throw cut(offset)
  return open.map(({ builder, facts }) => builder.build(facts.meta, facts.tracebackLimit))
}

/** A line's object, after checking that it is whole and the next one. */
function parseRow(line: Line, before: number | undefined, afford: ReadOptions['afford']): object {
  if (!line.ended) throw cut(line.offset)
  const value = parseText(line.text, FORMAT, line.offset, afford)
  try {
    const row = take.object(value, '')
    const following = take.index(take.member(row, 'following'), Number.MAX_SAFE_INTEGER, 'following')
    if (before !== undefined && following !== before - 1) take.fail('following', 'not the line that follows')
    return row
  } catch (error) {
    throw placed(error, line)
  }
}

function cut(offset: number): FormatError {
  return new FormatError('truncated', 'the file ends too early', { format: FORMAT, offset })
}

/** The same fault with the place of its line. */
function placed(error: unknown, line: Line): unknown {
  if (!(error instanceof FormatError)) return error
  return new FormatError(error.code, error.reason, { format: FORMAT, offset: line.offset, path: error.path })
}

function addRow(row: object, builder: SnapshotBuilder): void {
  const { tables } = builder
  let stack = 0
  for (const [i, value] of take.array(take.member(row, 'traceback'), 'traceback').entries()) {
    const path = `traceback[${i}]`
    const frame = take.object(value, path)
    const id = tables.frames.intern(
      take.string(take.member(frame, 'function'), `${path}.function`),
      take.string(take.member(frame, 'filename'), `${path}.filename`),
      take.position(take.member(frame, 'lineno'), `${path}.lineno`),
      take.position(take.member(frame, 'column'), `${path}.column`),
      take.member(frame, 'exact') === true,
      take.position(take.member(frame, 'startLine') ?? 0, `${path}.startLine`),
      take.position(take.member(frame, 'startColumn') ?? 0, `${path}.startColumn`),
    )
    stack = tables.stacks.intern(stack, id)
  }
  builder.add(
    stack,
    take.number(take.member(row, 'size'), 'size'),
    take.member(row, 'count') === null ? Number.NaN : take.number(take.member(row, 'count'), 'count'),
    take.index(take.member(row, 'domain'), UINT32, 'domain'),
    tables.strings.intern(take.string(take.member(row, 'type'), 'type')),
    take.index(take.member(row, 'totalNframe'), UINT32, 'totalNframe'),
  )
}

function* write(snapshots: readonly Snapshot[]): Iterable<string> {
  let following = snapshots.reduce((sum, snapshot) => sum + Math.max(1, snapshot.length), 0)
  for (const [n, snapshot] of snapshots.entries()) {
    const { tables, columns } = snapshot
    const frames: string[] = []
    const frameOf = (id: number): string => (frames[id] ??= frameJson(snapshot, id))
    const types: string[] = []
    for (let i = 0; i < Math.max(1, snapshot.length); i++) {
      let text = `{"snapshot":${n + 1},`
      if (i === 0) text += `"meta":${jsonText(metaJson(snapshot))},`
      if (i < snapshot.length) {
        const type = (types[columns.type[i]] ??= jsonText(tables.strings.get(columns.type[i])))
        const traceback = tables.stacks.framesOf(columns.stack[i]).map(frameOf).join()
        text += `"size":${columns.size[i]},"count":${Number.isNaN(columns.count[i]) ? null : columns.count[i]},"domain":${columns.domain[i]},"type":${type},`
        text += `"totalNframe":${columns.totalNframe?.[i] ?? 0},"traceback":[${traceback}],`
      }
      yield `${text}"following":${--following}}\n`
    }
  }
}

function frameJson({ tables }: Snapshot, id: number): string {
  const { filename, lineno, column, functionName, exact, startLine, startColumn } = tables.frames.get(id)
  const start = startLine > 0 ? { startLine, startColumn } : {}
  return jsonText({ filename, lineno, column, function: functionName, exact, ...start })
}

export const ndjson: Converter = {
  name: FORMAT,
  title: 'JSON lines, a trace each',
  extensions: ['.ndjson', '.jsonl'],
  spec: 'docs/formats.md',
  carries: CARRIED.filter(what => what !== 'ordinal'),
  truncation: 'always',
  difference: 'negative',
  sniff,
  read,
  write: async snapshots => inPieces(write(snapshots)),
}
