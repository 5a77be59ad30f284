// Collapsed stacks, as flame graph tools read them.
// https://github.com/brendangregg/FlameGraph#2-fold-stacks
//
// A line is `frame;frame;frame 123`: oldest call first, a space, a number. A differential file
// (difffolded.pl) has two numbers on every line, the old and the new one: two snapshots here, and how a
// difference is written.
//
// | field  | unit, base, sentinel                                                                  |
// | ------ | ------------------------------------------------------------------------------------- |
// | number | the format does not say; here bytes, also when read; no numbers of blocks             |
// | frame  | no rule; here `name (file:line:column)`, 1-based; a name alone is in file `<unknown>` |
//
// Quirks: `perf` leaves frames such as `[unknown]` and names with spaces; Windows ends lines with `\r\n`; the
// last line may have no line break; hidden characters and `;` are `\u{3b}` in files of ours. A row without a
// stack is `<untraced>`. Lines that begin with `# `, blank ones, and, as flamegraph.pl does it, lines without
// a number are passed over; the last are counted. A cut after a line break cannot be noticed.

import { inPieces, type Line, linesOf } from '../src/bytes/lines.ts'
import type { Source } from '../src/bytes/source.ts'
import { FormatError } from '../src/errors.ts'
import { SnapshotBuilder } from '../src/model/builder.ts'
import { UNTRACED } from '../src/model/grouping/keys.ts'
import type { SnapshotMeta } from '../src/model/meta.ts'
import type { Snapshot } from '../src/model/snapshot.ts'
import { stackReader, stackWriter } from '../src/model/stack-texts.ts'
import { Tables } from '../src/model/tables/tables.ts'
import { visible } from '../src/text/escape.ts'
import { merged } from '../src/transform/merge.ts'
import { wholeNumbers } from '../src/transform/whole-numbers.ts'
import type { Converter } from './converter.ts'

const FORMAT = 'folded'
/** A file without traces, as an empty one is none. */
const NOTHING = `${UNTRACED} 0\n`
const NOTHING_TWICE = `${UNTRACED} 0 0\n`
const NUMBER = /^-?\d+(?:\.\d*)?$/
/** JSON, perhaps cut after a number, and so not a folded stack. */
const JSON_START = /^\s*(?:\{\s*["}]|\[\s*[[\]{"])/
/** A comment: a frame may begin with `#` as well, as private methods do. */
const COMMENT = /^\s*#(?:[\s#!]|$)/
/** A first line of this length has shown what it is, though its end is not in sight. */
const LONG_LINE = 32768

/** Yes where most lines end in a number, or the only one goes on and on in frames. */
function sniff(head: Uint8Array): 'yes' | 'no' | 'more' {
  const isCut = head.length >= 4096 // a shorter head is the whole file; a longer one may be
  const end = isCut ? head.lastIndexOf(10) : -1
  const bytes = end < 0 ? head : head.subarray(0, end)
  if (bytes.some(b => (b < 32 && b !== 9 && b !== 10 && b !== 13) || b === 127)) return 'no'
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut })
  } catch {
    return 'no'
  }
  if (JSON_START.test(text)) return 'no'
  const lines = text.split('\n').map(line => line.trimEnd())
  const stacks = lines.filter(line => line !== '' && !COMMENT.test(line))
  if (stacks.filter(endsInNumber).length * 2 > stacks.length) return 'yes'
  if (stacks.length === 0 && lines.length > 1) return 'more' // comments alone
  if (!isCut || end >= 0) return 'no'
  return head.length < LONG_LINE ? 'more' : text.includes(';') ? 'yes' : 'no'
}

async function read(source: Source): Promise<readonly Snapshot[]> {
  const tables = new Tables()
  const stackOf = stackReader(tables)
  const builders: SnapshotBuilder[] = []
  let isPair = false
  let deepest = 0
  let odd = 0
  for await (const line of linesOf(source, FORMAT)) {
    const whole = line.text.trimEnd()
    if (whole === '' || COMMENT.test(whole)) continue
    if (line.ended && !endsInNumber(whole)) {
      odd++
      continue
    }
    let [text, value] = split(whole, line)
    if (builders.length === 0) {
      isPair = endsInNumber(text)
      for (let i = isPair ? 2 : 1; i > 0; i--) builders.push(new SnapshotBuilder(tables))
    }
    const values = [value]
    if (isPair) {
      ;[text, value] = split(text, line)
      values.unshift(value)
    }
    const { stack, depth } = stackOf(text === UNTRACED ? '' : text)
    if (depth > deepest) deepest = depth
    for (const [i, size] of values.entries()) builders[i].add(stack, size, Number.NaN)
  }
  if (builders.length === 0)
    throw new FormatError(odd > 0 ? 'malformed' : 'truncated', 'no line with a number', {
      format: FORMAT,
      offset: 0,
    })
  const meta: SnapshotMeta = {
    source: FORMAT, // nothing is known but the numbers; the weakest is assumed
    measure: 'live',
    accuracy: 'sampled',
    counts: 'estimated',
    ...(odd > 0 && {
      skipped: { 'lines without a number': odd },
      notes: [`skipped ${odd} line${odd === 1 ? '' : 's'} without a number`],
    }),
  }
  return builders.map((builder, i) =>
    builder.build(isPair ? { ...meta, name: ['old', 'new'][i] } : meta, deepest),
  )
}

function endsInNumber(text: string): boolean {
  const space = text.lastIndexOf(' ')
  return space >= 0 && NUMBER.test(text.slice(space + 1))
}

/** What is in front of the last number, and the number. */
function split(text: string, line: Line): [string, number] {
  const space = text.lastIndexOf(' ')
  const value = Number(text.slice(space + 1))
  let reason = 'a line without its number'
  if (endsInNumber(text)) {
    if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return [text.slice(0, space), value]
    reason = 'a number beyond 2^53'
  }
  throw new FormatError(line.ended ? 'malformed' : 'truncated', reason, {
    format: FORMAT,
    offset: line.offset,
  })
}

function* write(snapshots: readonly Snapshot[]): Iterable<string> {
  const [old, now] = snapshots
  if (snapshots.length === 2) {
    yield* linesOfPair(merged(old), merged(now))
  } else if (snapshots.length === 1) {
    const snapshot = merged(old)
    const { stack } = snapshot.columns
    const size = wholeNumbers(snapshot.columns.size)
    if (snapshot.length === 0) yield NOTHING
    if (size.some(bytes => bytes < 0))
      throw new FormatError('unsupported', 'this format needs both snapshots of a difference', {
        format: FORMAT,
        hint: 'use diff OLD NEW -o FILE.folded',
      })
    const textOf = lineWriter(snapshot.tables)
    for (let i = 0; i < snapshot.length; i++) yield `${textOf(stack[i])} ${size[i]}\n`
  } else {
    throw new FormatError(
      'unsupported',
      `the format allows one snapshot, or two to compare, not ${snapshots.length}`,
      {
        format: FORMAT,
      },
    )
  }
}

/** The two columns of a differential flame graph. */
function* linesOfPair(old: Snapshot, now: Snapshot): Iterable<string> {
  const { columns, tables } = now.over(old.tables)
  const rows = new Map<number, [number, number]>()
  const [before, after] = [wholeNumbers(old.columns.size), wholeNumbers(columns.size)]
  old.columns.stack.forEach((stack, i) => {
    rows.set(stack, [before[i], 0])
  })
  columns.stack.forEach((stack, i) => {
    rows.set(stack, [rows.get(stack)?.[0] ?? 0, after[i]])
  })
  if (rows.size === 0) yield NOTHING_TWICE
  const textOf = lineWriter(tables)
  for (const [stack, [size, newSize]] of rows) yield `${textOf(stack)} ${size} ${newSize}\n`
}

/** The text of a stack; where it would begin like JSON or a comment, its first character is escaped. */
function lineWriter(tables: Tables): (stack: number) => string {
  const textOf = stackWriter(tables)
  return stack => {
    if (stack === 0) return UNTRACED
    const text = textOf(stack)
    return JSON_START.test(text) || COMMENT.test(text) ? visible(text[0], text[0]) + text.slice(1) : text
  }
}

export const folded: Converter = {
  name: 'folded',
  title: 'collapsed stacks (flame graphs)',
  extensions: ['.folded', '.collapsed'],
  spec: 'https://github.com/brendangregg/FlameGraph#2-fold-stacks',
  carries: ['lineno', 'column', 'function', 'measures'], // two of them
  truncation: 'when possible',
  difference: 'pair',
  sniff,
  read,
  write: async snapshots => inPieces(write(snapshots)),
}
