// Files of every kind that people have, through the command: read with the right total, or refused in one line that names them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesSource } from '../src/bytes/source.ts'
import { FormatError } from '../src/errors.ts'
import { loadSource } from '../src/formats/files.ts'
import { cli, root } from './support/cli.ts'
import { READ, REFUSED } from './support/kinds.ts'

const LONG = 60_000
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-kinds-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A file of any name, as a browser or a shell gives it one. */
function file(bytes: Uint8Array): string {
  const path = join(folder, 'download')
  writeFileSync(path, bytes)
  return path
}

describe('read is', () => {
  test.each(READ.map(kind => [kind.kind, kind] as const))(
    '%s',
    { timeout: LONG },
    async (_, { bytes, total, says }) => {
      const { status, stdout, stderr } = await cli(['top', file(bytes), '--format', 'json'])
      expect(status, stderr).toBe(0)
      expect(JSON.parse(stdout).snapshots.at(-1).total.size).toBe(total)
      if (says) expect(stderr + stdout).toContain(says)
      for (const other of [bytes, gzipSync(bytes)]) {
        const { snapshots } = await loadSource(bytesSource(other, 'a pipe', 3))
        expect(snapshots.at(-1)!.total.size).toBe(total)
      }
    },
  )
})

describe('refused by its name is', () => {
  test.each(REFUSED.map(kind => [kind.kind, kind] as const))(
    '%s',
    { timeout: LONG },
    async (_, { bytes, says }) => {
      const { status, stdout, stderr } = await cli(['top', file(bytes)])
      expect(stderr).toMatch(/^tracemalloc: \S+\/download: .*\n$/)
      expect(stderr).toContain(says)
      expect([status, stdout]).toEqual([3, ''])
      for (const other of [bytes, gzipSync(bytes)]) {
        const error = await loadSource(bytesSource(other, 'a pipe', 3)).catch((caught: unknown) => caught)
        expect(error).toBeInstanceOf(FormatError)
        expect((error as FormatError).message).toContain(says)
      }
    },
  )

  test('a folder, by every command that reads', { timeout: LONG }, async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    for (const args of [
      ['top', empty],
      ['info', empty],
      ['convert', empty],
      ['heap', empty],
    ]) {
      const { status, stderr } = await cli(args)
      expect(stderr, args[0]).toMatch(/^tracemalloc: .*folder.*\n$/)
      expect(status).toBe(3)
    }
  })

  test('what the heap command cannot open', { timeout: LONG }, async () => {
    const profile = join(root, 'samples/heapprofile/answer.heapprofile')
    expect((await cli(['heap', profile])).stderr).toMatch(
      /not a V8 heap snapshot, but: .*tracemalloc top reads it\n$/,
    )
    expect((await cli(['heap', file(REFUSED[0].bytes)])).stderr).toContain(REFUSED[0].says)
  })
})

test('a profile that names no file is grouped by function, unless other keys are asked for', {
  timeout: LONG,
}, async () => {
  const keysOf = async (...args: string[]) =>
    JSON.parse((await cli(['top', ...args, '--format', 'json'])).stdout).snapshots[0].keyType
  const nameless = file(Buffer.from('main;parse 8\nmain;render 4\n'))
  expect(await keysOf(nameless)).toBe('function')
  expect(await keysOf(nameless, '--group-by', 'lineno')).toBe('lineno')
  expect(await keysOf(join(root, 'samples/textheap/jemalloc5.heap'))).toBe('function')
  expect(await keysOf(join(root, 'samples/textheap/go1.19-debug1.heap'))).toBe('lineno')
})

test('a profile without samples says so, and one that a filter leaves nothing of does not', {
  timeout: LONG,
}, async () => {
  const empty = file(
    Buffer.from('{"head":{"callFrame":{"functionName":"(root)"},"selfSize":0,"children":[]},"samples":[]}'),
  )
  const { status, stderr } = await cli(['top', empty])
  expect([status, stderr]).toEqual([0, expect.stringContaining('the file holds no samples')])
  const some = await cli(['top', file(Buffer.from('main;parse 8\n')), '--include', 'no-such-file'])
  expect([some.status, some.stderr]).toEqual([0, expect.not.stringContaining('no samples')])
})

// UPDATE_EXPECTED=1 npx vitest run test/kinds.test.ts writes the table anew.
test('the table of docs/formats.md is of these kinds', () => {
  const page = join(root, 'docs/formats.md')
  const [begin, end] = ['<!-- from the kinds of files -->', '<!-- to there -->']
  const text = readFileSync(page, 'utf8')
  const [before, , after] = text.split(new RegExp(`${begin}|${end}`))
  const said = (says?: string) => (says ? `, with a note: ${says}` : '')
  const rows = [
    ...READ.map(({ kind, says }) => `| ${kind} | yes${said(says)} |`),
    ...REFUSED.map(({ kind, says }) => `| ${kind} | no: ${says} |`),
  ]
  const expected = `${before}${begin}\n\n| file | read |\n|---|---|\n${rows.join('\n')}\n\n${end}${after}`
  if (process.env.UPDATE_EXPECTED === '1') writeFileSync(page, expected)
  else expect(text).toBe(expected)
})
