import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { root } from '../support/cli.ts'
import { dumps, folder, it, NEWEST, NODES, OLDEST, run } from '../support/nodes.ts'

const page = readFileSync(join(root, 'docs/library.md'), 'utf8')
const examples = [...page.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(match => match[1])
const ENDS = [...new Map([NODES[0], NODES.at(-1)!]).entries()]

/** Runs a program that can import the library by its name. */
async function runs(node: string, text: string, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []) {
  const cwd = folder()
  mkdirSync(join(cwd, 'node_modules'))
  symlinkSync(root, join(cwd, 'node_modules/tracemalloc'))
  writeFileSync(join(cwd, 'app.mjs'), text)
  const running = run(node, [...args, 'app.mjs'], { cwd, env })
  return { ...(await running.ended), cwd, stdout: running.stdout, stderr: running.stderr }
}

const registered = ['--import', 'tracemalloc/register']
const REPORT = `import * as t from 'tracemalloc'
globalThis.kept = Array.from({ length: 30000 }, (_, i) => ({ i, text: [i] }))
console.log(JSON.stringify({ on: t.isTracing(), limit: t.getTracebackLimit(), meta: t.isTracing() && (await t.takeSnapshot()).meta }))`

describe.concurrent.each(ENDS)('the library on Node %s', (_, node) => {
  it.each(examples.map((text, i) => [i + 1, text] as const))(
    'runs the documented example %i',
    async (i, text) => {
      const { code, stdout, stderr } = await runs(node, text)
      expect(stderr).toBe('')
      expect(code).toBe(0)
      if (i === 1) expect(stdout.split('\n')[0]).toMatch(/app\.mjs:\d+ \(remember\): size=.*\(\+/)
    },
  )

  it('has the words and the zeros of Python while it is off', async () => {
    const { stdout } = await runs(
      node,
      `import * as t from 'tracemalloc'
      console.log(JSON.stringify([t.isTracing(), t.getTracedMemory(), t.getTracemallocMemory(), t.getTracebackLimit()]))
      t.stop(); t.clearTraces(); t.resetPeak()
      await t.takeSnapshot().catch(error => console.log(error.message))
      for (const n of [0, 129, 1.5]) try { t.start(n) } catch (error) { console.log(error.message) }`,
    )
    expect(stdout.trimEnd().split('\n')).toEqual([
      '[false,[0,0],0,128]',
      'the tracemalloc module must be tracing memory allocations to take a snapshot',
      'the number of frames must be in range [1; 128], not 0',
      'the number of frames must be in range [1; 128], not 129',
      'the number of frames must be in range [1; 128], not 1.5',
    ])
  })

  it('tells the calls that tracked a block, and can be required', async () => {
    const { stdout, stderr } = await runs(
      node,
      `import { createRequire } from 'node:module'
      import * as t from 'tracemalloc'
      const required = createRequire(import.meta.url)('tracemalloc')
      t.start()
      const key = {}
      function remember() { t.track(7, key, 100) }
      remember()
      console.log(required.start === t.start)
      console.log(String(t.getTrackedTraceback(7, key).at(-1)).replace(/^.*\\//, ''), t.getTrackedTraceback(7, key).at(-1).functionName)
      console.log(t.getTrackedTraceback(8, key))
      t.stop()
      console.log(t.getTrackedTraceback(7, key))`,
    )
    expect(stderr).toBe('')
    expect(stdout.trimEnd().split('\n')).toEqual(['true', 'app.mjs:6 remember', 'undefined', 'undefined'])
  })

  it('sees each object apart in hot code in the mode exact, also where frames are not stable', async () => {
    const { stdout } = await runs(
      node,
      `import v8 from 'node:v8'
      import { start, takeSnapshot } from 'tracemalloc'
      v8.setFlagsFromString('--no-concurrent-recompilation') // what is compiled meanwhile would still fold
      function make(n) { const all = new Array(n); for (let i = 0; i < n; i++) all[i] = { i }; return all }
      for (let i = 0; i < 200; i++) make(5000)
      start(undefined, { mode: 'exact', stableFrames: false })
      const all = make(1e6), kept = [] // V8's own objects made meanwhile, some 80 KB, are to count for little
      for (let i = 3; i < all.length; i += 4) kept.push(all[i])
      all.length = 0
      const { size, count } = (await takeSnapshot()).statistics('function').find(row => /make/.test(row.label))
      console.log(JSON.stringify({ size: size / kept.length, count: count / kept.length }))`,
      { VITEST: undefined }, // whose coverage we would end, and so leave code that is compiled as it is
    )
    const { size, count } = JSON.parse(stdout)
    expect(size).toBeGreaterThan(31.9) // 32 bytes each; folded, the other three of four would be held as well
    expect(size).toBeLessThan(33)
    expect(count).toBeCloseTo(1, 1)
  })

  it('says that exact sizes are of what V8 allocates in one block', async () => {
    const { stdout } = await runs(
      node,
      `import { start, takeSnapshot } from 'tracemalloc'
      start(undefined, { mode: 'exact' })
      const kept = []
      for (let i = 0; i < 500; i++) kept.push(Array(2000).fill(0.5))
      const snapshot = await takeSnapshot()
      const [row] = snapshot.statistics('lineno')
      console.log(JSON.stringify({ text: String(row), size: row.size / 500, notes: snapshot.meta.notes }))`,
    )
    const { text, size, notes } = JSON.parse(stdout)
    expect(size).toBeGreaterThan(16_000)
    expect(text).toMatch(/count=~/)
    expect(notes.join()).toMatch(/sizes can read high/)
  })

  it('counts every object at interval 1, and knows current and peak', async () => {
    const { stdout } = await runs(
      node,
      `import * as t from 'tracemalloc'
      t.start(128, { mode: 'exact' })
      t.start(2) // no effect: it is on
      class Thing { a = 1.5; b = 2.5 }
      function make() { const all = []; for (let i = 0; i < 20000; i++) all.push(new Thing()); return all }
      let kept = make()
      const snapshot = await t.takeSnapshot()
      const [high] = t.getTracedMemory()
      kept = null
      const [low, peak] = t.getTracedMemory()
      t.resetPeak()
      const [, reset] = t.getTracedMemory()
      const before = t.getTracemallocMemory()
      t.clearTraces()
      const [cleared] = t.getTracedMemory()
      const counts = snapshot.statistics('function').filter(s => /Thing|make|initializer/.test(s.label)).map(s => s.count)
      console.log(JSON.stringify({ high, low, peak, reset, cleared, before, limit: t.getTracebackLimit(),
        count: counts.reduce((a, b) => a + b, 0), meta: snapshot.meta.accuracy }))`,
    )
    const figures = JSON.parse(stdout)
    expect(figures).toMatchObject({ limit: 128, meta: 'exact' })
    expect(figures.count).toBeGreaterThanOrEqual(20_000) // and their fields' numbers, where V8 boxes them
    expect(figures.low).toBeLessThan(figures.high)
    expect(figures.peak).toBeGreaterThanOrEqual(figures.high)
    expect(figures.reset).toBeLessThan(figures.peak)
    expect(figures.cleared).toBeLessThan(figures.low)
    expect(figures.before).toBeGreaterThan(0)
  })

  it("counts tracked memory at its caller's line, as CPython's C API does", async () => {
    const { stdout, stderr } = await runs(
      node,
      `import * as t from 'tracemalloc'
      const says = []
      says.push(t.track(7, 1, 10), t.untrack(7, 1)) // off
      t.start(2)
      const key = {}
      function load(size) {
        return t.track(7, key, size)
      }
      const outer = size => load(size)
      const [before] = t.getTracedMemory()
      says.push(outer(2e8), outer(1e8), t.track(7, 'text', 24), t.track(8, 'text', 8), t.untrack(7, 'other'))
      const [after] = t.getTracedMemory()
      const rows = (snapshot, domain) => [...snapshot.traces].filter(trace => trace.domain === domain)
        .map(({ size, count, traceback }) => [size, count, traceback.frames.filter(f => f.filename.endsWith('app.mjs')).map(f => [f.lineno, f.functionName, f.exact])])
      const first = await t.takeSnapshot()
      t.untrack(7, key)
      t.untrack(7, 'text')
      const second = await t.takeSnapshot()
      t.clearTraces()
      const third = await t.takeSnapshot()
      const wrong = [[-1, 1, 1], [2 ** 32, 1, 1], [1, 1, -1], [1, 1, 0.5]].map(args => {
        try { t.track(...args) } catch (error) { return error.message }
      })
      console.log(JSON.stringify({ says, grown: after - before, seven: rows(first, 7), eight: rows(first, 8),
        second: rows(second, 7), third: rows(third, 8), wrong }))`,
    )
    expect(stderr).toBe('')
    const { says, grown, seven, eight, second, third, wrong } = JSON.parse(stdout)
    expect(says).toEqual([false, false, true, true, true, true, true])
    expect(Math.abs(grown / 1e8 - 1)).toBeLessThan(0.1)
    expect(seven).toHaveLength(2)
    expect(seven).toContainEqual([
      1e8,
      1,
      [
        [9, 'outer', true],
        [7, 'load', true],
      ],
    ])
    expect(seven).toContainEqual([24, 1, [[11, '', true]]])
    expect(eight).toEqual([[8, 1, [[11, '', true]]]])
    expect([second, third]).toEqual([[], []])
    expect(wrong).toEqual([
      'the domain must be a whole number in range [0; 4294967295], not -1',
      'the domain must be a whole number in range [0; 4294967295], not 4294967296',
      'the size must be a whole number of bytes, not -1',
      'the size must be a whole number of bytes, not 0.5',
    ])
  })

  it('knows the calls that made an object', async () => {
    const { stdout, stderr } = await runs(
      node,
      `import * as t from 'tracemalloc'
      const old = {}
      const off = await t.getObjectTraceback(old)
      t.start()
      const error = await t.getObjectTraceback(old).catch(error => error.message + ': ' + error.hint)
      t.stop()
      t.start(2, { objects: true })
      function inner() { return { a: 1 } }
      function middle() { return inner() }
      function outer() { return middle() }
      const made = outer()
      const list = [made, old, made]
      const found = []
      for (const object of list) found.push((await t.getObjectTraceback(object))?.frames.map(f => f.functionName))
      t.stop()
      console.log(JSON.stringify([off ?? null, error, found, Object.getOwnPropertySymbols(globalThis).map(String)]))`,
    )
    expect(stderr).toBe('')
    const [off, error, found, symbols] = JSON.parse(stdout)
    expect(off).toBe(null)
    expect(error).toContain('start(nframe, { objects: true })')
    expect(found).toEqual([['middle', 'inner'], null, ['middle', 'inner']])
    expect(symbols.filter((name: string) => name.includes('tracemalloc'))).toEqual([])
  })

  it.each<[Record<string, string>, object]>([
    [{ TRACEMALLOC: '25' }, { on: true, limit: 25, meta: { interval: 40320, measure: 'live' } }],
    [{ TRACEMALLOC: '0' }, { on: false, limit: 128, meta: false }],
    [{ TRACEMALLOC: '' }, { on: false, limit: 128, meta: false }],
    [{}, { on: true, limit: 128 }],
    [{ TRACEMALLOC_INTERVAL: '512' }, { on: true, meta: { interval: 512 } }],
    [{ TRACEMALLOC_MODE: 'allocated' }, { on: true, meta: { measure: 'allocated' } }],
    [{ TRACEMALLOC_MODE: 'exact' }, { on: true, meta: { accuracy: 'exact', interval: 1 } }],
  ])('is turned on by %o', async (env, expected) => {
    const { stdout, stderr, cwd } = await runs(node, REPORT, env, registered)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject(expected)
    expect(dumps(cwd)).toEqual([])
  })

  it('writes what TRACEMALLOC_DIR, _EVERY, _COUNT and _PEAK ask for', async () => {
    const { cwd, stderr } = await runs(
      node,
      `globalThis.kept = Array.from({ length: 300000 }, (_, i) => ({ i })); setTimeout(() => {}, 1500)`,
      { TRACEMALLOC_DIR: 'a/b', TRACEMALLOC_EVERY: '0.3', TRACEMALLOC_COUNT: '2', TRACEMALLOC_PEAK: '1' },
      registered,
    )
    expect(stderr).toBe('')
    const files = dumps(join(cwd, 'a/b'))
    expect(files.filter(name => /\.\d{10}\./.test(name))).toHaveLength(3) // and the one at the end
    expect(files.filter(name => name.includes('.peak.'))).toHaveLength(1)
    expect((await loadSnapshot(join(cwd, 'a/b', files[0]))).total.size).toBeGreaterThan(1e6)
  })

  it.each([
    ['TRACEMALLOC', 'abc'],
    ['TRACEMALLOC_INTERVAL', '0.5'],
  ])('refuses %s=%s before the program starts', async (name, value) => {
    const { code, stdout, stderr } = await runs(node, 'console.log("ran")', { [name]: value }, registered)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(new RegExp(`^tracemalloc: ${name}=${value}: .*\\n$`))
  })
})

describe.concurrent('register', () => {
  it('leaves workers alone with TRACEMALLOC_WORKERS=0', async () => {
    const text = `import { Worker, isMainThread } from 'node:worker_threads'
      import * as t from 'tracemalloc'
      if (isMainThread) new Worker(new URL(import.meta.url)); else console.log('worker', t.isTracing())`
    const off = await runs(NEWEST, text, { TRACEMALLOC_WORKERS: '0' }, registered)
    expect(off.stdout).toBe('worker false\n')
    const on = await runs(NEWEST, text, {}, registered)
    expect(on.stdout).toBe('worker true\n')
  })

  it('counts Buffers in traced memory with TRACEMALLOC_BUFFERS=1', async () => {
    const text = `import * as t from 'tracemalloc'
      const [before] = t.getTracedMemory()
      globalThis.kept = Array.from({ length: 100 }, () => Buffer.alloc(1 << 20))
      const [after, peak] = t.getTracedMemory()
      const { meta } = await t.takeSnapshot()
      console.log((after - before) / 2 ** 20, peak >= after, meta.bufferInterval)`
    const { stdout } = await runs(NEWEST, text, { TRACEMALLOC_BUFFERS: '1' }, registered)
    const [grown, isPeak, interval] = stdout.trim().split(' ')
    expect(Math.abs(Number(grown) - 100)).toBeLessThan(10)
    expect([isPeak, interval]).toEqual(['true', '241920'])
  })

  it('leaves children alone with TRACEMALLOC_CHILDREN=0', async () => {
    const text = `import { fork } from 'node:child_process'
      import * as t from 'tracemalloc'
      if (process.send) console.log('child', t.isTracing()); else fork('./app.mjs')`
    const off = await runs(OLDEST, text, { TRACEMALLOC_CHILDREN: '0' }, registered)
    expect(off.stdout).toBe('child false\n')
    const on = await runs(OLDEST, text, {}, registered)
    expect(on.stdout).toBe('child true\n')
  })

  it('lets V8 inline with TRACEMALLOC_STABLE_FRAMES=0', async () => {
    const text = `import * as t from 'tracemalloc'
      const kept = []
      function leaf(i) { return { i, a: [i] } }
      function mid(i) { return leaf(i) }
      function drive() { for (let i = 0; i < 400000; i++) kept.push(mid(i)) }
      drive()
      const rows = (await t.takeSnapshot()).statistics('function')
      console.log(rows[0].label.split(' ')[0], kept.length)`
    const stable = await runs(NEWEST, text, {}, registered)
    expect(stable.stdout).toBe('leaf 400000\n')
    const inlined = await runs(NEWEST, text, { TRACEMALLOC_STABLE_FRAMES: '0' }, registered)
    expect(inlined.stdout).toBe('drive 400000\n')
  })
})

describe.concurrent.each(NODES)('functions that were hot before the start, on Node %s', (_, node) => {
  const app = `import * as t from 'tracemalloc'
    const leaked = []
    const rows = async () => {
      const before = await t.takeSnapshot()
      leak(30000)
      return (await t.takeSnapshot()).compareTo(before, 'function').slice(0, 1).map(row => row.label)
    }
    function keep(i) { leaked.push({ i, cells: [i, i, i] }) }
    function pass(i) { keep(i) }
    function leak(n) { for (let i = 0; i < n; i++) pass(i) }
    for (let i = 0; i < 100; i++) { leak(1000); leaked.length = 0 }
    t.start()
    console.log(JSON.stringify(await rows()))
    t.stop()
    t.start(128, { stableFrames: false })
    // V8 compiles in a thread of its own, which may have to wait for a processor.
    let again
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 100; i++) { leak(1000); leaked.length = 0 }
      again = await rows()
      if (!again[0].startsWith('keep ')) break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    console.log(JSON.stringify(again))`

  it('are told from their callers, and may be inlined again afterwards', async () => {
    const { stdout, stderr } = await runs(node, app, { VITEST: undefined })
    expect(stderr).toBe('')
    const [stable, loose] = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)[0])
    expect(stable).toMatch(/^keep /)
    expect(loose).not.toMatch(/^keep /)
  })
})
