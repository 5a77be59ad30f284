import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { openTarget, parseTarget } from '../../src/inspector/target.ts'
import { connect } from '../../src/inspector/websocket.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import {
  dumps,
  folder,
  freePort,
  isRunning,
  it,
  NEWEST,
  NODES,
  run,
  tool,
  toolEnds,
} from '../support/nodes.ts'

/** Keeps objects in the main thread and in two workers; a line `end` ends the second, `more` starts a third. */
const PROGRAM = `
const { Worker, isMainThread, workerData } = require('node:worker_threads')
globalThis.kept = []
function inMain() { for (let i = 0; i < 2000; i++) kept.push({ i, a: [i] }) }
function inWorker() { for (let i = 0; i < 2000; i++) kept.push({ i, a: [i] }) }
if (isMainThread) {
  const start = () => new Worker(__filename)
  const workers = [start(), start()]
  process.on('SIGHUP', () => workers.pop().terminate().then(start))
  setInterval(inMain, 50)
} else setInterval(inWorker, 50)`

async function program(node: string, flags: readonly string[] = []) {
  const { writeFileSync } = await import('node:fs')
  const file = join(folder(), 'threads.cjs')
  writeFileSync(file, PROGRAM)
  const port = await freePort()
  const target = run(node, [...flags, `--inspect=127.0.0.1:${port}`, file])
  await target.says(/Debugger listening/)
  return { port, target }
}

const load = (dir: string) => Promise.all(dumps(dir).map(name => loadSnapshot(join(dir, name))))
const functionsOf = (snapshot: Snapshot) =>
  snapshot.statistics('function').map(({ label }) => label.split(' ')[0])

describe.concurrent.each(NODES)('attach to worker threads of Node %s', (_, node) => {
  it('gives each isolate its own file, those that start later too, and the main one alone with --no-workers', async () => {
    const { port, target } = await program(node)
    const out = folder()
    const series = tool(['attach', `${port}`, '--every', '0.5', '--out', out])
    await series.says(/worker 2: [\s\S]*wrote[\s\S]*worker 2: /)
    process.kill(target.pid, 'SIGHUP')
    await series.says(/worker 2 is (not read any more)|worker 2 has ended/)
    await series.says(/worker 3: [\s\S]*wrote/)
    process.kill(series.pid, 'SIGINT')
    expect((await series.ended).code).toBe(0)
    const snapshots = await load(out)
    const isolates = new Set(snapshots.map(s => s.meta.isolate))
    expect([...isolates].sort()).toEqual(['main', 'worker 1', 'worker 2', 'worker 3'])
    expect(new Set(snapshots.map(s => s.meta.session)).size).toBe(4)
    for (const snapshot of snapshots.filter(s => s.meta.read! > 0)) {
      const [own, other] = snapshot.meta.isolate === 'main' ? ['inMain', 'inWorker'] : ['inWorker', 'inMain']
      expect(functionsOf(snapshot)).toContain(own)
      expect(functionsOf(snapshot)).not.toContain(other)
    }
    const alone = folder()
    const { code } = await toolEnds([
      'attach',
      `${port}`,
      '--duration',
      '0.5',
      '--no-workers',
      '--out',
      alone,
    ])
    expect(code).toBe(0)
    expect((await load(alone)).map(s => s.meta.isolate)).toEqual(['main'])
    expect(isRunning(target.pid)).toBe(true)
  })
})

describe.concurrent('worker threads', () => {
  it('are read where the Target domain is real, too', async () => {
    const { port } = await program(NEWEST, ['--experimental-worker-inspection'])
    const out = folder()
    const { code } = await toolEnds(['attach', `${port}`, '--duration', '0.5', '--out', out])
    expect(code).toBe(0)
    const snapshots = await load(out)
    expect(snapshots.map(s => s.meta.isolate).sort()).toEqual(['main', 'worker 1', 'worker 2'])
    for (const s of snapshots) expect(functionsOf(s).includes('inMain')).toBe(s.meta.isolate === 'main')
  })

  it('are never asked by a session id that was not announced: Node would answer for the main thread', async () => {
    const { port } = await program(NEWEST)
    const target = await openTarget(parseTarget(`${port}`))
    const list = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
    const [{ webSocketDebuggerUrl }] = list as { webSocketDebuggerUrl: string }[]
    const connection = await connect(webSocketDebuggerUrl)
    expect(() => connection.session('1')).toThrow('has announced no session 1')
    await connection.close()
    await target.close()
  })

  it('are refused what would end the process', async () => {
    const { port, target } = await program(NEWEST)
    const opened = await openTarget(parseTarget(`${port}`))
    for (const { session } of await opened.isolates()) {
      const start = (params: object) => session.post('HeapProfiler.startSampling', params)
      await expect(start({ samplingInterval: 0.5 })).rejects.toThrow('would end the target')
      await expect(start({ samplingInterval: 64, stackDepth: 148 })).rejects.toThrow('would end the target')
    }
    await opened.close()
    expect(isRunning(target.pid)).toBe(true)
  })
})
