import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { pprof } from '../../converters/pprof/index.ts'
import { MessageWriter } from '../../src/bytes/protobuf.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { dumpSnapshots, loadSource } from '../../src/formats/files.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { NATIVE } from '../../src/model/tables/frames.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { read, written } from '../support/pprof.ts'
import { rowsText } from '../support/snapshot-text.ts'
import { sampledMeta, snapshotOf } from '../support/snapshots.ts'

const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-pprof-'))
afterAll(() => rmSync(folder, { recursive: true }))

const samples = join(import.meta.dirname, '../../samples')

async function refusal(bytes: Uint8Array): Promise<FormatError> {
  const outcome = await read(bytes).catch(error => error)
  expect(outcome).toBeInstanceOf(FormatError)
  return outcome
}

/** A profile field by field, in any order. */
class Made {
  readonly #out = new MessageWriter()
  readonly #strings: string[] = ['']

  text(value: string): number {
    const i = this.#strings.indexOf(value)
    return i >= 0 ? i : this.#strings.push(value) - 1
  }

  message(field: number, ...fields: (readonly [number, number | Uint8Array])[]): this {
    const inner = new MessageWriter()
    for (const [number, value] of fields) {
      if (typeof value === 'number') inner.int(number, value)
      else inner.bytes(number, value)
    }
    this.#out.message(field, inner)
    return this
  }

  int(field: number, value: number): this {
    this.#out.int(field, value)
    return this
  }

  types(...types: [string, string][]): this {
    for (const [type, unit] of types) this.message(1, [1, this.text(type)], [2, this.text(unit)])
    return this
  }

  strings(): this {
    for (const text of this.#strings) this.#out.bytes(6, Buffer.from(text))
    return this
  }

  bytes(): Uint8Array {
    return this.#out.take()
  }
}

const packed = (...values: number[]) => values.reduce((w, v) => w.varint(v), new MessageWriter()).take()
const line = (functionId: number, lineno: number) =>
  new MessageWriter().int(1, functionId).int(2, lineno).take()

describe('files of others', () => {
  it('may have their fields in any order, and numbers packed or not', async () => {
    const pieces = (made: Made) => [
      () => made.types(['inuse_objects', 'count'], ['inuse_space', 'bytes']),
      () => made.message(2, [1, 1], [1, 2], [2, 3], [2, 100]),
      () => made.message(2, [1, packed(1)], [2, packed(3)], [1, packed(2)], [2, packed(50)]),
      () => made.message(2, [2, packed(1, 7)], [1, packed(1)], [1, 2]),
      () => made.message(4, [4, line(1, 5)], [1, 1]),
      () => made.message(4, [1, 2], [4, line(1, 8)]),
      () => made.message(5, [4, 6], [2, 5], [1, 1]),
    ]
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }), async order => {
        const made = new Made()
        for (const text of ['inuse_objects', 'count', 'inuse_space', 'bytes', 'f', '/a.js']) made.text(text)
        const makers = pieces(made)
        for (const i of order) makers[i]()
        const [snapshot] = await read(made.strings().bytes())
        const rows = [...snapshot.traces].map(t => `${t.size} ${t.count} ${t.traceback.frames.join()}`)
        expect(rows.sort()).toEqual(['100 3 /a.js:8,/a.js:5', '50 3 /a.js:8,/a.js:5', '7 1 /a.js:8,/a.js:5'])
        expect(snapshot.tables.stacks.length).toBe(3)
      }),
      { numRuns: 50 },
    )
  })

  it.each<[string, [string, string][], unknown]>([
    [
      'bytes and blocks of two kinds',
      [
        ['inuse_objects', 'count'],
        ['inuse_space', 'bytes'],
        ['alloc_objects', 'count'],
        ['alloc_space', 'bytes'],
      ],
      [
        ['inuse_space', 'live', 20, 10],
        ['alloc_space', 'allocated', 40, 30],
      ],
    ],
    [
      'only bytes',
      [['heap-space', 'bytes']],
      [[undefined, 'live', 10, Number.NaN, 'the file does not count blocks']],
    ],
    ['only blocks', [['alloc_objects', 'count']], [[undefined, 'allocated', 0, 10, 'the file has no sizes']]],
    [
      'kilobytes',
      [
        ['space', 'kilobytes'],
        ['objects', 'count'],
      ],
      [[undefined, 'live', 10240, 20]],
    ],
    [
      'time beside bytes',
      [
        ['cpu', 'nanoseconds'],
        ['peak_space', 'bytes'],
      ],
      [[undefined, 'peak', 20, Number.NaN, 'the file does not count blocks']],
    ],
  ])('with %s', async (_, types, expected) => {
    const made = new Made().types(...types)
    made.message(2, [2, packed(...types.map((_, i) => 10 * (i + 1)))])
    const snapshots = await read(made.strings().bytes())
    const found = snapshots.map(({ meta, total }) => [
      meta.name,
      meta.measure,
      total.size,
      total.count,
      ...(meta.notes ?? []),
    ])
    expect(found).toEqual(expected)
  })

  it('of something else than memory are not supported', async () => {
    const made = new Made().types(['samples', 'count'], ['cpu', 'nanoseconds'])
    const error = await refusal(
      made
        .message(2, [2, packed(1, 2)])
        .strings()
        .bytes(),
    )
    expect([error.code, error.path]).toEqual(['unsupported', 'sample_type'])
    expect(error.reason).toContain('cpu/nanoseconds')
  })

  it('name what has no name: by address, of the file <native>', async () => {
    const made = new Made().types(['space', 'bytes'])
    made.message(2, [1, packed(1, 2, 3)], [2, packed(8)])
    made
      .message(4, [1, 1], [3, 0x7f3a])
      .message(4, [1, 2], [3, 2 ** 45], [4, line(0, 7)])
      .message(4, [1, 3], [4, line(1, 5)])
    const [snapshot] = await read(
      made
        .message(5, [1, 1], [2, made.text('malloc')])
        .strings()
        .bytes(),
    )
    expect(snapshot.traces.at(0)?.traceback.frames.map(f => [f.functionName, f.filename, f.lineno])).toEqual([
      ['malloc', NATIVE, 5],
      ['0x200000000000', NATIVE, 7],
      ['0x7f3a', NATIVE, 0],
    ])
  })

  it('leave out what is neither bytes nor blocks, and count labels', async () => {
    const made = new Made().types(['objects', 'count'], ['space', 'bytes'])
    const label = new MessageWriter().int(1, made.text('bytes')).int(3, 16).take()
    made.message(2, [2, packed(0, 0)], [3, label]).message(2, [2, packed(1, 16)], [3, label], [3, label])
    const [snapshot] = await read(made.strings().bytes())
    expect([snapshot.length, snapshot.meta.skipped]).toEqual([1, { labels: 3 }])
  })

  it('take an interval from the user', async () => {
    const made = new Made()
      .types(['space', 'bytes'])
      .message(2, [2, packed(16)])
      .strings()
      .bytes()
    expect((await read(made))[0].meta).toMatchObject({ accuracy: 'sampled', counts: 'estimated' })
    expect((await read(made, { interval: 1 }))[0].meta).toMatchObject({
      accuracy: 'exact',
      counts: 'exact',
      interval: 1,
    })
  })

  it('may keep our field where it no longer fits', async () => {
    const made = new Made()
      .types(['space', 'bytes'])
      .message(2, [2, packed(16)])
      .strings()
    const bytes = Buffer.concat([
      made.bytes(),
      new Made().message(0x7638, [1, 1]).message(0x7638, [5, 3]).bytes(),
    ])
    const [snapshot] = await read(bytes)
    expect(snapshot.meta.source).toBe('pprof')
  })
})

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', 'f', '\ud800', 'x\udc00y', '𝒜', '__proto__', '\0', '\ufeffbom', NATIVE),
)
const uint32 = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
const bytes = fc.oneof(
  fc.nat(5000),
  fc.maxSafeInteger(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(x => x + 0),
)
const frame = fc.tuple(name, name, uint32, uint32, fc.boolean())
const row = fc.record({
  stack: fc.array(fc.nat(7), { maxLength: 6 }),
  size: bytes,
  count: bytes,
  domain: uint32,
  type: name,
  totalNframe: uint32,
  samples: fc.array(fc.tuple(bytes, bytes), { maxLength: 3 }),
})
const meta = fc
  .record(
    {
      source: fc.string(),
      measure: fc.constantFrom('live', 'allocated', 'peak'),
      accuracy: fc.constant('sampled'),
      counts: fc.constantFrom('exact', 'estimated'),
      interval: fc.integer({ min: 1, max: 2 ** 32 }),
      intervalSource: fc.constantFrom('given', 'recorded', 'inferred'),
      runtime: name,
      time: fc.double({ min: 0, max: 8e15, noNaN: true }).map(x => x + 0),
      session: name,
      pid: fc.nat(),
      memory: fc.dictionary(name, fc.nat()),
      skipped: fc.dictionary(name, fc.nat()),
      notes: fc.array(name),
    },
    { requiredKeys: ['source', 'measure', 'accuracy', 'counts'] },
  )
  .map(value => JSON.parse(JSON.stringify(value)) as SnapshotMeta)
const content = fc.record({
  frames: fc.array(frame, { minLength: 8, maxLength: 8 }),
  rows: fc.array(row, { maxLength: 8 }),
  meta,
})
type Content = typeof content extends fc.Arbitrary<infer T> ? T : never

function made({ frames, rows, meta }: Content, tables = new Tables()): Snapshot {
  const builder = new SnapshotBuilder(tables)
  const seen = new Set<string>()
  for (const { stack, size, count, domain, type, totalNframe, samples } of rows) {
    const id = stack.reduce(
      (parent, i) => tables.stacks.intern(parent, tables.frames.intern(...frames[i])),
      0,
    )
    const key = [id, domain, type, totalNframe].join()
    if (seen.has(key)) continue // such rows are added up
    seen.add(key)
    const row = builder.add(id, size, count, domain, tables.strings.intern(type), totalNframe)
    for (const [bytes, ordinal] of samples) builder.addSample(row, bytes, ordinal)
  }
  return builder.build(meta, rows.length + 1)
}

describe('our dumps', () => {
  it('lose nothing, of one or several snapshots, over one or several tables', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(content, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (contents, isShared) => {
          const tables = new Tables()
          const snapshots = contents.map(content => made(content, isShared ? tables : new Tables()))
          const bytes = written(...snapshots)
          const again = await read(bytes, {}, 61)
          expect(again.map(rowsText)).toEqual(snapshots.map(rowsText))
          expect(Buffer.compare(written(...again), bytes)).toBe(0)
          expect(pprof.sniff(bytes, 'unknown')).toBe('yes')
        },
      ),
      { numRuns: 200 },
    )
  })

  it('add up rows that differ in size and count alone; their samples stay', async () => {
    const builder = new SnapshotBuilder()
    const stack = builder.tables.stacks.intern(0, builder.tables.frames.intern('f', '/a.js', 1))
    builder.add(stack, 10, 1)
    builder.add(stack, 100, 1, 0, builder.tables.strings.intern('Map'))
    builder.add(stack, 20, 2)
    builder.add(stack, 200, 1, 0, builder.tables.strings.intern('Map'))
    for (const row of [0, 2, 3, 1]) builder.addSample(row, 5, row)
    const [snapshot] = await read(written(builder.build(sampledMeta, 128)))
    const { size, count, samples } = snapshot.columns
    expect([[...size], [...count]]).toEqual([
      [30, 300],
      [3, 2],
    ])
    expect([[...(samples?.row ?? [])], [...(samples?.ordinal ?? [])]]).toEqual([
      [0, 0, 1, 1],
      [0, 2, 3, 1],
    ])
  })

  it('are read without their samples when nobody wants them', async () => {
    const builder = new SnapshotBuilder()
    builder.addSample(builder.add(0, 10, 1), 10, 1)
    const bytes = written(builder.build(sampledMeta, 1))
    expect((await read(bytes, { samples: false }))[0].columns.samples).toBeUndefined()
    expect((await read(bytes))[0].columns.samples?.row.length).toBe(1)
  })

  it('do not depend on what else stands in the tables', () => {
    const small = snapshotOf('10 1: f@/a.js:1 > g@/b.js:2', sampledMeta)
    const other = snapshotOf('5 1: secret@/secret.js:9\n10 1: f@/a.js:1 > g@/b.js:2', sampledMeta)
    expect(Buffer.compare(written(other.withRows([1])), written(small))).toBe(0)
  })

  it('are gzipped the same twice', async () => {
    const snapshot = snapshotOf('10 1: f@/a.js:1', sampledMeta)
    await dumpSnapshots([snapshot], join(folder, 'a.pb.gz'))
    await dumpSnapshots([snapshot], join(folder, 'b.pb.gz'))
    expect(readFileSync(join(folder, 'a.pb.gz')).equals(readFileSync(join(folder, 'b.pb.gz')))).toBe(true)
  })

  it('cannot hold more than 2^53 bytes in a row, nor no snapshot', () => {
    expect(() => written(snapshotOf('9007199254740991 1: /a.js:1\n1 1: /a.js:1', sampledMeta))).toThrow(
      /too-large/,
    )
    expect(() => written()).toThrow(/unsupported/)
  })

  it('are refused when cut anywhere, gzipped or not', async () => {
    const bytes = readFileSync(join(samples, 'pprof', 'leak-node26-i20160-both.pb.gz'))
    const plain = gunzipSync(bytes)
    for (let length = 2; length < bytes.length; length++) {
      const error = await loadSource(bytesSource(bytes.subarray(0, length))).catch(e => e)
      expect(error, `${length} bytes gzipped`).toBeInstanceOf(FormatError)
      expect(error.code).toBe('truncated')
    }
    for (let length = 0; length < plain.length; length++) {
      const { code } = await refusal(plain.subarray(0, length))
      expect(code, `${length} bytes`).toBe('truncated')
      const zipped = await loadSource(bytesSource(gzipSync(plain.subarray(0, length)))).catch(e => e)
      expect(zipped, `${length} bytes, gzipped whole`).toBeInstanceOf(FormatError)
    }
  })

  it('give snapshots or a FormatError whatever bytes are wrong', { timeout: 60_000 }, async () => {
    const plain = gunzipSync(readFileSync(join(samples, 'pprof', 'leak-node26-i20160-both.pb.gz')))
    const change = fc.array(fc.tuple(fc.nat(plain.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(change, async changes => {
        const bytes = Uint8Array.from(plain)
        for (const [at, value] of changes) bytes[at] = value
        const outcome = await read(bytes).catch(error => error)
        if (!(outcome instanceof FormatError))
          expect(Array.isArray(outcome), String(outcome?.stack)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('hostile files', () => {
  const base = () => {
    const made = new Made().types(['space', 'bytes'])
    made.text('f')
    return made
  }

  it('cannot make a few bytes into many frames', async () => {
    const lines = Array.from({ length: 2000 }, () => [4, line(1, 5)] as const)
    const made = base()
      .message(4, [1, 1], ...lines)
      .message(5, [1, 1], [2, 3])
    made.message(2, [1, packed(...Array(2000).fill(1))], [2, packed(8)])
    expect((await refusal(made.strings().bytes())).code).toBe('too-large')
  })

  it('are limited in length', async () => {
    const bytes = base().strings().bytes()
    const error = await read(bytes, { maxSize: 20 }).catch(e => e)
    expect([error.code, error.format]).toEqual(['too-large', 'pprof'])
  })

  it('with facts of a wrong kind, or too deep, are malformed', async () => {
    const dump = (facts: string) => {
      const snapshot = new MessageWriter().bytes(1, Buffer.from(facts)).int(2, 0).int(3, 1)
      const part = new MessageWriter().message(2, snapshot).take()
      return Buffer.concat([
        new Made().types(['inuse_objects', 'count']).message(0x7638, [1, 1]).bytes(),
        new MessageWriter().bytes(0x7638, part).take(),
      ])
    }
    const good = { source: 'x', measure: 'live', accuracy: 'exact', counts: 'exact' }
    expect((await refusal(dump(JSON.stringify(good)))).code).toBe('truncated') // it only lacks its end
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    for (const wrong of [
      '',
      '[]',
      'null',
      '{"__proto__":{"source":"x","measure":"live","accuracy":"exact","counts":"exact"}}',
      `${JSON.stringify(good).slice(0, -1)},"__proto__":{"x":1}}`,
      JSON.stringify({ ...good, measure: 'all' }),
      JSON.stringify({ ...good, interval: 512 }),
      JSON.stringify({ ...good, interval: '1' }),
      JSON.stringify({ ...good, notes: [1] }),
      JSON.stringify({ ...good, memory: { rss: 'x' } }),
      `${JSON.stringify(good).slice(0, -1)},"other":${deep}}`,
    ]) {
      expect((await refusal(dump(wrong))).code, wrong.slice(0, 90)).toBe('malformed')
    }
  })

  it('that other formats and texts are not taken for', () => {
    for (const text of [
      '',
      '\n',
      '{"head":{}}',
      '2026-11-22 started',
      '\n\n\nabc',
      '"quoted"',
      '*bold*',
      '\x80\x04\x95\0\0',
    ]) {
      expect(pprof.sniff(Buffer.from(text, 'latin1'), 'x.pb.gz'), text).not.toBe('yes')
    }
  })
})
