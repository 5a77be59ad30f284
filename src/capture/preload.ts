import { randomBytes } from 'node:crypto'
import { isMainThread, Worker } from 'node:worker_threads'
import type { Sampled } from './facts.ts'
import { startSamplerNow } from './sampler.ts'
import { keepScripts } from './scripts.ts'
import { type LocalSession, localSession } from './session.ts'
import type { Settings } from './settings.ts'
import type { WatcherData } from './watcher.ts'

/** Signals that end a program; before it ends by one, a snapshot is written. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
/** The signal that asks for a snapshot. */
const ON_DEMAND: NodeJS.Signals = 'SIGUSR2'

/** Traces this process from here on and writes its snapshots as the settings say. */
export function preload(settings: Settings): void {
  if (!isMainThread) return
  keepScripts()
  const before = process.memoryUsage().heapUsed
  const session = localSession()
  const isOurs = startSamplerNow(session, settings)
  hold(session)
  if (settings.dir === undefined) return
  const sampled: Sampled = {
    sampling: settings,
    session: randomBytes(8).toString('hex'),
    pid: process.pid,
    isolate: 'main',
    runtime: 'node',
    runtimeVersion: process.versions.node,
    before,
    isIntervalKnown: isOurs,
    notes: isOurs ? undefined : ['sampling had been started by another client, so the interval is not known'],
  }
  writeSnapshots({ ...settings, dir: settings.dir }, sampled)
}

/** The sampler ends with the session that started it, so that one lives as long as the process. */
const held: LocalSession[] = []
const hold = (session: LocalSession) => held.push(session)

/** Starts the watcher and asks it for a snapshot at the end of the process and on signals. */
function writeSnapshots(settings: Settings & { dir: string }, sampled: Sampled): void {
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const data: WatcherData = { tracemalloc: 'watcher', settings, sampled, answered }
  // The watcher's own start must not load what the program preloads.
  const watcher = new Worker(new URL(import.meta.url.replace('preload', 'watcher')), {
    workerData: data,
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
    // Otherwise Node opens the program's own streams to pipe the watcher's into them.
    stdout: true,
    stderr: true,
  })
  watcher.unref()
  let isAlive = true
  let asked = 0
  watcher.on('error', error => {
    isAlive = false
    process.stderr.write(`tracemalloc: the watcher ended: ${error.message}\n`)
  })
  const ask = () => {
    asked++
    watcher.postMessage('snapshot')
  }
  const wait = () => {
    for (let seen = -1; isAlive && (seen = Atomics.load(answered, 0)) < asked; ) {
      Atomics.wait(answered, 0, seen, 50) // the inspector serves the watcher in between
    }
  }
  process.on('exit', () => {
    ask()
    wait()
  })
  process.on(ON_DEMAND, ask)
  for (const signal of ENDING) {
    const end = () => {
      if (process.listenerCount(signal) > 1) return // the program handles it itself
      ask()
      wait()
      process.off(signal, end)
      process.kill(process.pid, signal) // now it ends as it would have without us
    }
    process.on(signal, end)
  }
}
