import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli, main } from '../support/cli.ts'

const SAMPLE = 'samples/heapprofile/leak-node26-i1024-after.heapprofile'
const BEFORE = 'samples/heapprofile/leak-node26-i1024-before.heapprofile'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One line on stderr, nothing on stdout. */
function expectError(result: Awaited<ReturnType<typeof cli>>, status: number, pattern: RegExp): void {
  expect(result.stdout).toBe('')
  expect(result.stderr).toMatch(pattern)
  expect(result.stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(result.status).toBe(status)
}

describe('usage', () => {
  it('lists the commands', async () => {
    const { status, stdout } = await cli(['--help'])
    expect(status).toBe(0)
    for (const name of ['top', 'diff', 'info', 'convert', 'run'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect((await cli([])).stdout).toBe(stdout)
  })

  it('tells its version', async () => {
    expect((await cli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('shows an example in the help of every command, in 80 columns', async () => {
    const { stdout } = await cli(['--help'])
    const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(m => m[1])
    expect(names.length).toBeGreaterThanOrEqual(5)
    for (const name of names) {
      const help = await cli([name, '--help'])
      expect(help.status, name).toBe(0)
      expect(help.stdout, name).toMatch(/Example: tracemalloc /)
      expect(`${stdout}\n${help.stdout}`.split('\n').filter(line => line.length > 80)).toEqual([])
    }
  })

  it('names the nearest right word', async () => {
    expectError(await cli(['tpo', SAMPLE]), 2, /unknown command 'tpo'; did you mean top\?/)
    expectError(
      await cli(['top', '--limt', '3', SAMPLE]),
      2,
      /unknown option '--limt' \(Did you mean --limit\?\)/,
    )
    expectError(await cli(['top', '--group-by', 'linen', SAMPLE]), 2, /Did you mean lineno\?/)
    expectError(await cli(['top', '--limit', '-1', SAMPLE]), 2, /whole number/)
    expectError(await cli(['top']), 2, /missing required argument 'snapshot'/)
    expectError(await cli(['top', SAMPLE, '--domain', 'heep']), 2, /heap, arraybuffer/)
    expectError(await cli(['convert', SAMPLE, join(folder, 'x.unknown')]), 2, /unknown format: the ending of/)
    expectError(await cli(['top', SAMPLE, '--from', 'pporf']), 2, /unknown format 'pporf'/)
  })

  it('does not take a file behind --cumulative for its mode', async () => {
    const { status, stdout } = await cli(['top', '--cumulative', SAMPLE, '--limit', '1'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/size=/)
    expectError(await cli(['top', '--cumulative=twice', SAMPLE]), 2, /once, per-frame/)
    expectError(
      await cli(['top', '--cumulative', '--group-by', 'traceback', SAMPLE]),
      2,
      /cumulative mode cannot be used/,
    )
  })
})

describe('bad files', () => {
  it('are one line and exit status 3', async () => {
    const at = (name: string, content: string | Uint8Array) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    expectError(await cli(['top', join(folder, 'missing')]), 3, /missing: .*no such file/)
    expectError(await cli(['top', at('empty', '')]), 3, /the file is empty/)
    expectError(await cli(['top', at('text', 'hello')]), 3, /not a profile or snapshot of a known format/)
    expectError(await cli(['top', at('json', '{"a": [1, 2]}')]), 3, /not a profile/)
    expectError(await cli(['top', at('nul', new Uint8Array(5000))]), 3, /text|unrecognized/)
    expectError(await cli(['top', at('cut.gz', new Uint8Array([0x1f, 0x8b, 8, 0]))]), 3, /truncated/)
    expectError(await cli(['top', folder]), 3, /unrecognized|malformed|truncated/)
    const bare = mkdtempSync(join(folder, 'bare-'))
    expectError(await cli(['diff', bare, SAMPLE]), 3, /the folder has no snapshots/)
  })
})

describe('pipes', () => {
  it('reads standard input', async () => {
    const { readFileSync } = await import('node:fs')
    const fromFile = await cli(['top', SAMPLE])
    const fromPipe = await cli(['top', '-'], { input: readFileSync(SAMPLE) })
    expect(fromPipe.stdout).toBe(fromFile.stdout)
    expect(fromPipe.status).toBe(0)
  })

  it('ends quietly when the reader has seen enough', () => {
    const { status, stderr } = spawnSync(
      'bash',
      [
        '-o',
        'pipefail',
        '-c',
        `"${process.execPath}" "${main}" top "${SAMPLE}" --interval 1024 --limit 0 --group-by function | head -1`,
      ],
      { encoding: 'utf8' },
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('is text in a pipe, a table when asked for', async () => {
    expect((await cli(['top', SAMPLE, '--limit', '1'])).stdout).toMatch(
      /^\S.*: size=[\d.]+ KiB, count=~\d+.*\n$/,
    )
    expect((await cli(['top', SAMPLE, '--limit', '1', '--format', 'table'])).stdout).toMatch(/█/)
  })
})

describe('diff', () => {
  it('puts the leaking function first', async () => {
    const { stdout } = await cli(['diff', BEFORE, SAMPLE, '--group-by', 'function'])
    expect(stdout.split('\n')[0]).toMatch(/^(work|onEvent|remember) .*leak.cjs/)
  })

  it('filters', async () => {
    const all = JSON.parse((await cli(['top', SAMPLE, '--format', 'json', '--limit', '0'])).stdout)
      .snapshots[0]
    const filename = all.rows[0].filename as string
    const some = JSON.parse(
      (await cli(['top', SAMPLE, '--format', 'json', '--limit', '0', '--include', filename])).stdout,
    ).snapshots[0]
    const rest = JSON.parse(
      (await cli(['top', SAMPLE, '--format', 'json', '--limit', '0', '--exclude', filename])).stdout,
    ).snapshots[0]
    expect(some.rows.every((row: { filename: string }) => row.filename === filename)).toBe(true)
    expect(some.total.size + rest.total.size).toBe(all.total.size)
    expect(some.total.size).toBeGreaterThan(0)
    expect(rest.total.size).toBeGreaterThan(0)
  })
})

describe('info', () => {
  it('tells what the file is', async () => {
    const { stdout } = await cli(['info', SAMPLE])
    expect(stdout).toMatch(/^format: heapprofile/m)
    expect(stdout).toMatch(/^measured: live, sampled$/m)
    const json = JSON.parse((await cli(['info', SAMPLE, '--format', 'json'])).stdout).files[0]
    const total = JSON.parse((await cli(['top', SAMPLE, '--format', 'json'])).stdout).snapshots[0].total
    expect(json.snapshots[0].size).toBe(total.size)
  })
})

describe('convert', () => {
  it('says what is lost, and writes whole files only', async () => {
    const out = join(folder, 'x.pickle')
    const { status, stderr, stdout } = await cli(['convert', SAMPLE, out])
    expect([status, stdout]).toEqual([0, ''])
    expect(stderr).toMatch(/pickle does not keep .*function names/)
    const none = await cli(['convert', SAMPLE, join(folder, 'no', 'such', 'folder.pb.gz')])
    expect(none.status).not.toBe(0)
    expect(none.stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
