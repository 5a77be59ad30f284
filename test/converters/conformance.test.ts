// What every converter owes, from the list and the samples alone. For one converter: -t '\bpprof'.
// UPDATE_EXPECTED=1 writes the expected texts anew; read the difference before it is committed.
//
// Each day another part of what takes long: a million rows for one converter (150,000 for the others), every
// cut of a converter's smallest sample and an eighth of the cuts of others, two encodings of a sample of over
// 256 KiB, and the command itself for three formats. All of it: npm run conformance
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Converter, WriteOptions } from '../../converters/converter.ts'
import { converters } from '../../converters/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { loadFile, loadSource } from '../../src/formats/files.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { cli } from '../support/cli.ts'
import { deepChain, deepRows, madeSnapshots, manyRows, rowWithoutFrames } from '../support/made-snapshots.ts'
import { invalidOf, type Sample, samplesOf } from '../support/samples.ts'
import { carriedText, rowsText, summaryText } from '../support/snapshot-text.ts'

const UPDATE = process.env.UPDATE_EXPECTED === '1'
const LONG = 120_000
const ALL = process.env.CONFORMANCE === 'all'
const DAY = Math.floor(Date.now() / 86_400_000)
/** Samples up to this many bytes are tried in all encodings. */
const SMALL = 256 * 1024

/** Is it the day of the thing at `index`, where each of `groups` has a day? */
function isToday(index: number, groups: number): boolean {
  return ALL || (index + DAY) % groups === 0
}

describe.each(converters.map(c => [c.name, c] as const))('%s', (_, converter) => {
  if (converter.read) reading(converter as Converter & Required<Pick<Converter, 'read'>>)
  if (converter.write) writing(converter as Converter & Required<Pick<Converter, 'write'>>)
})

it('no two converters have one name', () => {
  expect(new Set(converters.map(c => c.name)).size).toBe(converters.length)
})

function reading(converter: Converter & Required<Pick<Converter, 'read'>>): void {
  const samples = samplesOf(converter)
  const smallest = samples.toSorted((a, b) => a.bytes.length - b.bytes.length)[0]

  it('has samples', () => expect(samples.length).toBeGreaterThan(0))

  describe.each(samples.map(s => [s.name, s] as const))('%s', (_, sample) => {
    it('is told by its content alone', () => {
      expect(claims(sample.bytes)).toEqual([converter.name])
    })

    it('reads as expected', { timeout: LONG }, async () => {
      const snapshots = await readBytes(converter, sample.bytes)
      snapshots.forEach(checkSnapshot)
      const text = summaryText(snapshots)
      expect(text.split('\n').length).toBeLessThanOrEqual(60)
      expectText(sample.expected, text)
    })

    it('reads the same in small pieces and gzipped', { timeout: LONG }, async () => {
      const whole = (await readBytes(converter, sample.bytes)).map(rowsText)
      for (const size of sample.bytes.length < 1 << 20 ? [1, 7, 4096] : [61, 4096]) {
        expect((await readBytes(converter, sample.bytes, size)).map(rowsText)).toEqual(whole)
      }
      const plain = await loadSource(bytesSource(sample.bytes, 'unknown', 4096))
      const zipped = await loadSource(bytesSource(gzipSync(sample.bytes), 'unknown', 4096))
      expect(zipped.converter.name).toBe(converter.name)
      expect(zipped.snapshots.map(rowsText)).toEqual(plain.snapshots.map(rowsText))
    })

    it('reads the same in every encoding, gzipped, gzipped twice and through a pipe', {
      timeout: LONG,
    }, async () => {
      const plain = await loadSource(bytesSource(sample.bytes))
      const rows = plain.snapshots.map(rowsText)
      for (const [i, [how, make]] of disguisesOf(sample.bytes).entries()) {
        if (sample.bytes.length > SMALL && !isToday(i, 4)) continue
        const bytes = make()
        const again = await loadSource({
          name: 'a pipe',
          chunks: () => Readable.from([bytes], { objectMode: false }),
        })
        expect(again.converter.name, how).toBe(converter.name)
        expect(again.snapshots.map(rowsText), how).toEqual(rows)
      }
    })

    it('is refused when cut anywhere', { timeout: LONG }, async () => {
      for (const cut of cutsOf(sample, sample === smallest)) {
        const outcome = await outcomeOf(converter, sample.bytes.subarray(0, cut))
        if (converter.truncation === 'when possible' && !(outcome instanceof FormatError)) continue
        expect(outcome, `${cut} of ${sample.bytes.length} bytes`).toBeInstanceOf(FormatError)
        expect(['truncated', 'malformed'], `${cut} bytes: ${outcome}`).toContain(
          (outcome as FormatError).code,
        )
      }
    })

    if (converter.write) {
      it('is the same after writing and reading', { timeout: LONG }, async () => {
        const snapshots = await readBytes(converter, sample.bytes)
        await expectRoundTrip(converter, snapshots)
        expect(claims(await written(converter, snapshots))).toEqual([converter.name])
      })
    }
  })

  describe('broken files', () => {
    const { files, expected } = invalidOf(converter)
    it('are refused with code and offset', async () => {
      expect(files.length).toBeGreaterThan(0)
      const lines: string[] = []
      for (const { name, bytes } of files) {
        const outcome = await outcomeOf(converter, bytes)
        expect(outcome, name).toBeInstanceOf(FormatError)
        const { code, offset, path, reason, format, message } = outcome as FormatError
        expect(format, name).toBe(converter.name)
        expect(message, name).not.toMatch(/[\n\r]/)
        lines.push(`${name}: ${code} at ${offset ?? '-'}${path ? ` in ${path}` : ''}: ${reason}\n`)
      }
      expectText(expected, lines.join(''))
    })

    it('are refused whatever byte is wrong', { timeout: LONG }, async () => {
      let seed = 1
      const random = (n: number) => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n
      const bytes = smallest.bytes.subarray(0, 1 << 20)
      for (let i = 0; i < Math.min(300, Math.ceil(3e7 / bytes.length)); i++) {
        const wrong = bytes.slice()
        for (let k = 0; k <= i % 3; k++) wrong[random(wrong.length)] = random(256)
        await expectSnapshotsOrRefusal(converter, wrong)
      }
    })

    it('are refused when they are of another format', { timeout: LONG }, async () => {
      for (const other of converters) {
        if (other === converter) continue
        const sample = samplesOf(other).toSorted((a, b) => a.bytes.length - b.bytes.length)[0]
        if (sample) await expectSnapshotsOrRefusal(converter, sample.bytes)
      }
      for (const text of ['', '\n', '{}', '[]', 'null', '"', '\0', 'hello\n']) {
        await expectSnapshotsOrRefusal(converter, new TextEncoder().encode(text))
      }
    })
  })
}

function writing(converter: Converter & Required<Pick<Converter, 'write'>>): void {
  describe('writes', () => {
    it.each(Object.entries(madeSnapshots))('%s', async (_, make) => {
      await expectRoundTrip(converter, [make()])
    })

    it('a row without frames', async () => {
      const snapshot = rowWithoutFrames()
      const bytes = await written(converter, [snapshot])
      if (!converter.read) return
      const [again] = await readBytes(converter, bytes)
      expect(again.total.size).toBe(snapshot.total.size)
    })

    it('several snapshots, or says that it cannot', async () => {
      const snapshots = [madeSnapshots['sizes over 2^32'](), madeSnapshots['samples and facts']()]
      if (converter.carries.includes('measures')) return expectRoundTrip(converter, snapshots)
      let refusal: unknown
      try {
        await written(converter, snapshots)
      } catch (error) {
        refusal = error
      }
      expect(refusal).toBeInstanceOf(FormatError)
      expect((refusal as FormatError).code).toBe('unsupported')
    })

    it('a chain 100,000 deep', { timeout: LONG }, async () => {
      const snapshot = deepChain(100_000)
      const bytes = await written(converter, [snapshot])
      if (!converter.read) return
      const [again] = await readBytes(converter, bytes, 65_536)
      expect(carriedText(again, converter.carries)).toEqual(carriedText(snapshot, converter.carries))
    })

    const rows = isToday(converters.indexOf(converter), converters.length) ? 1_000_000 : 150_000
    it('many rows', { timeout: LONG }, async () => {
      const snapshot = manyRows(rows)
      let bytes = 0
      const pieces: Uint8Array[] = []
      for (const piece of await converter.write([snapshot], {} satisfies WriteOptions)) {
        pieces.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece.slice())
        bytes += piece.length
      }
      expect(bytes).toBeGreaterThan(0)
      if (!converter.read) return // what is only written may be a summary
      expect(bytes).toBeGreaterThan(rows)
      const source = { name: 'unknown', chunks: () => ReadableStream.from(pieces) }
      const [again] = await converter.read(source, {})
      expect(again.total.size).toBe(snapshot.total.size)
      expect(again.statistics('lineno').length).toBe(snapshot.statistics('lineno').length)
    })
  })
}

describe('a file larger than several buffers is read alike by path, from a stream, gzipped and in pieces', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tracemalloc-large-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const digest = (snapshots: readonly Snapshot[]) =>
    createHash('sha256')
      .update(snapshots.map(s => rowsText(s).join('\n')).join('\n\n'))
      .digest('hex')

  const readers = converters.filter(c => c.read)
  it.each(readers.map(c => [c.name, c] as const))('%s', { timeout: LONG }, async (_, converter) => {
    const bytes = await largeFile(converter)
    const path = join(folder, `large.${converter.name}`)
    writeFileSync(path, bytes)
    writeFileSync(`${path}.gz`, gzipSync(bytes))
    const expected = digest((await loadSource(bytesSource(bytes))).snapshots)
    for (const name of [path, `${path}.gz`]) {
      const loaded = await loadFile(name)
      expect(loaded.converter.name, name).toBe(converter.name)
      expect(digest(loaded.snapshots), name).toBe(expected)
    }
    const stream = { name: 'a pipe', chunks: () => createReadStream(path, { highWaterMark: 65_536 }) }
    expect(digest((await loadSource(stream)).snapshots), 'a stream').toBe(expected)
    expect(digest((await loadSource(reusing(bytes, 1000))).snapshots), 'pieces').toBe(expected)
    if (!isToday(readers.indexOf(converter), Math.ceil(readers.length / 3))) return
    const info = async (args: string[], input?: Uint8Array) => {
      const { stdout, stderr, status } = await cli(['info', ...args], { input })
      expect(status, stderr).toBe(0)
      return stdout.split('\n').slice(1).join('\n') // the first line is the file's name
    }
    expect(await info(['-'], bytes)).toBe(await info([path]))
  })
})

/**
 * A file of a format, of several of the buffers that a file is read by: with deep stacks, or the largest
 * sample.
 */
async function largeFile(converter: Converter): Promise<Uint8Array> {
  const least = 3 * 262_144
  if (converter.name === 'textheap') return new TextEncoder().encode(manyAddresses(20_000))
  if (!converter.write) {
    const largest = samplesOf(converter).toSorted((a, b) => b.bytes.length - a.bytes.length)[0].bytes
    expect(largest.length).toBeGreaterThan(least)
    return largest
  }
  for (let rows = 1000; ; rows *= 2) {
    const bytes = await written(converter, [deepRows(rows)])
    if (bytes.length > least) return bytes
  }
}

/** A gperftools profile of so many stacks. */
function manyAddresses(stacks: number): string {
  const lines = Array.from(
    { length: stacks },
    (_, i) => `1: ${i + 8} [1: ${i + 8}] @ 0x${(i + 4096).toString(16)} 0x400900\n`,
  )
  const size = Array.from({ length: stacks }, (_, i) => i + 8).reduce((a, b) => a + b, 0)
  return `heap profile: ${stacks}: ${size} [${stacks}: ${size}] @ heapprofile\n${lines.join('')}`
}

/** Reads bytes in pieces of `size`, as the loader does. */
async function readBytes(
  converter: Converter,
  bytes: Uint8Array,
  size = 65_536,
): Promise<readonly Snapshot[]> {
  return converter.read!(reusing(bytes, size), {})
}

/**
 * A source whose pieces are one Buffer, used again: what is in a piece is gone as soon as the next one is
 * asked for.
 */
function reusing(bytes: Uint8Array, size: number) {
  return {
    name: 'unknown',
    async *chunks() {
      const buffer = Buffer.alloc(size)
      for (let i = 0; i < bytes.length; i += size) {
        const piece = bytes.subarray(i, i + size)
        buffer.set(piece)
        yield buffer.subarray(0, piece.length)
        buffer.fill(0xdd)
      }
    },
  }
}

/**
 * A file as other programs save it: what is text in other encodings and with CRLF, and everything gzipped.
 */
function disguisesOf(bytes: Uint8Array): [string, () => Uint8Array][] {
  const zipped: [string, () => Uint8Array][] = [
    ['as it is', () => bytes],
    ['gzipped', () => gzipSync(bytes)],
    ['gzipped twice', () => gzipSync(gzipSync(bytes))],
  ]
  const text = textOf(bytes)
  if (text === undefined) return zipped
  const lines = () => text.replaceAll('\n', '\r\n')
  const marked = () => Buffer.from(`\ufeff${text}`)
  const wide = (content: string) => Buffer.from(`\ufeff${content}`, 'utf16le')
  return [
    ...zipped,
    ['with a byte order mark', marked],
    ['with a byte order mark, gzipped', () => gzipSync(marked())],
    ['with CRLF', () => Buffer.from(lines())],
    ['UTF-16', () => wide(text)],
    ['UTF-16, big-endian', () => wide(text).swap16()],
    ['UTF-16, with CRLF, gzipped', () => gzipSync(wide(lines()))],
  ]
}

/** The text of a file; undefined for a binary one. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, 4096).some(b => b < 9)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r\n/g, '\n')
  } catch {
    return undefined
  }
}

/** Names of the converters that claim these bytes, given as much of them as they ask for. */
function claims(bytes: Uint8Array): string[] {
  for (let length = 4096; ; length *= 8) {
    const head = bytes.subarray(0, length)
    const claimed = converters.filter(c => c.read && c.sniff(head, 'unknown') === 'yes')
    if (claimed.length || length >= bytes.length) return claimed.map(c => c.name)
  }
}

async function outcomeOf(converter: Converter, bytes: Uint8Array): Promise<unknown> {
  try {
    return await readBytes(converter, bytes)
  } catch (error) {
    return error
  }
}

async function expectSnapshotsOrRefusal(converter: Converter, bytes: Uint8Array): Promise<void> {
  const outcome = await outcomeOf(converter, bytes)
  if (Array.isArray(outcome)) return outcome.forEach(checkSnapshot)
  if (!(outcome instanceof FormatError)) throw new Error('not a FormatError', { cause: outcome })
}

/**
 * All cuts of the smallest sample, today's eighth of a small one; of others the first and last ones and some
 * spread between, the fewer the longer it is.
 */
function cutsOf({ bytes }: Sample, isSmallest: boolean): number[] {
  const n = bytes.length
  if (n <= 6000) {
    return Array.from({ length: n }, (_, i) => i).filter(
      i => isSmallest || i < 16 || i >= n - 16 || isToday(i, 8),
    )
  }
  const spread = Math.max(8, Math.min(ALL ? 200 : 40, Math.floor(4e7 / n)))
  const cuts = new Set([0, 1, 2, 10, 100])
  for (let i = 1; i < spread; i++) cuts.add(Math.floor((i * n) / spread))
  for (let i = 1; i <= 16; i++) cuts.add(n - i)
  return [...cuts]
}

async function expectRoundTrip(converter: Converter, snapshots: readonly Snapshot[]): Promise<void> {
  const bytes = await written(converter, snapshots)
  if (!converter.read) return
  const again = await readBytes(converter, bytes)
  again.forEach(checkSnapshot)
  expect(again.map(s => carriedText(s, converter.carries))).toEqual(
    snapshots.map(s => carriedText(s, converter.carries)),
  )
  expect((await written(converter, again)).equals(bytes), 'written again it differs').toBe(true)
}

async function written(converter: Converter, snapshots: readonly Snapshot[]): Promise<Buffer> {
  return Buffer.concat(
    [...(await converter.write!(snapshots, {}))].map(p =>
      typeof p === 'string' ? Buffer.from(p) : p.slice(),
    ),
  )
}

function expectText(path: string, text: string): void {
  if (UPDATE) writeFileSync(path, text)
  expect(existsSync(path), `${path} is missing`).toBe(true)
  expect(text).toBe(readFileSync(path, 'utf8'))
}
