import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli, root } from '../support/cli.ts'

const BUNDLE = join(root, 'samples/programs/bundle')

let folder: string
let file: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'maps-cli-')))
  const options = ['--heap-prof', '--heap-prof-interval=512', '--heap-prof-name=x.heapprofile']
  execFileSync(process.execPath, [...options, join(BUNDLE, 'app.min.mjs')], { cwd: folder })
  file = join(folder, 'x.heapprofile')
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('the bundle is what its sources make', async () => {
  const { outputFiles } = await build({
    entryPoints: [join(BUNDLE, 'main.ts')],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    sourcemap: true,
    outfile: join(BUNDLE, 'app.min.mjs'),
    write: false,
  })
  for (const { path, text } of outputFiles) expect(readFileSync(path, 'utf8')).toBe(text)
})

describe('--source-maps', () => {
  it('shows original files, lines and functions', async () => {
    const { status, stdout, stderr } = await cli([
      'top',
      file,
      `--source-maps=${BUNDLE}`,
      '--group-by',
      'function',
    ])
    expect(status).toBe(0)
    expect(stdout).toContain(`makePage (${BUNDLE}/store.ts:39): size=`)
    expect(stdout).toContain(`makeCells (${BUNDLE}/store.ts:31): size=`)
    expect(stderr).toMatch(/^tracemalloc: .*x\.heapprofile: source maps: \d+ of \d+ frames mapped\n/)
    expect(stderr).toContain(
      `  1 of ${BUNDLE}/app.min.mjs: the top level of a script made of several files\n`,
    )
  })
  it('alone means the working folder, and takes no file', async () => {
    const inBundle = await cli(['top', '--source-maps', file], { cwd: BUNDLE })
    expect(inBundle.stdout).toContain('store.ts:39')
    const elsewhere = await cli(['top', '--source-maps', file], { cwd: folder })
    expect(elsewhere.stdout).toContain('app.min.mjs:1')
    expect(elsewhere.stderr).toMatch(/source maps: 0 of \d+ frames mapped/)
    expect(elsewhere.stderr).toContain('neither it nor a map of it is in the given folders')
  })
  it('filters see original names', async () => {
    const { stdout } = await cli([
      'top',
      file,
      `--source-maps=${BUNDLE}`,
      '--include',
      '*/store.ts',
      '--group-by=filename',
    ])
    expect(stdout).toMatch(/^.*\/store\.ts:0: size=.*\n$/)
  })
  it('maps both sides of a diff, and says it once', async () => {
    const { stdout, stderr } = await cli(['diff', file, file, `--source-maps=${BUNDLE}`])
    expect(stdout).toContain('store.ts')
    expect(stderr.match(/the top level/g)).toHaveLength(1)
  })
  it('can be kept: convert', async () => {
    const out = join(folder, 'mapped.pb.gz')
    expect((await cli(['convert', file, out, `--source-maps=${BUNDLE}`, '--app'])).status).toBe(0)
    const { stdout } = await cli(['top', out, '--group-by', 'function'])
    expect(stdout).toContain('makePage (')
    expect(stdout).not.toContain('node:')
  })
  it('a folder must be one', async () => {
    const { status, stderr } = await cli(['top', file, '--source-maps=/no/such/folder'])
    expect(status).toBe(2)
    expect(stderr).toBe('tracemalloc: no such folder: /no/such/folder\n')
  })
})

describe('--sources', () => {
  const traceback = ['top', '--group-by', 'traceback', '--limit', '1']
  it('shows lines from the map', async () => {
    const { stdout } = await cli([...traceback, file, `--source-maps=${BUNDLE}`, '--sources'], {
      cwd: folder,
    })
    expect(stdout).toMatch(/^ {2}File ".*\/store\.ts", line \d+, in \w+\n {4}\S/m)
  })
  it('shows lines from the disk, cut, in the folder only', async () => {
    const { stdout } = await cli([...traceback, file, `--sources=${BUNDLE}`])
    expect(stdout).toMatch(/\n {4}\S.{150,}\.\.\.\n/)
    const elsewhere = await cli([...traceback, file, '--sources'], { cwd: folder })
    expect(elsewhere.stdout).not.toMatch(/^ {4}\S/m)
  })
  it('are not shown unless asked for', async () => {
    const { stdout } = await cli([...traceback, file, `--source-maps=${BUNDLE}`])
    expect(stdout).not.toMatch(/^ {4}\S/m)
  })
})

describe('--redact and --strip-check', () => {
  it('nothing of the folders is left', { timeout: 60_000 }, async () => {
    for (const [how, format] of [
      ['--redact', 'folded'],
      ['--redact=base', 'pprof'],
      ['--redact=hash', 'csv'],
      ['--redact=hash', 'ndjson'],
    ]) {
      const out = join(folder, 'redacted')
      expect((await cli(['convert', file, out, how, '--to', format])).status).toBe(0)
      const { stdout } = await cli(['convert', out, '--to', 'ndjson'])
      expect(stdout.includes('.mjs')).toBe(true)
      expect(stdout.includes('/programs') || stdout.includes(root)).toBe(false)
    }
  })
  it('--sources would show what is hidden', async () => {
    const { status, stderr } = await cli(['top', file, '--redact', '--sources'])
    expect(status).toBe(2)
    expect(stderr).toBe(
      'tracemalloc: --sources and --redact exclude each other: one shows what the other hides\n',
    )
  })
  it('says what a file holds', async () => {
    const page = 'samples/heapprofile/chromium156-page.heapprofile'
    const { stdout } = await cli(['info', page, '--strip-check'])
    expect(stdout).toContain('host names: yes, 1 found (localhost)\n')
    const out = join(folder, 'page.pb.gz')
    await cli(['convert', page, out, '--redact'])
    expect((await cli(['info', out, '--strip-check'])).stdout).toContain('host names: none found\n')
    const json = JSON.parse((await cli(['info', page, '--strip-check', '--format', 'json'])).stdout).files[0]
    expect(json.strip.hostNames).toEqual({ held: 'scan', found: 1, examples: ['localhost'] })
  })
  it('reads twice, so takes no pipe', async () => {
    expect((await cli(['info', '-', '--strip-check'], { input: '{}' })).status).toBe(2)
  })
})

it('--app hides packages and the runtime', async () => {
  const { stdout } = await cli(['top', file, '--app', '--group-by', 'package', '--limit', '0'])
  expect(stdout).toMatch(/^<app>: size=.*\n$/)
})
