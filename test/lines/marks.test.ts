import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpSnapshots, loadFile } from '../../src/formats/files.ts'
import { cli, root } from '../support/cli.ts'
import { nodeBinaries } from '../support/node-binaries.ts'

const rewritten = join(root, 'samples/programs/rewritten.cjs')
const dir = mkdtempSync(join(tmpdir(), 'tracemalloc-marks-'))
const file = join(dir, 'rewritten.heapprofile')
const FUNCTIONS = 'samples/heapprofile/leak-node26-i1024-after.heapprofile'
const PYTHON = 'samples/pickle/names-protocol0.pickle'
const STARTS = 'each line is where a function starts: V8 tells no more'
const MIXED = 'where the function starts; the line that allocates is not known'

beforeAll(() => {
  const flags = ['--no-turbo-inlining', '--no-maglev-inlining', '--heap-prof', '--heap-prof-interval=512']
  const node = [...nodeBinaries(root).values()].at(-1) as string
  execFileSync(node, [
    ...flags,
    `--heap-prof-dir=${dir}`,
    '--heap-prof-name=rewritten.heapprofile',
    rewritten,
  ])
})
afterAll(() => rmSync(dir, { recursive: true }))

const own = ['--include', rewritten, '--interval', '512']

describe('a line that is not exact', () => {
  it('has the name of its function behind it, and one note says what that means', async () => {
    const { stdout, stderr } = await cli(['top', file, ...own])
    expect(stdout).toMatch(/rewritten\.cjs:15: size=/)
    expect(stdout).toMatch(/rewritten\.cjs:4 \(Point\): size=/)
    expect(stderr).toBe(`tracemalloc: note: a function's name after a line: ${MIXED}\n`)
    for (const format of ['table', 'markdown']) {
      const { stdout } = await cli(['top', file, ...own, '--format', format])
      expect(stdout.split(MIXED)).toHaveLength(2)
    }
  })

  it('has no note where none is shown', async () => {
    for (const args of [
      ['top', file, '--include', `${rewritten}:8`, '--interval', '512'],
      ['top', PYTHON],
    ]) {
      const { stdout, stderr } = await cli(args)
      expect(stdout).toMatch(/:\d+: size=/)
      expect(stderr).toBe('')
    }
    const { stderr } = await cli(['top', FUNCTIONS, '--group-by', 'function', '--interval', '1024'])
    expect(stderr).toBe('')
  })

  it('has another note where no line is exact, which says how to get lines', async () => {
    for (const args of [
      ['top', FUNCTIONS],
      ['diff', FUNCTIONS, FUNCTIONS],
      ['tree', FUNCTIONS],
      ['batch', FUNCTIONS, FUNCTIONS],
    ]) {
      const { stderr, stdout } = await cli(args[0] === 'batch' ? [...args, '--format', 'markdown'] : args)
      expect(`${stdout}${stderr}`.split(STARTS).length, args[0]).toBe(args[0] === 'batch' ? 1 : 2)
    }
  })

  it('says so in JSON and CSV', async () => {
    const { rows } = JSON.parse((await cli(['top', file, ...own, '--format', 'json'])).stdout).snapshots[0]
    const lines = rows.map(
      (row: { lineno: number; function: string; exact: boolean }) =>
        `${row.function}:${row.lineno} ${row.exact}`,
    )
    expect(lines).toEqual(expect.arrayContaining(['triple:15 true', 'Point:4 false']))
    const csv = (await cli(['top', file, ...own, '--format', 'csv'])).stdout.split('\n')
    const at = csv[0].split(',').indexOf('exact')
    expect(csv.find(row => row.includes(',15,'))?.split(',')[at]).toBe('true')
    const traced = (await cli(['top', file, ...own, '--format', 'csv', '--group-by', 'traceback'])).stdout
    expect(traced).toMatch(/rewritten\.cjs:8 \(points\)/)
    expect(traced).toMatch(/rewritten\.cjs:7 \(points\) > \S+rewritten\.cjs:4\+ \(Point\)/)
  })

  it('has a mark in a tree', async () => {
    const { stdout, stderr } = await cli(['tree', file, ...own])
    expect(stdout).toMatch(/points \(\S+:8\): size=/)
    expect(stdout).toMatch(/Point \(\S+:4\+\): size=/)
    expect(stderr).toBe(`tracemalloc: note: + after a line: ${MIXED}\n`)
    expect((await cli(['tree', file, ...own, '--format', 'table'])).stdout.split(MIXED)).toHaveLength(2)
    const { rows } = JSON.parse((await cli(['tree', file, '--format', 'json'])).stdout).snapshots[0]
    expect(rows.find((row: { function: string }) => row.function === 'Point')).toMatchObject({
      lineno: 4,
      exact: false,
    })
  })

  it('has its function in a traceback, as before', async () => {
    const { stdout } = await cli(['top', file, ...own, '--group-by', 'traceback'])
    expect(stdout).toMatch(/^ {2}File "\S+rewritten\.cjs", line 12$/m)
    expect(stdout).toMatch(/^ {2}File "\S+rewritten\.cjs", line 4, in Point$/m)
  })
})

it('info says the share of bytes with exact lines', async () => {
  const { stdout } = await cli(['info', file])
  expect(Number(/^exact lines: ([\d.]+) % /m.exec(stdout)?.[1])).toBeGreaterThan(60)
  expect((await cli(['info', FUNCTIONS])).stdout).toMatch(/^exact lines: 0\.0 % /m)
  expect((await cli(['info', PYTHON])).stdout).toMatch(/^exact lines: 100\.0 % /m)
})

describe('dumps', () => {
  it.each(['pb.gz', 'ndjson'])(
    '%s keeps which lines are exact, and where their functions start',
    async ending => {
      const [snapshot] = (await loadFile(file)).snapshots
      const path = join(dir, `again.${ending}`)
      await dumpSnapshots([snapshot], path)
      const [again] = (await loadFile(path)).snapshots
      const frames = (of: typeof snapshot) =>
        [...of.traces].map(({ size, traceback }) => JSON.stringify([size, traceback.frames])).sort()
      expect(frames(again)).toEqual(frames(snapshot))
      expect(JSON.stringify(frames(again))).toMatch(/startLine\\":14|startLine\\\\":5|startLine/)
      expect(again.statistics('function').map(s => [s.label, s.size])).toEqual(
        snapshot.statistics('function').map(s => [s.label, s.size]),
      )
    },
  )
})

it('a budget of a line that is exceeded is annotated on that line', async () => {
  const config = join(dir, 'config.json')
  for (const limit of [{ size: '100 KiB' }, { growth: '100 KiB' }]) {
    writeFileSync(
      config,
      JSON.stringify({ budgets: [{ line: 'samples/programs/rewritten.cjs:8', ...limit }] }),
    )
    const { stdout, status } = await cli(['check', FUNCTIONS, file, '--format', 'github', '--config', config])
    expect(status).toBe(1)
    expect(stdout).toMatch(/^::error file=samples\/programs\/rewritten\.cjs,line=8,title=tracemalloc::/m)
  }
})
