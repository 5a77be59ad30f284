import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpSnapshots, loadFile } from '../../src/formats/files.ts'
import { Frame } from '../../src/model/frame.ts'
import { snapshotFrom } from '../../src/model/from-traces.ts'
import { Trace } from '../../src/model/trace.ts'
import { Traceback } from '../../src/model/traceback.ts'
import { cli, root } from '../support/cli.ts'
import { nodeBinaries } from '../support/node-binaries.ts'

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'tracemalloc-annotate-')))
const program = join(dir, 'src', 'rewritten.cjs')
const file = join(dir, 'a.heapprofile')
afterAll(() => rmSync(dir, { recursive: true }))

beforeAll(() => {
  mkdirSync(join(dir, 'src'))
  copyFileSync(join(root, 'samples/programs/rewritten.cjs'), program)
  const flags = ['--no-turbo-inlining', '--no-maglev-inlining', '--heap-prof', '--heap-prof-interval=512']
  const node = [...nodeBinaries(root).values()].at(-1) as string
  execFileSync(node, [...flags, `--heap-prof-dir=${dir}`, '--heap-prof-name=a.heapprofile', program])
})

/** A dump of traces: bytes, and the frames of each, oldest first. */
async function dump(name: string, ...traces: [number, ...Frame[]][]): Promise<string> {
  const path = join(dir, name)
  const all = traces.map(([size, ...frames]) => new Trace(0, size, new Traceback(frames)))
  await dumpSnapshots([snapshotFrom(all, 9)], path)
  return path
}

const annotate = (...args: string[]) => cli(['annotate', ...args], { cwd: dir })

describe('annotate', () => {
  it('prints source with the memory of each line in front, the heaviest function first', async () => {
    const { stdout, stderr, status } = await annotate(
      file,
      '--interval',
      '512',
      '--sources',
      '--function',
      'points|triple',
    )
    expect({ stderr, status }).toEqual({
      stderr:
        'tracemalloc: note: + after a line: where the function starts; the line that allocates is not known\n',
      status: 0,
    })
    expect(stdout).toMatch(/^points \(\S+rewritten\.cjs:5\): size=\d+ KiB, count=~\d+, with calls=\d+ KiB$/m)
    expect(stdout).toMatch(/^ +\d+ KiB +[\d.]+% +~\d+ +\d+ KiB +8 {6}\$tm8_5\(keep, \$tm8_15\(i\)\)$/m)
    expect(stdout).toMatch(/^ +6 {4}for \(let i = 0; i < n; i\+\+\) \{$/m)
    const [first, second] = [...stdout.matchAll(/size=(\d+) KiB/g)].map(([, size]) => Number(size))
    expect(first).toBeGreaterThan(second)
  })

  it('adds up to what top shows', async () => {
    const { functions } = JSON.parse((await annotate(file, '--limit', '0', '--format', 'json')).stdout)
    const [snapshot] = (await loadFile(file)).snapshots
    const lines = snapshot.statistics('lineno').filter(({ key }) => key.filename === program)
    const sizes = new Map<string, number>()
    for (const { filename, lines } of functions as {
      filename: string
      lines: { lineno: number; exact: boolean; size: number }[]
    }[])
      for (const { lineno, exact, size } of lines) {
        const key = `${lineno} ${exact}`
        if (filename === program && size > 0) sizes.set(key, (sizes.get(key) ?? 0) + size)
      }
    expect([...sizes].sort()).toEqual(
      lines.map(({ key, size }) => [`${key.lineno} ${key.exact}`, size]).sort(),
    )
    const total = (name: string) =>
      functions.find((one: { function: string; total: number }) => one.function === name).total
    expect(total('triples')).toBeGreaterThan(total('triple'))
  })

  it('counts recursion once', async () => {
    const [f, g] = [new Frame('f.js', 4, 'f'), new Frame('f.js', 5, 'f')]
    const path = await dump('recursive.pb.gz', [1000, f, f, g])
    const [{ total, lines }] = JSON.parse((await annotate(path, '--format', 'json')).stdout).functions
    expect(total).toBe(1000)
    expect(lines).toEqual([
      { lineno: 4, exact: true, size: 0, count: 0, total: 1000 },
      { lineno: 5, exact: true, size: 1000, count: 1, total: 1000 },
    ])
  })

  it('opens no file unless the user has named it or its folder', async () => {
    const secret = join(dir, 'secret.js')
    writeFileSync(secret, 'const SECRET = 1\n')
    mkdirSync(join(dir, 'other'))
    const path = await dump('names.pb.gz', [1000, new Frame(secret, 1, 'f')])
    for (const args of [[], ['--sources=other']]) {
      const { stdout } = await annotate(path, ...args)
      expect(stdout).toMatch(/1000 B/)
      expect(stdout).not.toMatch('SECRET')
    }
    expect((await annotate(path)).stderr).toMatch(/no source is shown: --sources names the folder/)
    expect((await annotate(path, '--sources=other')).stderr).toMatch(
      /secret\.js is not in the folders and files that you named/,
    )
    for (const args of [['--sources'], ['--file', 'secret.js']])
      expect((await annotate(path, ...args)).stdout).toMatch(/1000 B .* 1 {2}const SECRET = 1$/m)
  })

  it('shows the difference of two', async () => {
    const [f, g] = [
      new Frame(program, 8, 'points', 5, true, 5, 16),
      new Frame(program, 15, 'triple', 29, true, 15, 16),
    ]
    const old = await dump('old.pb.gz', [4000, f], [500, g])
    const now = await dump('new.pb.gz', [1000, f], [900, f], [4500, g])
    const { stdout } = await annotate(old, now, '--sources', '--format', 'table')
    expect(stdout).toMatch(/^triple .*: size=4500 B \(\+4000 B\)/m)
    expect(stdout).toMatch(/^ *\+4000 B .* 4500 B +15 {2}function triple/m)
    expect(stdout).toMatch(/^ *-2100 B .* 1900 B +8 {6}\$tm8_5/m)
    expect(stdout.indexOf('triple')).toBeLessThan(stdout.indexOf('points'))
  })

  it('says that a file has changed since', async () => {
    const source = join(dir, 'changing.js')
    writeFileSync(source, 'a\nb\n')
    const path = await dump('later.pb.gz', [1000, new Frame(source, 40, 'f')])
    expect((await annotate(path, '--sources')).stderr).toMatch(
      /changing\.js has 3 lines, and line 40 allocated: it has changed since/,
    )
    const [snapshot] = (await loadFile(path)).snapshots
    const dated = join(dir, 'dated.pb.gz')
    await dumpSnapshots([snapshot.with({ meta: { time: 1e12 } })], dated)
    appendFileSync(source, 'c\n'.repeat(50))
    expect((await annotate(dated, '--sources')).stderr).toMatch(
      /changing\.js was changed after the snapshot was taken/,
    )
  })

  it('shows other alphabets and cuts long lines', async () => {
    const source = join(dir, 'späße.js')
    writeFileSync(source, `const 文字 = "größe"\n\tconst x = "${'y'.repeat(10_000)}"\n`)
    const path = await dump(
      'other.pb.gz',
      [1000, new Frame(source, 1, 'größe')],
      [10, new Frame(source, 2, 'größe')],
    )
    for (const format of ['text', 'table', 'markdown', 'json']) {
      const { stdout } = await annotate(path, '--sources', '--format', format)
      expect(stdout).toMatch('const 文字')
      expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThan(300)
    }
  })

  it('names what is wrong', async () => {
    expect(await annotate(file, '--function', '(')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/regular expression/i),
    })
    for (const format of ['text', 'table', 'markdown', 'json']) {
      const { status, stdout, stderr } = await annotate(file, '--function', 'nosuch', '--format', format)
      expect(status).toBe(0)
      expect(stdout + stderr).toMatch(/no function that has lines is left to show/)
    }
    expect(await annotate(file, file, file)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/old and a new one/),
    })
  })
})
