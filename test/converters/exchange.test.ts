import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Converter } from '../../converters/converter.ts'
import { csv } from '../../converters/csv.ts'
import { firefox } from '../../converters/firefox/index.ts'
import { folded } from '../../converters/folded.ts'
import { converters } from '../../converters/index.ts'
import { ndjson } from '../../converters/ndjson.ts'
import { speedscope } from '../../converters/speedscope/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { detect } from '../../src/formats/detect.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'

const formats = [folded, speedscope, firefox, csv, ndjson]
const NAMES = [
  '',
  'f',
  '__proto__',
  'constructor',
  '</script>',
  '\u001b[2J',
  'a\r\nb',
  'x\u202ey',
  '\ud800',
  'a;b',
  'f (g:1)',
  'Thread 12',
  'ns::f:12',
  '<untraced>',
  '=1+1',
  "'=x",
  '"q", r',
  ' pad ',
  'жук 🐞',
  '#',
  '{"a"',
]
const FILES = [
  '/srv/app/a.js',
  '<unknown>',
  '<native>',
  '<v8>',
  '',
  'C:\\app\\a b.js',
  'http://host:8080',
  'x:1:2',
  'x:99999999999',
  'a (1).js',
  'file:///a%20b.mjs',
  'webpack://x/./src/é.ts',
  '-e',
  'a;b\nc',
]
const meta: SnapshotMeta = { source: 'test', measure: 'live', accuracy: 'exact', counts: 'exact' }

async function bytesOf(converter: Converter, snapshots: readonly Snapshot[]): Promise<Uint8Array> {
  const pieces = (await converter.write?.(snapshots, {})) as Iterable<Uint8Array | string>
  return Buffer.concat(Array.from(pieces, p => (typeof p === 'string' ? Buffer.from(p) : p)))
}

function readBytes(converter: Converter, bytes: Uint8Array, chunk?: number): Promise<readonly Snapshot[]> {
  const read = converter.read as NonNullable<Converter['read']>
  return read(bytesSource(bytes, 'x', chunk ?? Math.max(1, bytes.length)), {})
}

/** The traces as far as a format keeps them, in order, those of the same stack added. */
function tracesOf(snapshot: Snapshot, { carries }: Converter): unknown[] {
  const rows = new Map<string, { size: number; count: number }>()
  for (const trace of snapshot.traces) {
    const frames = trace.traceback.frames.map(f => [
      f.functionName,
      f.filename,
      f.lineno,
      f.column,
      carries.includes('exact') && f.exact,
    ])
    const key = JSON.stringify([
      frames,
      carries.includes('domain') && trace.domain,
      carries.includes('type') && trace.type,
      carries.includes('totalNframe') && trace.traceback.totalNframe,
    ])
    const row = rows.get(key) ?? { size: 0, count: 0 }
    row.size += trace.size
    row.count += carries.includes('count') ? trace.count : 0
    rows.set(key, row)
  }
  return [...rows]
}

const frames = fc.tuple(
  fc.constantFrom(...NAMES),
  fc.constantFrom(...FILES),
  fc.constantFrom(0, 1, 77, 0xffffffff),
  fc.constantFrom(0, 1, 9),
  fc.boolean(),
)
const rows = fc.array(
  fc.tuple(
    fc.array(frames, { maxLength: 5 }),
    fc.nat({ max: 2 ** 50 }),
    fc.nat(),
    fc.constantFrom(0, 1, 7),
    fc.constantFrom('', 'Array', '=Map'),
    fc.nat({ max: 9 }),
  ),
  { minLength: 1, maxLength: 8 },
)
const snapshots = rows.map(list => {
  const builder = new SnapshotBuilder()
  for (const [calls, size, count, domain, type, extra] of list) {
    let stack = 0
    for (const call of calls)
      stack = builder.tables.stacks.intern(stack, builder.tables.frames.intern(...call))
    builder.add(
      stack,
      size,
      count,
      domain,
      builder.tables.strings.intern(type),
      extra && calls.length + extra,
    )
  }
  return builder.build(meta, 128)
})

describe.each(formats.map(f => [f.name, f] as const))('%s', (_, converter) => {
  test('what is written is read back, whatever the names are, and detected', async () => {
    await fc.assert(
      fc.asyncProperty(snapshots, fc.constantFrom(1, 7, 4096), async (snapshot, chunk) => {
        const bytes = await bytesOf(converter, [snapshot])
        const [back, ...others] = await readBytes(converter, bytes, chunk)
        expect(others).toEqual([])
        checkSnapshot(back)
        expect(tracesOf(back, converter)).toEqual(tracesOf(snapshot, converter))
        expect(Buffer.from(await bytesOf(converter, [back]))).toEqual(Buffer.from(bytes))
        expect(detect(converters, bytes.subarray(0, 4096), 'unknown', bytes.length < 4096).converter).toBe(
          converter,
        )
      }),
      { numRuns: 60 },
    )
  })

  test('every cut is told where the format says so', async () => {
    if (converter.truncation !== 'always') return
    await fc.assert(
      fc.asyncProperty(snapshots, async snapshot => {
        const bytes = await bytesOf(converter, [snapshot, snapshot.withRows([])])
        for (let i = 0; i < bytes.length; i += 1 + (bytes.length >> 6)) {
          const error = await readBytes(converter, bytes.subarray(0, i)).catch(e => e)
          expect(error, `cut at ${i}`).toBeInstanceOf(FormatError)
          expect(['truncated', 'malformed']).toContain(error.code)
        }
      }),
      { numRuns: 5 },
    )
  })

  test('several snapshots, an empty one among them', async () => {
    if (converter === folded) return
    const [a, b] = fc.sample(snapshots, { numRuns: 2, seed: 7 })
    const list = [a, a.withRows([]), b.with({ meta: { measure: 'peak', name: 'a "name"' } })]
    const back = await readBytes(converter, await bytesOf(converter, list))
    expect(back.map(s => tracesOf(s, converter))).toEqual(list.map(s => tracesOf(s, converter)))
    if (converter.carries.includes('meta'))
      expect(back[2].meta).toEqual({ ...list[2].meta, source: converter.name })
    else expect(back[2].meta.measure).toBe('peak')
  })
})

test('folded holds one snapshot, or two side by side', async () => {
  const [a, b] = fc.sample(snapshots, { numRuns: 2, seed: 7 })
  const back = await readBytes(folded, await bytesOf(folded, [a, b]))
  expect(back.map(s => s.total.size)).toEqual([a, b].map(s => s.total.size))
  expect(back.map(s => s.meta.name)).toEqual(['old', 'new'])
  await expect(bytesOf(folded, [a, b, a])).rejects.toThrow(FormatError)
  await expect(
    bytesOf(folded, [a.with({ columns: { size: a.columns.size.map(n => -n - 1) } })]),
  ).rejects.toThrow(FormatError)
})

test.each([10, 4095, 4096, 5000, 40_000])(
  'one folded line of %d bytes without a line break is told',
  length => {
    const bytes = new TextEncoder().encode(`${'main;parse;'.repeat(length)}`.slice(0, length - 3))
    const line = new Uint8Array([...bytes, 0x61, 0x20, 0x37])
    let verdict = ''
    for (let head = 4096; verdict !== 'yes' && head < 1e6; head *= 8)
      verdict = folded.sniff(line.subarray(0, head), '')
    expect(verdict).toBe('yes')
  },
)
