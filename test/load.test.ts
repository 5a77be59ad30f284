import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { bytesSource } from '../src/bytes/source.ts'
import { FormatError, UsageError } from '../src/errors.ts'
import { loadFile, loadSource } from '../src/formats/files.ts'

const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-load-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function refusal(work: Promise<unknown>): Promise<FormatError> {
  const outcome = await work.catch(error => error)
  expect(outcome).toBeInstanceOf(FormatError)
  return outcome as FormatError
}

describe('files that inflate to far more than they are', () => {
  const line = Buffer.from(`${'main;parse;'.repeat(400)}alloc 4096\n`)
  const bomb = zlib.gzipSync(Buffer.alloc(line.length * 40_000, line), { level: 9 }) // 176 MB

  test('stop at 64 MiB, or 200 times their size', async () => {
    expect(bomb.length).toBeLessThan(1 << 20)
    const error = await refusal(loadSource(bytesSource(bomb, 'bomb', 65536)))
    expect(error.code).toBe('too-large')
    expect(error.offset).toBeGreaterThanOrEqual(64 << 20)
    expect(error.offset).toBeLessThanOrEqual(bomb.length * 200)
  })

  test('stop in the head as well', async () => {
    const zeros = zlib.gzipSync(Buffer.alloc(100 << 20), { level: 9 })
    const error = await refusal(loadSource(bytesSource(zeros, 'zeros', 65536)))
    expect(error.code).toBe('unrecognized')
  })

  test('inside each other are no larger for that', async () => {
    const error = await refusal(loadSource(bytesSource(zlib.gzipSync(bomb), 'twice')))
    expect(error.code).toBe('too-large')
  })

  test('are read when a greater size is given', async () => {
    const few = zlib.gzipSync(Buffer.alloc(line.length * 500, line), { level: 9 })
    const small = loadSource(bytesSource(few), { maxSize: line.length * 500 - 1 })
    expect((await refusal(small)).code).toBe('too-large')
    const { snapshots } = await loadSource(bytesSource(few), { maxSize: line.length * 500 })
    expect(snapshots[0].total.size).toBe(4096 * 500)
  })
})

test('damaged and cut gzip files say so', async () => {
  const good = zlib.gzipSync(Buffer.from('main;parse;alloc 4096\n'.repeat(2000)))
  for (const cut of [10, 11, good.length - 9, good.length - 1]) {
    const error = await refusal(loadSource(bytesSource(good.subarray(0, cut))))
    expect(error.code, `${cut}`).toBe('truncated')
  }
  const wrong = Buffer.from(good)
  wrong[good.length - 8] ^= 1 // the checksum
  expect((await refusal(loadSource(bytesSource(wrong)))).code).toBe('malformed')
})

test('what follows compressed data is refused, or read when it is compressed too, in pieces of any size', async () => {
  const good = zlib.gzipSync(Buffer.from('main;parse;alloc 4096\n'.repeat(2000)))
  for (const size of [1, 7, 100, good.length, good.length + 1, 4096, 65536]) {
    const garbage = Buffer.concat([good, Buffer.from('x'.repeat(50))])
    expect((await refusal(loadSource(bytesSource(garbage, 'x', size)))).code, `${size}`).toBe('malformed')
    const { snapshots } = await loadSource(bytesSource(Buffer.concat([good, good]), 'x', size))
    expect(snapshots[0].total.size, `${size}`).toBe(4096 * 4000)
  }
})

test('a largest size holds for files as they are, too', async () => {
  const path = join(folder, 'x.folded')
  writeFileSync(path, 'main;parse;alloc 4096\n'.repeat(100))
  const error = await refusal(loadFile(path, { maxSize: 100 }))
  expect([error.code, error.offset]).toEqual(['too-large', 100])
})

test('deep JSON is refused before it is built', async () => {
  const deep = `{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":${'['.repeat(5_000_000)}`
  const error = await refusal(loadSource(bytesSource(Buffer.from(deep))))
  expect(error.code).toBe('malformed')
})

test('an impossible interval is wrong usage', async () => {
  for (const interval of [0, -1, Number.NaN, 2 ** 32 + 1]) {
    await expect(loadSource(bytesSource(Buffer.from('a 1\n')), { interval })).rejects.toBeInstanceOf(
      UsageError,
    )
  }
})
