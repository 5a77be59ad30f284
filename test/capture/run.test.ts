import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { main, root } from '../support/cli.ts'
import { dumps, folder, it, leak, NEWEST, NODES, OLDEST, run, tool, toolEnds } from '../support/nodes.ts'

const program = (name: string) => join(root, 'samples/programs', name)
const ENDS = [NODES[0], NODES.at(-1)!]

/** Writes a program and returns its path. */
function script(text: string, name = 'app.cjs'): string {
  const path = join(folder(), name)
  writeFileSync(path, text)
  return path
}

/** Bytes of the frames of a function anywhere in the tracebacks. */
function bytesOf(snapshot: Snapshot, name: string): number {
  return snapshot
    .statistics('function', true)
    .filter(s => s.traceback.at(0)?.functionName === name)
    .reduce((sum, s) => sum + s.size, 0)
}

const GROW =
  'const kept = []; function grow(n) { for (let i = 0; i < n; i++) kept.push({ i, a: [i] }) } grow(20000); process.on("exit", () => kept);'

describe.concurrent.each(NODES)('run on Node %s', (_, node) => {
  it('names the file and functions of a script that simply ends', async () => {
    const out = folder()
    const { code, stderr } = await toolEnds(['run', '--out', out, program('script.cjs')], node)
    expect(stderr).toMatch(/^.*script\.cjs:3 \(keepInScript\): size=/m)
    expect(code).toBe(0)
    const snapshot = await loadSnapshot(join(out, dumps(out)[0]))
    expect(snapshot.statistics('lineno')[0].toString()).toContain('script.cjs:3 (keepInScript)')
    // {i, text} of 48 or 32 bytes, an array of two, and its elements, times 30 000: 3 to 5 MB.
    expect(bytesOf(snapshot, 'keepInScript')).toBeGreaterThan(2e6)
    expect(snapshot.meta).toMatchObject({
      measure: 'live',
      interval: 40320,
      intervalSource: 'recorded',
      runtime: 'node',
      isolate: 'main',
      read: 0,
    })
    expect(snapshot.meta.memory).toMatchObject({
      rss: expect.any(Number),
      heapUsed: expect.any(Number),
      external: expect.any(Number),
      arrayBuffers: expect.any(Number),
      before: expect.any(Number),
      overhead: expect.any(Number),
      sampled: snapshot.total.size,
    })
  })

  it("sees at the end what the entry point's own scope holds", async () => {
    const app = script(
      'const kept = []\nfunction grow() { for (let i = 0; i < 30000; i++) kept.push({ i, a: [i] }) }\ngrow()',
    )
    const out = folder()
    await toolEnds(['run', '--out', out, app], node)
    expect(bytesOf(await loadSnapshot(join(out, dumps(out)[0])), 'grow')).toBeGreaterThan(1e6)
  })

  it('traces worker threads, one that ends and one that is terminated', async () => {
    const out = folder()
    await toolEnds(['run', '--out', out, program('workers.js')], node)
    const workers = dumps(out).filter(name => name.includes('.worker-'))
    expect(workers).toHaveLength(2)
    const snapshots = await Promise.all(workers.map(name => loadSnapshot(join(out, name))))
    expect(snapshots.map(s => s.meta.isolate)).toEqual(['worker 2', 'worker 3'])
    expect(bytesOf(snapshots[1], 'workerHolds')).toBeGreaterThan(1e6)
    const main = dumps(out).find(name => !name.includes('.worker-'))!
    expect(bytesOf(await loadSnapshot(join(out, main)), 'workerHolds')).toBe(0)
  })

  // A heap of 64 MB is full in a tenth of a second: on a busy machine that is before the watcher has its turn.
  it('writes a snapshot before the heap is full, in a loop', async () => {
    const app = script(
      `const held = []\nfunction hoard(i) { held.push({ i, a: [i] }) }\nfor (let i = 0; ; i++) hoard(i)`,
    )
    const out = folder()
    const { code, signal, stderr } = await toolEnds(
      ['run', '--node-options', '--max-old-space-size=256', '--out', out, app],
      node,
    )
    expect([code, signal]).toEqual([null, 'SIGABRT'])
    const last = join(out, dumps(out).at(-1)!)
    expect(stderr).toContain(`the program died of SIGABRT; the last whole file is ${last}`)
    expect((await loadSnapshot(last)).statistics('lineno')[0].toString()).toContain('app.cjs:2 (hoard)')
    expect(stderr).toMatch(/app\.cjs:2 \(hoard\): size=/)
  })
})

describe.concurrent.each(ENDS)('run on Node %s', (_, node) => {
  it('writes a series that pairs, with a manifest', async () => {
    const out = folder()
    const { stderr } = await toolEnds(['run', '--every', '0.4', '--out', out, leak, '60'], node)
    const files = dumps(out)
    expect(files.length).toBeGreaterThanOrEqual(3)
    const snapshots = await Promise.all(files.map(name => loadSnapshot(join(out, name))))
    expect(new Set(snapshots.map(s => s.meta.session)).size).toBe(1)
    expect(snapshots.map(s => s.meta.read)).toEqual(files.map((_, i) => i))
    const diff = snapshots.at(-1)!.compareTo(snapshots[0], 'lineno')
    expect(diff[0].traceback.at(0)!.functionName).toMatch(/^(onEvent|remember)$/)
    const manifest = readdirSync(out).find(name => name.endsWith('.ndjson'))!
    const lines = readFileSync(join(out, manifest), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.map(line => line.file)).toEqual(files)
    expect(lines[0]).toMatchObject({
      isolate: 'main',
      read: 0,
      took: expect.any(Number),
      time: expect.any(Number),
    })
    expect(stderr).toMatch(/main: traced memory: .* \(peak .*\), overhead: .*, heap: .*, RSS: /)
  })

  it('sees memory near its limit outside of loops', async () => {
    const app = script(
      `const held = []; setInterval(function hoard() { for (let i = 0; i < 9000; i++) held.push({ i, a: [i] }) }, 5)`,
    )
    const out = folder()
    const { signal, stderr } = await toolEnds(
      ['run', '--node-options', '--max-old-space-size=128', '--out', out, app],
      node,
    )
    expect(signal).toBe('SIGABRT')
    expect(stderr).toMatch(/app\.cjs:1 \(hoard\): size=/)
  })

  it.each([
    ['an exit status', `${GROW} process.exit(7)`],
    ['an exit code', `${GROW} process.exitCode = 5; process.on('exit', () => { process.exitCode = 6 })`],
    ['an uncaught error', `${GROW} throw new Error('boom')`],
    ['a rejection', `${GROW} Promise.reject(new Error('boom'))`],
    ['output', `${GROW} console.log('out'); console.error('err')`],
  ])('passes on %s', async (_, text) => {
    const app = script(text)
    const bare = run(node, [app])
    const end = await bare.ended
    const out = folder()
    const traced = await toolEnds(['run', '--out', out, app], node)
    expect([traced.code, traced.signal]).toEqual([end.code, end.signal])
    expect(traced.stdout).toBe(bare.stdout)
    const [what] = /^(Error: boom|err)$/m.exec(bare.stderr) ?? ['']
    expect(traced.stderr).toContain(what)
    expect(bytesOf(await loadSnapshot(join(out, dumps(out)[0])), 'grow')).toBeGreaterThan(0)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('writes a snapshot on %s and dies of it', async signal => {
    const app = script(`${GROW} setInterval(() => kept.length, 1000); console.log('ready')`)
    const out = folder()
    const traced = tool(['run', '--out', out, app], node)
    await traced.says(/ready/)
    process.kill(traced.pid, signal)
    expect(await traced.ended).toEqual({ code: null, signal })
    expect(bytesOf(await loadSnapshot(join(out, dumps(out)[0])), 'grow')).toBeGreaterThan(1e6)
  })

  it("leaves a signal to the program's own handler", async () => {
    const app = script(`${GROW} process.on('SIGTERM', () => { console.log('handled'); process.exit(9) })
      setInterval(() => kept.length, 1000); console.log('ready')`)
    const out = folder()
    const traced = tool(['run', '--out', out, app], node)
    await traced.says(/ready/)
    process.kill(traced.pid, 'SIGTERM')
    expect(await traced.ended).toEqual({ code: 9, signal: null })
    expect(traced.stdout).toBe('ready\nhandled\n')
    expect(dumps(out)).toHaveLength(1)
  })

  it('lets a signal end a program that is stuck in a loop', async () => {
    const app = script(`${GROW} console.log('ready'); for (;;) kept.length`)
    const traced = tool(['run', '--out', folder(), app], node)
    await traced.says(/ready/)
    await sleep(2500) // two beats
    process.kill(traced.pid, 'SIGINT')
    expect(await traced.ended).toEqual({ code: null, signal: 'SIGINT' })
  })

  it('writes a snapshot on demand', async () => {
    const app = script(`${GROW} setInterval(() => kept.length, 1000); console.log('ready')`)
    const out = folder()
    const traced = tool(['run', '--out', out, app], node)
    await traced.says(/ready/)
    process.kill(traced.pid, 'SIGUSR2')
    for (let i = 0; i < 200 && dumps(out).length === 0; i++) await sleep(50)
    expect(dumps(out)).toHaveLength(1)
    expect(traced.child.exitCode).toBeNull()
  })

  it('names the last whole file after SIGKILL', async () => {
    const out = folder()
    const app = script(
      `${GROW} setInterval(() => kept.length, 1000); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1500)`,
    )
    const { signal, stderr } = await toolEnds(['run', '--every', '0.5', '--out', out, app], node)
    expect(signal).toBe('SIGKILL')
    expect(stderr).toContain(
      `the program died of SIGKILL; the last whole file is ${join(out, dumps(out).at(-1)!)}`,
    )
  })

  it('knows TypeScript by a loader of the user', async () => {
    const options = `--import ${program('typescript-loader.mjs')}`
    const { stderr } = await toolEnds(
      ['run', '--node-options', options, '--out', folder(), program('typed.ts')],
      node,
    )
    expect(stderr).toMatch(/typed\.ts:\d+ \(keepTyped\): size=/)
  })
})

describe.concurrent('run', () => {
  it('traces child processes with --children only', async () => {
    const app = script(`const { execFileSync, fork } = require('node:child_process')
      ${GROW}
      if (process.argv[2] !== 'child') { execFileSync(process.execPath, [__filename, 'child']); fork(__filename, ['child']) }`)
    const [without, with_] = [folder(), folder()]
    await toolEnds(['run', '--out', without, app])
    expect(dumps(without)).toHaveLength(1)
    await toolEnds(['run', '--children', '--out', with_, app])
    expect(new Set(dumps(with_).map(name => name.split('.')[1])).size).toBe(3)
  })

  it('leaves worker threads alone with --no-workers', async () => {
    const out = folder()
    await toolEnds(['run', '--no-workers', '--out', out, program('workers.js')])
    expect(dumps(out)).toHaveLength(1)
  })

  it('keeps the peak, and says that little is left at the end', async () => {
    const app =
      script(`let kept = []; function hold() { for (let i = 0; i < 400000; i++) kept.push({ i, a: [i] }) } hold()
      setTimeout(() => { kept = null }, 5000); setTimeout(() => {}, 5500)`)
    const out = folder()
    const { stderr } = await toolEnds(['run', '--peak', '--out', out, app])
    expect(stderr).toMatch(/only .* is alive at the end, but the heap was up to .*/)
    const peak = await loadSnapshot(join(out, dumps(out).find(name => name.includes('.peak.'))!))
    expect(peak.meta.measure).toBe('peak')
    expect(bytesOf(peak, 'hold')).toBeGreaterThan(20e6)
  })

  it('ends the program after --duration, as asked for', async () => {
    const out = folder()
    const { code } = await toolEnds(['run', '--duration', '4', '--out', out, program('steady.js')])
    expect(code).toBe(0)
    expect(dumps(out)).toHaveLength(1)
    const app = script(`${GROW} setInterval(() => {}, 100); process.on('SIGTERM', () => process.exit(9))`)
    const handled = await toolEnds(['run', '--duration', '4', '--out', folder(), app])
    expect(handled.code).toBe(9)
  })

  it('writes one file in the format of its name with -o', async () => {
    const file = join(folder(), 'leak.heapprofile')
    const { code, stderr } = await toolEnds(['run', '-o', file, program('script.cjs')])
    expect(code).toBe(0)
    expect(stderr).toContain(`wrote ${file}`)
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')))).toContain('head')
    expect(readdirSync(join(file, '..'))).toEqual(['leak.heapprofile'])
  })

  it('counts every block in the mode exact, and what was collected in the mode allocated', async () => {
    const app = script(`const kept = []; class Thing { a = 1; b = 2 }
      function make() { for (let i = 0; i < 10000; i++) kept.push(new Thing()) }
      function churn() { for (let i = 0; i < 100000; i++) new Array(10).fill(i) }
      make(); churn(); process.on('exit', () => kept.length)`)
    const exact = join(folder(), 'exact.pb.gz')
    await toolEnds(['run', '--mode', 'exact', '-o', exact, app], NEWEST)
    const snapshot = await loadSnapshot(exact)
    expect(snapshot.meta).toMatchObject({ accuracy: 'exact', interval: 1 })
    const allocated = join(folder(), 'allocated.pb.gz')
    await toolEnds(['run', '--mode', 'allocated', '-o', allocated, app], NEWEST)
    const churned = await loadSnapshot(allocated)
    expect(churned.meta.measure).toBe('allocated')
    expect(bytesOf(snapshot, 'churn')).toBeLessThan(100_000)
    expect(bytesOf(churned, 'churn')).toBeGreaterThan(5e6)
  })

  it('keeps the newest frames of --nframe where V8 keeps all', async () => {
    const file = join(folder(), 'a.pb.gz')
    await toolEnds(['run', '--nframe', '1', '-o', file, program('script.cjs')])
    const snapshot = await loadSnapshot(file)
    expect(snapshot.tracebackLimit).toBe(1)
    for (const trace of snapshot.traces) expect(trace.traceback.length).toBeLessThanOrEqual(1)
  })

  it('hands the program its own arguments', async () => {
    const app = script('console.log(JSON.stringify(process.argv.slice(2)))')
    const { stdout } = await toolEnds([
      'run',
      '--out',
      folder(),
      app,
      '--every',
      'x',
      '-o',
      '--help',
      '--',
      '--interval=0',
    ])
    expect(JSON.parse(stdout)).toEqual(['--every', 'x', '-o', '--help', '--', '--interval=0'])
  })

  it.each<[string[], RegExp, number?]>([
    [['run', '--interval', '0', 'x.js'], /interval/],
    [['run', '--nframe', '129', 'x.js'], /in range \[1; 128\]/],
    [['run', '--every', '-1', 'x.js'], /seconds/],
    [['run', '--every', '1', '-o', 'x.pb.gz', 'x.js'], /--out/],
    [['run', '--out', '/dev/null/x', 'samples/programs/leak.js'], /cannot make the folder/, 3],
  ])('refuses %j', async (args, message, status = 2) => {
    const { code, stderr } = await toolEnds(args)
    expect(code).toBe(status)
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})

describe.concurrent('run without its watcher', () => {
  it('saves at the end what the program itself can read, where threads are forbidden', async () => {
    const app = script(`const { Worker } = require('node:worker_threads')
      ${GROW}`)
    const forbid = script(
      `import worker from 'node:worker_threads'
      import { syncBuiltinESMExports } from 'node:module'
      worker.Worker = class { constructor() { throw new Error('no threads here') } }
      syncBuiltinESMExports()`,
      'forbid.mjs',
    )
    const out = folder()
    const { code, stderr } = await toolEnds(['run', '--out', out, app], OLDEST, {
      NODE_OPTIONS: `--import ${forbid}`,
    })
    expect(code).toBe(0)
    expect(stderr).toContain('snapshots are only written at the end: no threads here')
    expect(dumps(out)).toHaveLength(1)
    expect(bytesOf(await loadSnapshot(join(out, dumps(out)[0])), 'grow')).toBeGreaterThan(1e6)
  })

  it('says that the disk is full, and passes on the status of the program', async () => {
    const dir = join(folder(), 'full')
    mkdirSync(dir)
    const app = script(`${GROW} process.exit(3)`)
    const full = run('unshare', [
      '--mount',
      '--',
      'sh',
      '-c',
      `mount -t tmpfs -o size=64k none ${dir} && exec "$@"`,
      'sh',
      OLDEST,
      main,
      'run',
      '--interval',
      '16',
      '--out',
      dir,
      app,
    ])
    expect((await full.ended).code).toBe(3)
    expect(full.stderr).toMatch(/cannot write a snapshot in .*no space left/)
  })
})
