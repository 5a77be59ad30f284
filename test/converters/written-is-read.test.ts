// What is written without an error is read back: for every input that any reader takes, every writer and its options.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Converter } from '../../converters/converter.ts'
import { converters } from '../../converters/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { loadSource } from '../../src/formats/files.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { cli } from '../support/cli.ts'
import { samplesOf } from '../support/samples.ts'

const LONG = 300_000
const readers = converters.filter(c => c.read)
const writers = converters.filter(c => c.write && c.read)

/** Numbers that formats disagree about. */
const numbers = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
  fc.constantFrom(
    0,
    1,
    0.5,
    5.5,
    0.1,
    1e-7,
    1e-300,
    2 ** 31,
    2 ** 32,
    2 ** 32 + 0.5,
    2 ** 52 + 0.5,
    2 ** 53 - 1,
  ),
  fc.double({ min: 0, max: 2 ** 53 - 1, noNaN: true }),
)
const signed = fc.tuple(numbers, fc.boolean()).map(([n, isNegative]) => (isNegative ? -n : n))
const names = fc.constantFrom(
  ...[
    'f',
    '',
    'a;b',
    'a b 5',
    '(anonymous)',
    '(root)',
    '<unknown>',
    '<untraced>',
    '/srv/a.js',
    'node:fs',
    '"',
    '\\',
    "'=1",
  ],
  ...[
    'f (a.js:1:1)',
    '\u001b[2J',
    '\n',
    '\r',
    '\ud800',
    '日本',
    '<eval:17>',
    '<native>',
    'C:\\a.js',
    '__proto__',
    '{"',
    ' ',
  ],
)
const place = fc.constantFrom(0, 1, 7, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1)
const frame = fc.record({
  function: names,
  filename: names,
  lineno: place,
  column: place,
  exact: fc.boolean(),
})
const uint = fc.constantFrom(0, 1, 3, 2 ** 32 - 1)
const row = (number: fc.Arbitrary<number>) =>
  fc.record({
    size: number,
    count: number,
    domain: uint,
    type: names,
    totalNframe: uint,
    traceback: fc.array(frame, { maxLength: 4 }),
  })
const meta = fc.record({
  source: fc.constant('x'),
  measure: fc.constantFrom('live', 'allocated', 'peak'),
  accuracy: fc.constantFrom('exact', 'sampled'),
  counts: fc.constantFrom('exact', 'estimated'),
  tracebackLimit: fc.constantFrom(0, 1, 2 ** 32 - 1),
})

/** Files of each format that has numbers of any kind, as other programs might write them. */
const texts: Record<string, fc.Arbitrary<string>> = {
  ndjson: fc
    .array(
      fc
        .tuple(meta, fc.boolean())
        .chain(([meta, isDifference]) =>
          fc.tuple(fc.constant(meta), fc.array(row(isDifference ? signed : numbers), { maxLength: 5 })),
        ),
      { minLength: 1, maxLength: 3 },
    )
    .map(snapshots => {
      const lines = snapshots.flatMap(([meta, rows], i) =>
        (rows.length ? rows : [{}]).map((row, k) => ({ snapshot: i + 1, ...(k === 0 && { meta }), ...row })),
      )
      return lines
        .map((line, i) => `${JSON.stringify({ ...line, following: lines.length - 1 - i })}\n`)
        .join('')
    }),
  folded: fc
    .array(fc.tuple(fc.stringMatching(/^[a-c]( ?[a-c;(:.]){0,6}$/), fc.oneof(numbers, signed)), {
      minLength: 1,
      maxLength: 6,
    })
    .map(rows => rows.map(([stack, n]) => `${stack} ${n}\n`).join('')),
  speedscope: fc.array(fc.tuple(fc.array(fc.nat(1), { maxLength: 3 }), signed), { maxLength: 6 }).map(rows =>
    JSON.stringify({
      $schema: 'https://www.speedscope.app/file-format-schema.json',
      shared: { frames: [{ name: 'f', file: 'a.js', line: 1 }, { name: 'g' }] },
      profiles: [
        {
          type: 'sampled',
          name: 'x',
          unit: 'bytes',
          samples: rows.map(r => r[0]),
          weights: rows.map(r => r[1]),
          startValue: 0,
          endValue: 1,
        },
      ],
    }),
  ),
}

async function outcome<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

async function bytesOf(snapshots: readonly Snapshot[], writer: Converter, merge: boolean): Promise<Buffer> {
  const pieces = await writer.write!(snapshots, { merge })
  return Buffer.concat(Array.from(pieces, piece => Buffer.from(piece as string)))
}

/** Writes to each format, reads what was written, and compares the bytes. Returns the formats that were written. */
async function expectReadBack(snapshots: readonly Snapshot[], what: string): Promise<string[]> {
  const written: string[] = []
  for (const writer of writers) {
    for (const merge of [false, true]) {
      const bytes = await outcome(() => bytesOf(snapshots, writer, merge))
      if (!bytes) continue
      written.push(writer.name)
      const where = `${what} to ${writer.name}${merge ? ' --merge' : ''}`
      const again = await loadSource(bytesSource(bytes, 'unknown')).catch(error => {
        throw new Error(`${where}: ${error.message}`, { cause: error })
      })
      expect(again.converter.name, where).toBe(writer.name)
      again.snapshots.forEach(checkSnapshot)
      const total = (all: readonly Snapshot[]) => all.reduce((sum, s) => sum + s.total.size, 0)
      const isSplit = writer.difference === 'negative' && again.snapshots.length !== snapshots.length
      const [before, after] = [total(snapshots), total(again.snapshots)]
      const mass = snapshots.reduce(
        (sum, { columns }) => sum + columns.size.reduce((a, b) => a + Math.abs(b), 0),
        0,
      )
      // Bytes are whole in some formats. Sums near 2^53 are rounded, also where what is left of them is small; beyond it each
      // block of a pickle may be lost.
      if (!isSplit)
        expect(Math.abs(after - before), where).toBeLessThanOrEqual(
          snapshots.length + mass * 2 ** -51 + Math.abs(before) * (Math.abs(before) > 2 ** 53 ? 1e-9 : 1e-12),
        )
    }
  }
  return written
}

describe.each(Object.entries(texts))('numbers and names of any kind in %s', (format, text) => {
  it('are refused, or what is written of them is read', { timeout: LONG }, async () => {
    const written = new Set<string>()
    await fc.assert(
      fc.asyncProperty(text, async text => {
        const bytes = new TextEncoder().encode(text)
        const read = await outcome(() => loadSource(bytesSource(bytes), { from: format }))
        if (!read) return
        for (const name of await expectReadBack(read.snapshots, text)) written.add(name)
      }),
      { numRuns: Number(process.env.READ_BACK_RUNS ?? 100) },
    )
    expect([...written].sort()).toEqual(writers.map(w => w.name).sort())
  })
})

describe.each(readers.map(c => [c.name, c] as const))('samples of %s', (_, reader) => {
  it('are read back from every format that they are written in', { timeout: LONG }, async () => {
    const samples = samplesOf(reader).filter(sample => sample.bytes.length < 300_000)
    for (const { name, bytes } of samples) {
      const { snapshots } = await loadSource(bytesSource(bytes, name))
      await expectReadBack(snapshots, name)
    }
  })
})

it('a fraction in folded stacks becomes a whole number in a heap profile, which is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-written-'))
  try {
    const path = join(folder, 'fraction.heapprofile')
    const { status, stderr } = await cli(['convert', '-', path], { input: 'a;b 5.5\nc 3\n' })
    expect(status, stderr).toBe(0)
    const top = await cli(['top', path])
    expect(top.stderr).not.toMatch(/malformed/)
    expect(top.status).toBe(0)
    expect(top.stdout).toMatch(/size=6 B.*\n.*size=3 B/) // 5.5 and 3, by function
  } finally {
    rmSync(folder, { recursive: true })
  }
})
