import v8 from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Settings } from './settings.ts'
import type { Request, WatcherData } from './watcher.ts'

/** Signals that end a program; before it ends by one, a snapshot is written. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
/** The signal that asks for a snapshot. */
const ON_DEMAND: NodeJS.Signals = 'SIGUSR2'
/** Where the watcher finds what tells it that this thread is stuck. */
const KEY = Symbol.for('tracemalloc.beat')
/** What the watcher evaluates now and then in this thread. */
export const BEAT = "globalThis[Symbol.for('tracemalloc.beat')]?.()"

/** Starts the watcher and has it write a snapshot at the end of the process, on signals, and before a worker is terminated. */
export function startWatcher(settings: Settings & { dir: string }): void {
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const data: WatcherData = { settings, answered, limit: heapLimit() }
  // Its own start must not load what the program preloads, nor open the program's streams to pipe its own into them.
  const watcher = new Worker(new URL(import.meta.url.replace(/watch(\.[jt]s)$/, 'watcher$1')), {
    workerData: data,
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
    stdout: true,
    stderr: true,
  })
  watcher.unref()
  let isAlive = true
  let asked = 1 // its start
  watcher.on('error', error => {
    isAlive = false
    process.stderr.write(`tracemalloc: the watcher ended: ${error.message}\n`)
  })
  const ask = (request: Request) => {
    asked++
    watcher.postMessage(request)
  }
  const wait = () => {
    for (let seen = -1; isAlive && (seen = Atomics.load(answered, 0)) < asked; ) {
      Atomics.wait(answered, 0, seen, 50) // in between, the inspector serves the watcher
    }
  }
  const askAndWait = (request: Request) => {
    ask(request)
    wait()
  }
  wait() // a program can fill its heap in less time than the watcher takes to start
  process.on('exit', () => askAndWait('end'))
  onSignals(ask, askAndWait)
  if (settings.workers) beforeTerminate(askAndWait)
}

/**
 * Most bytes of the main thread's old generation, which is what runs full. V8's own figure has the young generation in it,
 * which counts where a small limit was set.
 */
function heapLimit(): number {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS].join(' ')
  const megabytes = /--max[-_]old[-_]space[-_]size[= ](\d+)/.exec(flags)?.[1]
  return megabytes ? Number(megabytes) * 2 ** 20 : v8.getHeapStatistics().heap_size_limit
}

function onSignals(ask: (request: Request) => void, askAndWait: (request: Request) => void): void {
  const handlers = new Map<NodeJS.Signals, () => void>([[ON_DEMAND, () => ask('now')]])
  for (const signal of ENDING) {
    handlers.set(signal, () => {
      if (process.listenerCount(signal) > 1) return // the program handles it itself
      askAndWait('end')
      process.off(signal, handlers.get(signal)!)
      process.kill(process.pid, signal) // now it ends as it would have without us
    })
  }
  const listen = () => {
    for (const [signal, handler] of handlers) process.on(signal, handler)
  }
  listen()
  // A thread that loops never comes to its handlers, so that Ctrl-C would not end it: while it is stuck, the signals have
  // their default again. The watcher calls this through the inspector; a second call before the loop turned means stuck.
  let isWaiting = false
  let isStuck = false
  const beat = () => {
    if (isWaiting) {
      if (isStuck) return
      isStuck = true
      for (const signal of ENDING) process.off(signal, handlers.get(signal)!)
      return
    }
    isWaiting = true
    setImmediate(() => {
      isWaiting = false
      if (!isStuck) return
      isStuck = false
      for (const signal of ENDING) process.on(signal, handlers.get(signal)!)
    }).unref()
  }
  Object.defineProperty(globalThis, KEY, { value: beat })
}

/** A worker that is terminated runs no exit handler: its samples are saved before. */
function beforeTerminate(askAndWait: (request: Request) => void): void {
  const { terminate } = Worker.prototype
  Worker.prototype.terminate = function () {
    if (this.threadId > 0) askAndWait({ isolate: `worker ${this.threadId}` })
    return terminate.call(this)
  }
}
