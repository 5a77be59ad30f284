// A series of reads of a target: its clock, its end, and what goes wrong in between.
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { hasEnded, identityOf } from '../../src/capture/agent/parent.ts'
import { loadSnapshot } from '../../src/formats/files.ts'
import { cli } from '../support/cli.ts'
import {
  dumps,
  folder,
  freePort,
  isRunning,
  it,
  leak,
  NEWEST,
  NODES,
  OLDEST,
  run,
  tool,
  toolEnds,
} from '../support/nodes.ts'

/** Waits until a Node process catches SIGUSR1, so that it opens its inspector instead of dying of it. */
async function catchesUsr1(pid: number): Promise<void> {
  const mask = () => /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  while ((BigInt(`0x${mask()}`) & (1n << 9n)) === 0n) await sleep(20)
}

describe.concurrent('the time of a series', () => {
  it('goes by a clock that nobody sets: it ends when it should although the wall clock goes back', async () => {
    const port = await freePort()
    const target = run(OLDEST, [`--inspect=127.0.0.1:${port}`, leak])
    await target.says(/Debugger listening/)
    const back = 'const now = Date.now; let calls = 0; Date.now = () => now() - 36e5 * ++calls'
    const out = folder()
    const { code, stderr } = await toolEnds(
      ['attach', `${port}`, '--every', '0.2', '--duration', '1', '--out', out],
      OLDEST,
      { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(back)}"` },
    )
    expect(stderr).toContain('wrote')
    expect(code).toBe(0)
    expect(dumps(out).length).toBeLessThanOrEqual(5)
  })

  it('refuses a time that a timer cannot take, which would ring at once', async () => {
    const { status, stderr } = await cli(['attach', '1', '--every', '2147484'])
    expect(status).toBe(2)
    expect(stderr).toContain('0.001 to 2147483')
    const traced = run(OLDEST, ['--import', './dist/src/register.js', leak], {
      env: { TRACEMALLOC_EVERY: '2147484' },
    })
    expect((await traced.ended).code).toBe(1)
    expect(traced.stderr).toContain('TRACEMALLOC_EVERY=2147484: expected a number of at most 2147483')
  })
})

/** Holds 1,000 blocks more every 10 ms. */
const HOLDS = `function hold() { for (let i = 0; i < 1000; i++) kept.push({ i, a: [i] }) }
  globalThis.kept = []; const timer = setInterval(hold, 10)`

/** A program that holds ever more, and ends by itself in one of several ways a moment after somebody samples it. */
const ending = (end: string) => `
  const { Session } = require('inspector')
  ${HOLDS}
  const own = new Session()
  own.connect()
  const look = setInterval(() => own.post('HeapProfiler.getSamplingProfile', (error, result) => {
    if (error || !result.profile.samples.length) return
    clearInterval(look)
    own.disconnect()
    setTimeout(() => { ${end} }, 500)
  }), 100)`
const ENDS: Record<string, { end: string; code: number }> = {
  'process.exit': { end: 'process.exit(7)', code: 7 },
  'an uncaught error': { end: "throw new Error('boom')", code: 1 },
  'the end of its event loop': { end: 'clearInterval(timer)', code: 0 },
  'a handler of SIGTERM': {
    end: "process.on('SIGTERM', () => process.exit(3)); process.kill(process.pid, 'SIGTERM')",
    code: 3,
  },
}

describe.concurrent.each(NODES)('a target that ends while it is traced, Node %s', (_, node) => {
  it.each(Object.entries(ENDS))('is read at its end, and goes at once: %s', async (_, { end, code }) => {
    const target = run(node, [`--inspect-port=${await freePort()}`, '-e', ending(end)])
    await catchesUsr1(target.pid)
    const out = folder()
    const attached = await toolEnds(['attach', `pid:${target.pid}`, '--duration', '600', '--out', out])
    expect(await target.ended).toEqual({ code, signal: null })
    expect(attached.stderr).toContain('has ended, and was read at its end')
    expect(attached.code).toBe(0)
    const snapshot = await loadSnapshot(join(out, dumps(out)[0]))
    expect(snapshot.total.size).toBeGreaterThan(500_000)
    expect(snapshot.meta.memory).toMatchObject({ heapUsed: expect.any(Number) })
  })

  it('gives the last read of workers that end, and never keeps them or the process from it', async () => {
    const worker = (end: string) =>
      `new Worker(${JSON.stringify(ending(end))}, { eval: true }).on('error', () => {})`
    const text = `const { Worker } = require('worker_threads'); setInterval(() => {}, 1000)
      ${worker('clearInterval(timer)')}; ${worker("throw new Error('boom')")}; ${worker('')}
      process.on('SIGTERM', () => process.exit(5))`
    const target = run(node, [`--inspect-port=${await freePort()}`, '-e', text])
    await catchesUsr1(target.pid)
    const out = folder()
    const attached = tool(['attach', `pid:${target.pid}`, '--duration', '600', '--out', out])
    await attached.says(/worker-1[\s\S]*worker-2|worker-2[\s\S]*worker-1/)
    process.kill(target.pid, 'SIGTERM')
    expect((await attached.ended).code).toBe(0)
    expect(await target.ended).toEqual({ code: 5, signal: null })
    expect(dumps(out).map(name => name.replace(/^tracemalloc\.\d+\.|\.?0000000001\.pb\.gz$/g, ''))).toEqual([
      '',
      'worker-1',
      'worker-2',
      'worker-3',
    ])
    for (const name of dumps(out).slice(1)) {
      expect((await loadSnapshot(join(out, name))).total.size).toBeGreaterThan(500_000)
    }
  })

  it('leaves a heap snapshot of its end with --mode objects', async () => {
    const text = `globalThis.kept = []; function hold() { kept.push({ i: kept.length, a: [1] }) }
      setInterval(hold, 1); process.on('SIGTERM', () => process.exit(3))`
    const target = run(node, [`--inspect-port=${await freePort()}`, '-e', text])
    await catchesUsr1(target.pid)
    const out = folder()
    const args = ['attach', `pid:${target.pid}`, '--mode', 'objects', '--every', '1', '--out', out]
    const attached = tool(args)
    await attached.says(/wrote/)
    process.kill(target.pid, 'SIGTERM')
    expect((await attached.ended).code).toBe(0)
    expect(await target.ended).toEqual({ code: 3, signal: null })
    const last = readdirSync(out).sort().at(-1)!
    expect((await loadSnapshot(join(out, last))).traces.at(0)).toBeDefined()
    const top = await toolEnds(['top', join(out, last), '--group-by', 'function'])
    expect(top.stdout).toContain('size=')
    expect(attached.stderr).toContain('has ended, and was read at its end')
  })
})

it('a series goes on with the successor of a target that has ended, and ends well where none comes', async () => {
  const port = await freePort()
  const start = () =>
    run(OLDEST, [
      `--inspect=127.0.0.1:${port}`,
      '-e',
      `process.on('SIGTERM', () => process.exit(0)); ${HOLDS}`,
    ])
  const first = start()
  await first.says(/Debugger listening/)
  const out = folder()
  const series = tool(['attach', `${port}`, '--every', '0.3', '--out', out])
  await series.says(/wrote/)
  process.kill(first.pid, 'SIGTERM')
  await first.ended
  const second = start()
  await series.says(/reconnected[\s\S]*wrote/)
  process.kill(second.pid, 'SIGTERM')
  expect(await series.ended).toEqual({ code: 0, signal: null })
  const snapshots = await Promise.all(dumps(out).map(name => loadSnapshot(join(out, name))))
  expect(new Set(snapshots.map(({ meta }) => meta.pid)).size).toBe(2)
})

describe.concurrent.each(NODES)('run that is killed, Node %s', (_, node) => {
  it.each(['running', 'stopped'])(
    'ends the writing of its program, which goes on unharmed: %s',
    async state => {
      const out = folder()
      const program = join(out, 'program.cjs')
      writeFileSync(
        program,
        `const { isMainThread, Worker } = require('node:worker_threads'); ${HOLDS}
      if (isMainThread) { new Worker(__filename); setInterval(() => console.log('alive'), 100) }`,
      )
      const traced = tool(['run', '--every', '0.2', '--out', out, program], node)
      await traced.says(/wrote.*worker[\s\S]*wrote/)
      const pid = Number(/tracemalloc\.(\d+)\./.exec(dumps(out)[0])![1])
      const identity = identityOf(pid)
      if (state === 'stopped') process.kill(pid, 'SIGSTOP')
      process.kill(traced.pid, 'SIGKILL')
      await once(traced.child, 'exit')
      if (state === 'stopped') process.kill(pid, 'SIGCONT')
      const files = () => dumps(out).length
      for (let last = -1; last !== files(); await sleep(1500)) last = files()
      const { length } = traced.stdout
      while (traced.stdout.length === length) {
        expect(hasEnded(identity), traced.stderr.slice(-2000)).toBe(false)
        await sleep(50)
      }
      expect(isRunning(pid)).toBe(true)
      const before = readdirSync(out).filter(name => !name.startsWith('.')).length
      process.kill(pid, 'SIGUSR2') // asks for one in vain
      await sleep(500)
      process.kill(pid, 'SIGTERM')
      while (!hasEnded(identity)) await sleep(50)
      expect(readdirSync(out).filter(name => !name.startsWith('.')).length).toBe(before)
    },
  )
})

describe('how long a read stops the target', () => {
  it('is said before the start, and refused where it may be too long', async () => {
    const port = await freePort()
    const target = run(NEWEST, [
      `--inspect=127.0.0.1:${port}`,
      '-e',
      'globalThis.kept = Array.from({ length: 1e6 }, (_, i) => ({ i })); setInterval(() => kept.length, 1000); console.log("ready")',
    ])
    await target.says(/ready/)
    const attach = (...options: string[]) =>
      toolEnds(['attach', `${port}`, '--duration', '0.2', '--out', folder(), ...options])
    const fine = await attach('--max-pause', '60000')
    expect(fine.code).toBe(0)
    expect(fine.stderr).toMatch(/a read pauses the target for \d+ ms to \d+ ms: \d+ MiB of heap in use\n/)
    const refused = await attach('--max-pause', '20')
    expect([refused.code, refused.stdout]).toEqual([4, ''])
    expect(refused.stderr).toMatch(
      /a read may pause the target for .* MiB of heap in use; --max-pause allows 20 ms\n$/,
    )
    expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1)
    const objects = await attach('--max-pause', '1000', '--mode', 'objects')
    expect(objects.code).toBe(4)
  })
})
