// What the conformance tests cannot know of pickles: that real Python reads ours, and that nothing in one is ever run.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WriteOptions } from '../../converters/converter.ts'
import { pickle } from '../../converters/pickle/index.ts'
import { writePickle } from '../../converters/pickle/write.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { fileName } from '../../src/model/names/file-name.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { cpython, seed } from '../oracle/cpython.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { exactMeta, snapshotOf } from '../support/snapshots.ts'

interface Loaded {
  limit: number
  traces: [number, number, [string, number][], number | null][]
  statistics: { lineno: string[]; filename: string[] }
}

function written(snapshot: Snapshot, options: WriteOptions = {}): Buffer {
  return Buffer.concat([...writePickle([snapshot], options)].map(piece => Buffer.from(piece as Uint8Array)))
}

/** What Python loads from what we write. */
function inPython(snapshots: readonly Snapshot[], options: WriteOptions = {}): Loaded[] {
  return cpython<Loaded[]>(
    ['load'],
    snapshots.map(snapshot => written(snapshot, options).toString('base64')),
  )
}

async function read(bytes: Uint8Array): Promise<Snapshot> {
  const [snapshot] = await pickle.read!(bytesSource(bytes), {})
  return snapshot
}

async function refusal(bytes: Uint8Array | string): Promise<FormatError> {
  const outcome = await read(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes).catch(
    error => error,
  )
  expect(outcome).toBeInstanceOf(FormatError)
  return outcome
}

/** Two surrogates that would make a pair in JavaScript are two characters in Python. */
const name = fc
  .array(fc.constantFrom('a', 'b', '.py', '/', 'é', '\uff5e', '\u{1f600}', '\ud800', '\0', '\n', '\\', "'"), {
    maxLength: 5,
  })
  .map(parts => parts.join(''))
  .filter(text => fileName(text) === text) // reports give Windows' paths another name than Python does
const file = fc.oneof({ weight: 4, arbitrary: name }, fc.constantFrom('<native>', '<v8>'))
const frame = fc.record({
  file,
  line: fc.oneof(fc.nat(5), fc.nat(2 ** 32 - 1)),
  name: fc.constantFrom('f', 'g'),
})
const row = fc.record({
  frames: fc.array(frame, { minLength: 1, maxLength: 6 }),
  size: fc.oneof(
    fc.nat(300),
    fc.nat(2 ** 20),
    fc.maxSafeInteger().map(n => Math.floor(Math.abs(n) / 64)),
  ),
  count: fc.integer({ min: 1, max: 20 }),
  domain: fc.constantFrom(0, 1, 300, 70000, 2 ** 32 - 1),
  total: fc.constantFrom(0, 6, 200, 70000),
})
const snapshots = fc.array(row, { maxLength: 12 }).map(rows => {
  const builder = new SnapshotBuilder()
  const { frames, stacks } = builder.tables
  for (const { frames: calls, size, count, domain, total } of rows) {
    let stack = 0
    for (const call of calls)
      stack = stacks.intern(stack, frames.intern(call.name, call.file, call.line, 0, true))
    builder.add(stack, size, count, domain, 0, total)
  }
  return builder.build(exactMeta, 6)
})

describe('what we write, in Python', () => {
  it('has the same statistics by line and by file', () => {
    const made = fc.sample(snapshots, { numRuns: 150, seed: Number(seed) })
    const loaded = inPython(made)
    made.forEach((snapshot, i) => {
      expect(loaded[i].limit).toBe(6)
      for (const key of ['lineno', 'filename'] as const) {
        expect(loaded[i].statistics[key]).toEqual(snapshot.statistics(key).map(String))
      }
    })
  })

  it('has the traces that we read back', async () => {
    const made = fc.sample(snapshots, { numRuns: 50, seed: Number(seed) })
    for (const [i, { traces }] of inPython(made).entries()) {
      const again = await read(written(made[i]))
      checkSnapshot(again)
      expect(
        [...again.traces].map(t => [
          t.domain,
          t.size,
          t.traceback.frames.map(f => [f.filename, f.lineno]).toReversed(),
          t.traceback.totalNframe ?? null,
        ]),
      ).toEqual(traces)
    }
  })

  it('leaves out what is above the allocation frame, and keeps the number of frames', () => {
    const builder = new SnapshotBuilder()
    const { frames, stacks } = builder.tables
    const stackOf = (...calls: [string, number][]) =>
      calls.reduce((stack, [f, line]) => stacks.intern(stack, frames.intern('', f, line)), 0)
    builder.add(stackOf(['a.js', 1], ['<native>', 0], ['b.js', 2], ['<native>', 0], ['<v8>', 0]), 10, 1)
    builder.add(stackOf(['<native>', 0], ['<v8>', 0]), 20, 1)
    builder.add(stackOf(['a.js', 1], ['<native>', 0]), 30, 1, 0, 0, 99)
    builder.add(0, 40, 1)
    const [{ traces }] = inPython([builder.build(exactMeta, 5)])
    expect(traces).toEqual([
      [
        0,
        10,
        [
          ['b.js', 2],
          ['<native>', 0],
          ['a.js', 1],
        ],
        5,
      ],
      [
        0,
        20,
        [
          ['<v8>', 0],
          ['<native>', 0],
        ],
        null,
      ],
      [0, 30, [['a.js', 1]], 99],
      [0, 40, [['<untraced>', 0]], null],
    ])
  })

  it('splits a row into its blocks without losing a byte', () => {
    const snapshot = snapshotOf(`
      10 4: a.js:1
      3 5: b.js:1
      7 0: c.js:1`)
    const columns = { ...snapshot.columns, count: Float64Array.of(4.4, 4.6, 0) }
    const [{ traces }] = inPython([snapshot.with({ columns })])
    expect(traces.map(trace => trace[1])).toEqual([3, 3, 2, 2, 1, 1, 1, 0, 0, 7])
    const [merged] = inPython([snapshot.with({ columns })], { merge: true })
    expect(merged.traces.map(trace => trace[1])).toEqual([10, 3, 7])
  })

  it('has up to 5 M traces', () => {
    const five = snapshotOf('9 5000000: a.js:1')
    const more = snapshotOf('9 5000000: a.js:1\n1 0: b.js:1')
    expect(() => writePickle([five], {})).not.toThrow()
    expect(() => writePickle([more], {})).toThrow(
      expect.objectContaining({ code: 'too-large', hint: expect.any(String) }),
    )
    expect(inPython([more], { merge: true })[0].traces.length).toBe(2)
  })

  it.each(['-1 1: a.js:1'])('refuses %s', text => {
    expect(() => writePickle([snapshotOf(text)], {})).toThrow(
      expect.objectContaining({ code: 'unsupported' }),
    )
  })

  it('refuses what is no number', () => {
    const snapshot = snapshotOf('1 1: a.js:1')
    for (const columns of [{ size: Float64Array.of(Number.NaN) }, { count: Float64Array.of(-1) }]) {
      expect(() => writePickle([snapshot.with({ columns })], {})).toThrow(
        expect.objectContaining({ code: 'unsupported' }),
      )
    }
  })
})

describe('a hostile pickle', () => {
  it('is told what it names, and where', async () => {
    const error = await refusal("cos\nsystem\n(S'true'\ntR.")
    expect(error.message).toBe(
      'pickle: unsupported: it names os.system, which is no part of a tracemalloc snapshot (byte 0)',
    )
  })

  it('cannot forge the message', async () => {
    const error = await refusal(`c${'x\x1b[2J'.repeat(100)}\n${'y'.repeat(1000)}\n.`)
    expect(error.message).toMatch(/^[\x20-\x7e]{1,300}$/)
  })

  it.each([
    ['marks', '('],
    ['lists', ']'],
    ['dicts', '}'],
    ['empty tuples', ')'],
    ['tuples of one', '\x85'],
    ['numbers', 'K\x01'],
    ['copies of a frame', 'h\x00'],
    ['stored values', '\x94'],
  ])('of a million %s ends soon', async (_, operation) => {
    const frame = '\x80\x04\x8c\x01aK\x01\x86\x94'
    expect(['truncated', 'malformed']).toContain((await refusal(frame + operation.repeat(1_000_000))).code)
  })

  it('takes no memory for the numbers it claims', async () => {
    const before = process.memoryUsage().rss
    for (const claim of [
      'X\xff\xff\xff\xff',
      '\x8d\0\0\0\0\0\0\x10\0',
      '\x8b\xff\xff\xff\x7f',
      ')r\xff\xff\xff\xff',
      '\x95\xff\xff\xff\xff\xff\xff\xff\x7f',
    ]) {
      await refusal(`\x80\x04${claim}`)
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6)
  })

  it('reads a traceback of a million frames, and its million uses, once', async () => {
    const traceback = `(\x8c\x01aK\x01\x86\x94${'h\x00'.repeat(999_999)}t\x94`
    const traces = `(K\x00K\x05${traceback}Nt${'(K\x00K\x05h\x01Nt'.repeat(999_999)}`
    const snapshot = await read(snapshotOfTraces(traces))
    expect(snapshot.length).toBe(1_000_000)
    expect(snapshot.tables.stacks.length).toBe(1_000_001)
    expect(snapshot.total).toEqual({ size: 5_000_000, count: 1_000_000 })
  })

  it('has a row for each time its list holds a trace, in the order of the list', async () => {
    const trace = (size: number) => `(K\x00${`K${String.fromCharCode(size)}`}\x8c\x01aK\x01\x86\x85Nt`
    const snapshot = await read(snapshotOfTraces(`${trace(10)}\x94${trace(20)}\x94h\x00h\x01h\x01`))
    expect([...snapshot.traces].map(t => t.size)).toEqual([10, 20, 10, 20, 20])
    checkSnapshot(snapshot)
  })

  it('may keep traces that are in no list', async () => {
    const trace = '(K\x00K\x05\x8c\x01aK\x01\x86\x85Nt'
    const unused = `\x80\x04}(\x8c\x01x${trace}u`
    expect((await refusal(`${unused}.`)).code).toBe('malformed')
    expect((await refusal(`${unused}${snapshotOfTraces(trace).subarray(2).toString('latin1')}`)).reason).toBe(
      'the pickle leaves 2 values',
    )
  })
})

/** A pickle of a snapshot whose list has what these operations push. */
function snapshotOfTraces(operations: string): Buffer {
  const object = (name: string) =>
    `\x8c\x0btracemalloc\x8c${String.fromCharCode(name.length)}${name}\x93)\x81}(`
  const list = `\x8c\x07_traces](${operations}e`
  const traces = `\x8c\x06traces${object('_Traces')}${list}ub`
  const limit = '\x8c\x0ftraceback_limitK\x01'
  return Buffer.from(`\x80\x04${object('Snapshot')}${traces}${limit}ub.`, 'latin1')
}
