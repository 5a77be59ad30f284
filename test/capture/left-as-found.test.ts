// A target is as it was found when we are gone, however we went: speed, flags, timers, debug port.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { inspectorHosts } from '../../src/inspector/inspect-options.ts'
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
  type Running,
  refuses,
  run,
  tool,
  toolEnds,
} from '../support/nodes.ts'

/** Hot functions that V8 inlines; each round tells its CPU time in ms, the timers there are, and whether a keeper is there. */
const HOT = `
import { createHook } from 'node:async_hooks'
const timers = new Set()
createHook({
  init(id, type) { if (type === 'Timeout') timers.add(id) },
  destroy(id) { timers.delete(id) },
}).enable()
function add(a, b) { return a + b }
function mul(a, b) { return add(a * b, 1) }
function step(p) { return { x: add(p.x, mul(p.y, 2)), y: mul(p.x, 3) % 1000 } }
function work() { let p = { x: 1, y: 2 }; for (let i = 0; i < 5e5; i++) p = step(p); return p }
setInterval(() => {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  const keeper = Symbol.for('tracemalloc.keeper') in process
  console.log(JSON.stringify({ cpu: (user + system) / 1000, timers: timers.size, keeper }))
}, 20)`

interface Round {
  cpu: number
  timers: number
  keeper: boolean
}

/** A hot program that knows nothing of us. */
async function hot(node: string, text = HOT) {
  const port = await freePort()
  const file = join(folder(), 'hot.mjs')
  writeFileSync(file, text)
  const target = run(node, [`--inspect-port=${port}`, file])
  await until(() => roundsOf(target).length > 40)
  return { port, target, before: cost(roundsOf(target)) }
}

const roundsOf = ({ stdout }: Running): Round[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

/** CPU time of a round, in ms: a low one of the last thirty, so that what else the machine does matters little. */
function cost(rounds: readonly Round[]): number {
  const last = rounds.slice(-30).map(({ cpu }) => cpu)
  return last.sort((a, b) => a - b)[7]
}

/** Waits until it holds; the test's own time-out ends it. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50)
}

/** Waits until nothing of us is left in a target: a debug port that is closed, its timers, no keeper, and its speed. */
async function isAsFound({ port, target, before }: Awaited<ReturnType<typeof hot>>): Promise<void> {
  await until(() => refuses(port))
  await until(() => !roundsOf(target).at(-1)!.keeper)
  await until(() => roundsOf(target).at(-1)!.timers === roundsOf(target)[0].timers)
  const start = roundsOf(target).length
  await until(() => roundsOf(target).length > start + 60 && cost(roundsOf(target)) < before * 1.7)
  expect(isRunning(target.pid)).toBe(true)
}

const attach = (pid: number, ...args: string[]) =>
  tool(['attach', `pid:${pid}`, '--duration', '60', '--out', folder(), ...args])

/** Random moments, other ones at each run; RANDOM_KILLS of them for each version of Node. */
const KILLS = Number(process.env.RANDOM_KILLS ?? 1)
const TIME = 120_000 + KILLS * 30_000

describe.concurrent.each(NODES)('a target with Node %s is as it was found', (_, node) => {
  it(
    'when we are killed while frames are stable, and at any moment',
    async () => {
      const found = await hot(node)
      const single = attach(found.target.pid)
      await single.says(/keeping frames stable/)
      await until(() => roundsOf(found.target).at(-1)!.keeper)
      single.child.kill('SIGKILL')
      await isAsFound(found)
      for (let i = 0; i < KILLS; i++) {
        const delay = Math.random() * 2500
        const killed = attach(found.target.pid, ...(i % 2 ? ['--no-stable-frames'] : []))
        await sleep(delay)
        killed.child.kill('SIGKILL')
        await killed.ended
        await sleep(6000 - delay) // what it has begun is done by then
        await isAsFound(found).catch(error => {
          throw new Error(`killed after ${delay} ms: ${error.message}`)
        })
      }
    },
    TIME,
  )

  it('names the function that allocates first, by default', async () => {
    const target = run(node, [`--inspect-port=${await freePort()}`, leak])
    await sleep(1500)
    const out = folder()
    const { stderr } = await toolEnds(['attach', `pid:${target.pid}`, '--duration', '2', '--out', out])
    expect(stderr).toMatch(/keeping frames stable/)
    expect(stderr).toMatch(/read in \d+ ms\n[^\n]*leak\.js:\d+ \(onEvent\): size=/)
    const file = join(out, dumps(out)[0])
    const { stdout } = await toolEnds(['top', file, '--group-by', 'function', '--limit', '1'])
    expect(stdout).toContain('onEvent')
    expect((await toolEnds(['info', file])).stdout).not.toContain('inlined')
  })
})

describe.concurrent('what we change in a target', () => {
  it('is marked where it is not done: rows may be of an inlined function', async () => {
    const target = run(NEWEST, [`--inspect-port=${await freePort()}`, leak])
    await sleep(1000)
    const out = folder()
    const args = ['attach', `pid:${target.pid}`, '--no-stable-frames', '--duration', '1', '--out', out]
    const note = /can include memory of inlined callees/
    expect((await toolEnds(args)).stderr).toMatch(note)
    const file = join(out, dumps(out)[0])
    const outputs = await Promise.all([
      toolEnds(['top', file]),
      toolEnds(['top', file, '--format', 'table']),
      toolEnds(['top', file, '--format', 'json']),
      toolEnds(['diff', file, file]),
      toolEnds(['info', file]),
    ])
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).toMatch(note)
  })

  it('stays while a busy target hears nothing of us, and we are there', async () => {
    const text = `${HOT}
setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9000), 4000)`
    const { port, target } = await hot(NEWEST, text)
    const out = folder()
    const single = tool(['attach', `pid:${target.pid}`, '--duration', '14', '--out', out])
    expect(await single.ended).toEqual({ code: 0, signal: null })
    expect(single.stderr).toContain('wrote')
    await until(() => refuses(port)) // not before our own end, which would have been an error
  })

  it('is undone for the last of two clients only', async () => {
    const found = await hot(OLDEST)
    const [first, second] = [attach(found.target.pid), attach(found.target.pid)]
    await Promise.all([first, second].map(client => client.says(/keeping frames stable/)))
    first.child.kill('SIGKILL')
    await sleep(8000)
    expect(await refuses(found.port)).toBe(false)
    expect(roundsOf(found.target).at(-1)!.keeper).toBe(true)
    expect(isRunning(second.pid)).toBe(true)
    second.child.kill('SIGINT')
    expect((await second.ended).code).toBe(130)
    await isAsFound(found)
  })

  it('is undone in worker threads, too', async () => {
    const file = join(folder(), 'worker.mjs')
    writeFileSync(file, HOT)
    const text = `import { Worker } from 'node:worker_threads'
new Worker(${JSON.stringify(file)})
setInterval(() => {}, 1000)`
    const found = await hot(NEWEST, text)
    const single = attach(found.target.pid, '--no-workers')
    await single.says(/keeping frames stable/)
    await sleep(1500)
    single.child.kill('SIGKILL')
    await isAsFound(found)
  })

  it('is undone by --repair where the target loops for ever, and a later attach leaves nothing either', async () => {
    const port = await freePort()
    const target = run(NEWEST, [`--inspect-port=${port}`, '-e', 'for (;;);'])
    await sleep(1000)
    const killed = attach(target.pid)
    await killed.says(/keeping frames stable/)
    killed.child.kill('SIGKILL')
    await sleep(11_000) // a client in a loop's target is gone after ten seconds of silence
    expect(await refuses(port)).toBe(false)
    const { stdout } = await toolEnds(['targets', '--repair'])
    expect(stdout).toMatch(new RegExp(`^pid:${target.pid}\\t.*\\trepaired$`, 'm'))
    await until(() => refuses(port))
    const again = await toolEnds(['attach', `pid:${target.pid}`, '--duration', '0.3', '--out', folder()])
    expect(again.code).toBe(0)
    expect(await refuses(port)).toBe(true)
    expect(isRunning(target.pid)).toBe(true)
  })
})

describe.concurrent('a debug port for other machines', () => {
  it.each<readonly [string[], string]>([
    [['--inspect-port=0.0.0.0'], ''],
    [['--inspect-port', '0.0.0.0:9230'], ''],
    [['--inspect_port=[::]:9230'], ''],
    [['--debug-port=0:9230'], ''],
    [[], '--inspect-port=[::]'],
    [[], '"--inspect-port=0.0.0.0:9230"'],
  ])('is not opened: %s %s', async (options, NODE_OPTIONS) => {
    const target = run(OLDEST, [...options, leak], { env: { NODE_OPTIONS } })
    await sleep(1000)
    const [a, b] = await Promise.all([
      toolEnds(['attach', `pid:${target.pid}`, '--duration', '0.2', '--out', folder()]),
      toolEnds(['object', `pid:${target.pid}`, 'remembered']),
    ])
    expect([a.code, b.code]).toEqual([4, 4])
    for (const { stderr } of [a, b]) {
      expect(stderr).toMatch(/would open its debugging port to other machines; .*--allow-public-port/)
      expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    }
    expect(target.stderr).toBe('')
    expect(isRunning(target.pid)).toBe(true)
  })

  it('is opened when that is asked for, and closed again', async () => {
    const port = await freePort()
    const target = run(OLDEST, [`--inspect-port=0.0.0.0:${port}`, leak])
    await sleep(1000)
    const args = [
      'attach',
      `pid:${target.pid}`,
      '--duration',
      '0.2',
      '--out',
      folder(),
      '--allow-public-port',
    ]
    expect((await toolEnds(args)).code).toBe(0)
    expect(await refuses(port)).toBe(true)
  })

  it('is closed again where nobody could know of it', async () => {
    const port = await freePort()
    const text = "process.title = 'a title'; setInterval(() => {}, 1000)"
    const target = run(NEWEST, [`--inspect-port=0.0.0.0:${port}`, '-e', text])
    await sleep(1000)
    const { code, stderr } = await toolEnds(['attach', `pid:${target.pid}`, '--out', folder()])
    expect(code).toBe(4)
    expect(stderr).toMatch(
      /cannot be read[\s\S]*opened port \d+ to other machines, so the port was closed again/,
    )
    expect(await refuses(port)).toBe(true)
    expect(isRunning(target.pid)).toBe(true)
  })

  it('is told by the options that are in force', () => {
    const hosts = (args: string[], options?: string) => inspectorHosts(args, options).map(({ host }) => host)
    expect(hosts(['app.js', '--inspect-port=0.0.0.0'])).toEqual([]) // the program's own
    expect(hosts(['-r', 'x', 'app.js', '--inspect-port=0.0.0.0'])).toEqual([])
    expect(hosts(['--flag', 'app.js', '--inspect-port=0.0.0.0'])).toEqual(['0.0.0.0']) // perhaps
    expect(hosts(['--inspect-port=127.0.0.1'], '--inspect-port=0.0.0.0')).toEqual(['127.0.0.1'])
    expect(hosts(['--inspect-port=9230'], '--inspect-port=0.0.0.0')).toEqual(['0.0.0.0'])
    expect(hosts(['--inspect-port=:9230', '--inspect'])).toEqual([])
  })
})
