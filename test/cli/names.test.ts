// One file is one row in every command, however a bundler or server wrote its name; files keep what was read.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cli } from '../support/cli.ts'

const LONG = 60_000
let folder: string
const file = (name: string) => join(folder, name)

/** A profile as V8 writes it: `main` calls the functions, each of which holds bytes. */
function profile(
  calls: readonly (readonly [name: string, url: string, line: number, bytes: number])[],
): string {
  const frame = (functionName: string, url: string, line: number, scriptId: number) => ({
    callFrame: { functionName, scriptId: String(scriptId), url, lineNumber: line - 1, columnNumber: 0 },
  })
  const children = calls.map(([name, url, line, bytes], i) => ({
    ...frame(name, url, line, url === '' ? 0 : i + 2),
    selfSize: bytes,
    id: i + 2,
    children: [],
  }))
  const samples = calls.map(([, , , size], i) => ({ size, nodeId: i + 2, ordinal: i + 1 }))
  return JSON.stringify({ head: { ...frame('(root)', '', 0, 0), selfSize: 0, id: 1, children }, samples })
}

const LOADER = 'webpack-internal:///./node_modules/vue-loader/dist/index.js??ruleSet[1].rules[8].use[0]'
const CALLS = [
  ['add', 'file:///srv/dist/m.mjs?v=1', 5, 4000],
  ['add', 'file:///srv/dist/m.mjs?v=2', 5, 3000],
  ['fill', `${LOADER}!./src/Cart.vue?vue&type=script&lang=js`, 7, 2000],
  ['each', 'http://localhost:5173/node_modules/.vite/deps/lodash.js?v=1a2b', 9, 1000],
] as const

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-names-'))
  writeFileSync(file('a.heapprofile'), profile(CALLS))
  writeFileSync(
    file('b.heapprofile'),
    profile(CALLS.map(([name, url, line, size]) => [name, url.replace('?v=', '?v=9'), line, size * 2])),
  )
  writeFileSync(
    file('stripped.heapprofile'),
    profile([
      ['parse', '', 0, 2000],
      ['load', '', 0, 1000],
      ['parse', '', 0, 500],
    ]),
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function rows(args: readonly string[], cwd = folder) {
  const { stdout, stderr } = await cli([...args, '--format', 'json'], { cwd })
  expect(stderr).not.toContain('Error')
  return JSON.parse(stdout)
}
const brief = (list: { filename?: string; package?: string; lineno?: number; size: number }[]) =>
  list.map(
    row => `${row.package ?? row.filename}${row.lineno === undefined ? '' : `:${row.lineno}`} ${row.size}`,
  )

it('top', { timeout: LONG }, async () => {
  const top = async (...more: string[]) =>
    brief((await rows(['top', 'a.heapprofile', ...more])).snapshots[0].rows)
  const vite = 'http://localhost:5173/node_modules/.vite/deps/lodash.js'
  expect(await top('--group-by', 'filename')).toEqual([
    '/srv/dist/m.mjs 7000',
    'src/Cart.vue 2000',
    `${vite} 1000`,
  ])
  expect(await top('--group-by', 'lineno')).toEqual([
    '/srv/dist/m.mjs:5 7000',
    'src/Cart.vue:7 2000',
    `${vite}:9 1000`,
  ])
  expect(await top('--group-by', 'package')).toEqual(['<app> 9000', 'lodash 1000'])
  expect(await top('--group-by', 'filename', '--include', '*/m.mjs')).toEqual(['/srv/dist/m.mjs 7000'])
  expect(await top('--group-by', 'filename', '--exclude', '*node_modules*')).toHaveLength(2)
  expect(await top('--group-by', 'filename', '--app')).toContain('<not app> 1000')
})

it('diff and tree', { timeout: LONG }, async () => {
  const diff = await rows(['diff', 'a.heapprofile', 'b.heapprofile', '--group-by', 'filename'])
  expect(diff.snapshots[0].rows.map((row: { sizeDiff: number }) => row.sizeDiff)).toEqual([7000, 2000, 1000])
  const tree = await cli(['tree', 'a.heapprofile'], { cwd: folder })
  expect(tree.stdout.match(/m\.mjs/g)).toHaveLength(1)
})

it('batch and check', { timeout: LONG }, async () => {
  const batch = await cli(['batch', 'a.heapprofile', 'b.heapprofile', '--group-by', 'filename'], {
    cwd: folder,
  })
  expect(batch.stdout).toContain('/srv/dist/m.mjs')
  expect(batch.stdout).not.toContain('?v=')
  const config = {
    budgets: [
      { package: 'lodash', size: '1 MiB' },
      { path: 'dist/m.mjs', size: '1000' },
    ],
  }
  writeFileSync(file('tracemalloc.config.json'), JSON.stringify(config))
  const check = await cli(['check', 'a.heapprofile', 'b.heapprofile', '--interval', '16'], { cwd: folder })
  expect(check.stdout).toMatch(/package lodash/)
  expect(check.stdout).toMatch(/dist\/m\.mjs.*13\.7 KiB/)
  expect(check.status).toBe(1)
})

it.each(['pb.gz', 'ndjson', 'heapprofile'])(
  '%s keeps the names that were read',
  { timeout: LONG },
  async ending => {
    await cli(['convert', 'a.heapprofile', `out.${ending}`], { cwd: folder })
    await cli(['convert', `out.${ending}`, 'back.ndjson'], { cwd: folder })
    const text = readFileSync(file('back.ndjson'), 'utf8')
    expect(text).toContain('/srv/dist/m.mjs?v=1"')
    expect(text).toContain('/srv/dist/m.mjs?v=2"')
    expect(text).toContain(LOADER)
    expect(brief((await rows(['top', `out.${ending}`, '--group-by', 'filename'])).snapshots[0].rows)[0]).toBe(
      '/srv/dist/m.mjs 7000',
    )
  },
)

it('functions of a profile without file names are told apart', { timeout: LONG }, async () => {
  const { stdout } = await cli(['top', 'stripped.heapprofile'], { cwd: folder })
  expect(stdout).toMatch(/parse.*2500 B/)
  expect(stdout).toMatch(/load.*1000 B/)
})
