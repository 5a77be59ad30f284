import { writeSync } from 'node:fs'
import v8 from 'node:v8'
import { Worker } from 'node:worker_threads'
import { saveRaw } from '../series/raw-profile.ts'
import type { Settings } from '../v8/settings.ts'
import { BEAT_KEY } from './expressions.ts'
import { readNow, tracing } from './tracing.ts'
import type { Request, WatcherData } from './watcher-thread.ts'

/** Signals that end a program; before it ends by one, a snapshot is written. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
/** The signal that asks for a snapshot. */
const ON_DEMAND: NodeJS.Signals = 'SIGUSR2'

/** How long the watcher may give no sign of life before the program ends without it, in ms. */
const PATIENCE = 60_000

/** Milliseconds by a clock that nobody sets, and that a program's fake timers do not stop: they come later. */
const now = performance.now.bind(performance)

/** Starts the watcher and has it write a snapshot at the end of the process, on signals, and before a worker is terminated. */
export function startWatcher(settings: Settings & { dir: string }): void {
  const watcher = openWatcher(settings)
  watcher.wait() // a program can fill its heap in less time than the watcher takes to start
  process.on('exit', () => {
    watcher.ask('end')
    if (!watcher.wait()) saveHere(settings.dir)
  })
  onSignals(watcher)
  if (settings.workers) beforeTerminate(watcher)
}

/** The watcher as the main thread sees it. */
interface Watcher {
  ask(request: Request): void
  /** Waits until all requests are answered; false when they never will be. */
  wait(): boolean
}

function openWatcher(settings: Settings & { dir: string }): Watcher {
  const answered = new Int32Array(new SharedArrayBuffer(8))
  const data: WatcherData = { settings, answered, limit: heapLimit() }
  let isAlive = true
  let asked = 1 // its start
  let worker: Worker | undefined
  const end = (error?: Error) => {
    isAlive = false
    if (error) complain(`snapshots are only written at the end: ${error.message}`)
  }
  try {
    // Its own start must not load what the program preloads, nor open the program's streams to pipe its own into them.
    worker = new Worker(new URL(import.meta.url.replace(/watcher(\.[jt]s)$/, 'watcher-thread$1')), {
      workerData: data,
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      stdout: true,
      stderr: true,
    })
    worker.unref()
    worker.on('error', end).on('exit', () => end())
  } catch (error) {
    end(error as Error) // threads may be forbidden
  }
  return {
    ask(request) {
      asked++
      worker?.postMessage(request)
    },
    wait() {
      let sign = -1
      for (let since = now(); isAlive && Atomics.load(answered, 0) < asked; ) {
        Atomics.wait(answered, 0, Atomics.load(answered, 0), 50) // in between, the inspector serves the watcher
        if (sign !== (sign = Atomics.load(answered, 1))) since = now()
        else if (now() - since > PATIENCE) end(new Error('the watcher gives no sign of life'))
      }
      return isAlive
    },
  }
}

/** Saves this thread's samples raw, for want of the watcher, or at the end of a worker thread. Never throws. */
export function saveHere(dir: string): void {
  const now = tracing()
  try {
    if (now) saveRaw(dir, readNow(now))
  } catch (error) {
    complain((error as Error).message)
  }
}

/** At the end of a thread, process.stderr is too late. */
function complain(message: string): void {
  writeSync(2, `tracemalloc: ${message}\n`)
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

function onSignals(watcher: Watcher): void {
  const handlers = new Map<NodeJS.Signals, () => void>([[ON_DEMAND, () => watcher.ask('now')]])
  for (const signal of ENDING) {
    handlers.set(signal, () => {
      if (process.listenerCount(signal) > 1) return // the program handles it itself
      watcher.ask('end')
      watcher.wait()
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
  Object.defineProperty(globalThis, BEAT_KEY, { value: beat })
}

/** A worker that is terminated runs no exit handler: its samples are saved before. */
function beforeTerminate(watcher: Watcher): void {
  const { terminate } = Worker.prototype
  Worker.prototype.terminate = function () {
    if (this.threadId > 0) {
      watcher.ask({ isolate: `worker ${this.threadId}` })
      watcher.wait()
    }
    return terminate.call(this)
  }
}
