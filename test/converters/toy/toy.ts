// A format of this test: `toy:` and the number of rows, then a row each line: [size, [[function, file, line, column], ...]].

import type { Converter } from '../../../converters/converter.ts'
import { parseText, Taker } from '../../../src/bytes/json-document.ts'
import { inPieces, linesOf } from '../../../src/bytes/lines.ts'
import type { Source } from '../../../src/bytes/source.ts'
import { FormatError } from '../../../src/errors.ts'
import { SnapshotBuilder } from '../../../src/model/builder.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { merged } from '../../../src/transform/merge.ts'

const take: Taker = new Taker('toy')

async function read(source: Source): Promise<Snapshot[]> {
  const builder = new SnapshotBuilder()
  const { frames, stacks } = builder.tables
  let rows: number | undefined
  for await (const { text, offset, ended } of linesOf(source, 'toy')) {
    if (!ended) throw new FormatError('truncated', 'half a line', { format: 'toy', offset })
    if (rows === undefined) {
      if (!/^toy:\d+$/.test(text)) throw new FormatError('malformed', 'not a toy', { format: 'toy', offset })
      rows = Number(text.slice(4))
      continue
    }
    const [size, calls] = take.array(parseText(text, 'toy', offset), '')
    let stack = 0
    for (const call of take.array(calls, '[1]')) {
      const [name, file, line, column] = take.array(call, 'frame')
      const frame = frames.intern(
        take.string(name, 'function'),
        take.string(file, 'file'),
        take.position(line, 'line'),
        take.position(column, 'column'),
      )
      stack = stacks.intern(stack, frame)
    }
    builder.add(stack, take.number(size, 'size'), 0)
  }
  if (rows !== builder.length)
    throw new FormatError('truncated', 'rows are missing', { format: 'toy', offset: 0 })
  return [builder.build({ source: 'toy', measure: 'live', accuracy: 'sampled', counts: 'estimated' }, 0)]
}

function* write(snapshots: readonly Snapshot[]): Iterable<string> {
  if (snapshots.length !== 1) throw new FormatError('unsupported', 'holds one snapshot', { format: 'toy' })
  const { columns, tables, length } = merged(snapshots[0])
  yield `toy:${length}\n`
  for (let i = 0; i < length; i++) {
    const calls = tables.stacks.framesOf(columns.stack[i]).map(id => {
      const { functionName, filename, lineno, column } = tables.frames.get(id)
      return [functionName, filename, lineno, column]
    })
    yield `${JSON.stringify([columns.size[i], calls])}\n`
  }
}

export const toy: Converter = {
  name: 'toy',
  title: 'a toy',
  extensions: ['.toy'],
  spec: 'test/converters/toy.test.ts',
  carries: ['lineno', 'column', 'function'],
  truncation: 'always',
  sniff: head => (new TextDecoder().decode(head.subarray(0, 4)) === 'toy:' ? 'yes' : 'no'),
  read,
  write: async snapshots => inPieces(write(snapshots)),
}
