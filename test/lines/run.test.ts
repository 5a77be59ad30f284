import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { BREAK, FREEZE } from '../support/changed-globals.ts'
import { dumps, folder, it, NODES, run, toolEnds } from '../support/nodes.ts'
import { COMMONJS, LOADER, LOADER_THREAD, MAKE, MODULE, PART, SELF } from './programs.ts'

const ses = createRequire(import.meta.url).resolve('ses')
const ENDS = [NODES[0], NODES.at(-1)!]

/** Writes files and returns their folder. */
function files(texts: Record<string, string>): string {
  const dir = folder()
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(join(dir, name, '..'), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

/** Runs a program of a folder with lines; its own cache makes it the first to be rewritten. */
async function traced(dir: string, name: string, node: string, options: string[] = [], env = {}) {
  const args = ['run', '--interval', '2048', '--out', join(dir, 'out'), ...options, join(dir, name)]
  const ended = await toolEnds(args, node, { XDG_CACHE_HOME: join(dir, 'cache'), ...env })
  const names = dumps(join(dir, 'out'))
  const snapshots = await Promise.all(names.map(name => loadSnapshot(join(dir, 'out', name))))
  snapshots.sort((a, b) => (a.meta.time ?? 0) - (b.meta.time ?? 0))
  return { ...ended, snapshots, snapshot: snapshots[0] }
}

/** Kilobytes by file and line, of exact lines only. */
function lines(snapshot: Snapshot): Record<string, number> {
  const sizes: Record<string, number> = {}
  for (const { traceback, size } of snapshot.statistics('lineno')) {
    const frame = traceback.at(0)!
    const name = `${frame.filename.split('/').at(-1)}:${frame.lineno}`
    if (frame.exact && size > 50_000) sizes[name] = Math.round(size / 1000)
  }
  return sizes
}

/** The true sizes, in kilobytes, of 20,000 of each: objects are smaller where pointers are compressed. */
const COMMONJS_LINES = {
  'app.cjs:5': expect.toSatisfy(near(1600)),
  'app.cjs:7': expect.toSatisfy(near(1280)),
}

function near(kilobytes: number): (value: number) => boolean {
  return value => value > 0.7 * kilobytes && value < 1.6 * kilobytes
}

describe.concurrent.each(ENDS)('run --lines on Node %s', (_, node) => {
  it('names the lines of CommonJS', async () => {
    const dir = files({ 'app.cjs': COMMONJS })
    const { code, snapshot } = await traced(dir, 'app.cjs', node, ['--lines=own'])
    expect(code).toBe(0)
    expect(lines(snapshot)).toMatchObject(COMMONJS_LINES)
  })

  it('names the lines of ES modules and what they import', async () => {
    const dir = files({ 'app.mjs': MODULE, 'make.mjs': MAKE, 'part.cjs': PART })
    const { snapshot } = await traced(dir, 'app.mjs', node, ['--lines=own'])
    expect(Object.keys(lines(snapshot))).toEqual(
      expect.arrayContaining(['make.mjs:2', 'make.mjs:3', 'part.cjs:4']),
    )
  })

  it('names the lines of worker threads', async () => {
    const app = `new (require('worker_threads').Worker)(require('path').join(__dirname, 'work.cjs'))\n`
    const dir = files({ 'app.cjs': app, 'work.cjs': COMMONJS })
    const { snapshots } = await traced(dir, 'app.cjs', node, ['--lines=own'])
    const worker = snapshots.find(({ meta }) => meta.isolate !== 'main')
    expect(Object.keys(lines(worker!))).toEqual(expect.arrayContaining(['work.cjs:5', 'work.cjs:7']))
  })

  it('leaves node_modules alone unless it is told otherwise', async () => {
    const dir = files({ 'app.cjs': "require('pack')\n", 'node_modules/pack/index.js': COMMONJS })
    expect(lines((await traced(dir, 'app.cjs', node, ['--lines=own'])).snapshot)).toEqual({})
    const named = async (lines_: string) =>
      Object.keys(lines((await traced(dir, 'app.cjs', node, [`--lines=${lines_}`])).snapshots.at(-1)!))
    expect(await named('all')).toContain('index.js:5')
    expect(await named('pack/*.js')).toContain('index.js:5')
  })

  it('shows a program its own stack traces and texts', async () => {
    const dir = files({ 'self.cjs': SELF })
    const plain = await traced(dir, 'self.cjs', node, ['--no-lines'])
    const rewritten = await traced(dir, 'self.cjs', node, ['--lines=own'])
    expect(rewritten.stdout).toBe(plain.stdout)
    expect(rewritten.code).toBe(0)
  })

  it('prints uncaught errors with the original line', async () => {
    const dir = files({
      'made.cjs': 'const u = {}\nsetTimeout(() => { u.foo([1]) }, 1)\n',
      'thrown.cjs':
        "function fail(x) {\n\tthrow Object.assign(new Error('boom'), { code: 'E' })\n}\nfail([1])\n",
      'module.mjs': 'const u = { a: [] }\nu.a.map(x => x)\nu.b.c(1)\n',
    })
    for (const name of ['made.cjs', 'thrown.cjs', 'module.mjs']) {
      const child = run(node, [join(dir, name)])
      await child.ended
      const { stderr, code } = await traced(dir, name, node, ['--lines=own'])
      const ofProgram = (line: string) => !line.startsWith('tracemalloc: ')
      const head = (text: string) => text.split('\n').filter(ofProgram).slice(0, 6).join('\n').trim()
      expect(head(stderr)).toBe(head(child.stderr))
      expect(stderr).toContain(`\n\nNode.js ${/Node\.js (\S+)/.exec(child.stderr)![1]}\n`)
      expect(code).toBe(1)
    }
  })

  it('is not disturbed by a program that freezes or changes built-ins', async () => {
    for (const [name, change] of [
      ['freeze', FREEZE],
      ['lockdown', `require(${JSON.stringify(ses)}); lockdown()`],
      ['break', BREAK],
    ]) {
      const dir = files({
        'app.cjs':
          name === 'break' ? `require('./grow.cjs'); ${change}\n` : `${change}; require('./grow.cjs')\n`,
        'grow.cjs': COMMONJS.replace("process.on('exit', () => kept)", 'module.exports = kept'),
      })
      const plain = await run(node, [join(dir, 'app.cjs')]).ended
      const { code, stderr, snapshot } = await traced(dir, 'app.cjs', node, ['--lines=own'])
      expect(code, `${name}: ${stderr}`).toBe(plain.code)
      expect(stderr, name).not.toMatch(/changed|functions only/)
      expect(Object.keys(lines(snapshot)), name).toEqual(expect.arrayContaining(['grow.cjs:5', 'grow.cjs:7']))
    }
  })

  it('rewrites a file once, whatever happens to the cache', async () => {
    const dir = files({ 'app.cjs': COMMONJS, file: '' })
    const cached = () => readdirSync(join(dir, 'cache/tracemalloc'))
    await traced(dir, 'app.cjs', node, ['--lines=own'])
    const names = cached().filter(name =>
      readFileSync(join(dir, 'cache/tracemalloc', name), 'utf8').includes('$tm5_'),
    )
    expect(names).toHaveLength(1)
    const path = join(dir, 'cache/tracemalloc', names[0])
    // What is there is used, but not half of it.
    const text = readFileSync(path, 'utf8')
    for (const spoilt of [text.slice(0, -10), '', 'null', '{"length":1}\n']) {
      writeFileSync(path, spoilt)
      expect(lines((await traced(dir, 'app.cjs', node, ['--lines=own'])).snapshots.at(-1)!)).toMatchObject(
        COMMONJS_LINES,
      )
    }
    expect(readFileSync(path, 'utf8')).toBe(text)
    const nowhere = { XDG_CACHE_HOME: join(dir, 'file'), HOME: join(dir, 'file'), TMPDIR: join(dir, 'file') }
    const { snapshots, code } = await traced(dir, 'app.cjs', node, ['--lines=own'], nowhere)
    expect([lines(snapshots.at(-1)!), code]).toMatchObject([COMMONJS_LINES, 0])
  })

  it('names the lines of TypeScript that a loader compiles, by the map in its output', async () => {
    const dir = files({
      'app.ts':
        "import { make } from './make.ts'\nconst kept: unknown[] = ((globalThis as any).kept = [])\nfor (let i = 0; i < 20000; i++)\n  kept.push(make(i))\n",
      'make.ts':
        'interface Made {\n  list: number[]\n}\n\nexport function make(i: number): Made {\n\n  return {\n    list: [i, i],\n  }\n}\n',
      'loader.mjs': LOADER,
      'loader-thread.mjs': LOADER_THREAD,
    })
    const options = ['--lines=own', '--node-options', `--import ${join(dir, 'loader.mjs')}`]
    const { snapshot, stderr } = await traced(dir, 'app.ts', node, options)
    expect(Object.keys(lines(snapshot)), stderr).toEqual(expect.arrayContaining(['make.ts:7', 'app.ts:4']))
  })

  it('measures the lines of what held the most the last time', async () => {
    const dir = files({ 'app.cjs': "require('pack')\n", 'node_modules/pack/index.js': COMMONJS })
    const first = await traced(dir, 'app.cjs', node, ['--lines=auto'])
    expect(lines(first.snapshots.at(-1)!)).toEqual({})
    expect(first.stderr).toContain('functions only: auto knows no earlier run of this program\n')
    for (const _ of ['second', 'third']) {
      const { snapshots, stderr } = await traced(dir, 'app.cjs', node, ['--lines=auto'])
      expect(Object.keys(lines(snapshots.at(-1)!))).toContain('index.js:5')
      expect(stderr).not.toContain('functions only')
    }
  })

  it('says which files are measured by function only, and why', async () => {
    const dir = files({ 'app.cjs': "require('./odd.cjs')\n", 'odd.cjs': `${COMMONJS}const $tm1_1 = 1\n` })
    const { stderr, snapshot } = await traced(dir, 'app.cjs', node, ['--lines=own'])
    const note = `functions only: ${join(dir, 'odd.cjs')}: uses names that begin with $tm`
    expect(snapshot.meta.notes).toContain(note)
    expect(stderr).toContain(`tracemalloc: ${note}\n`)
    const covered = await traced(dir, 'app.cjs', node, ['--lines=own'], {
      NODE_V8_COVERAGE: join(dir, 'coverage'),
    })
    expect(covered.stderr).toContain('tracemalloc: functions only: NODE_V8_COVERAGE')
  })

  it('measures lines in child processes and without run', async () => {
    const app = "require('child_process').execFileSync(process.execPath, [__dirname + '/grow.cjs'])\n"
    const dir = files({ 'app.cjs': app, 'grow.cjs': COMMONJS })
    const { snapshots } = await traced(dir, 'app.cjs', node, ['--lines=own', '--children'])
    expect(snapshots.some(snapshot => 'grow.cjs:5' in lines(snapshot))).toBe(true)
    const out = join(dir, 'alone')
    const register = new URL('../../dist/src/register.js', import.meta.url).href
    await run(node, ['--import', register, join(dir, 'grow.cjs')], {
      env: {
        TRACEMALLOC_DIR: out,
        TRACEMALLOC_LINES: '1',
        TRACEMALLOC_INTERVAL: '2048',
        XDG_CACHE_HOME: join(dir, 'cache'),
      },
    }).ended
    expect(Object.keys(lines(await loadSnapshot(join(out, dumps(out)[0]))))).toEqual([
      'grow.cjs:5',
      'grow.cjs:7',
    ])
  })
})

describe.concurrent('run --lines on Node that runs TypeScript', () => {
  it.each(NODES.filter(([major]) => Number(major) >= 22))(
    'names the lines of TypeScript on Node %s',
    async (_, node) => {
      const typed = COMMONJS.replace('(n) {', '(n: number) {').replace('kept = []', 'kept: unknown[] = []')
      const dir = files({
        'app.cts': typed.replace('{ constructor(x)', '{ x: unknown; constructor(x: unknown)'),
        'make.mts': MAKE.replace('(i)', '(i: number)'),
        'app.mts': MODULE.replace('mjs', 'mts').replace("import './part.cjs'", 'type N = number'),
      })
      expect(lines((await traced(dir, 'app.cts', node, ['--lines=own'])).snapshot)).toMatchObject({
        'app.cts:5': expect.anything(),
        'app.cts:7': expect.anything(),
      })
      expect(
        Object.keys(lines((await traced(dir, 'app.mts', node, ['--lines=own'])).snapshots.at(-1)!)),
      ).toContain('make.mts:3')
    },
  )
})
