import { EventEmitter } from 'node:events'
import v8 from 'node:v8'
import { BroadcastChannel, resourceLimits, threadId, Worker } from 'node:worker_threads'
import { saveRaw } from '../series/raw-profile.ts'
import type { Settings } from '../v8/settings.ts'
import { BEAT_KEY, GONE, THREADS } from './expressions.ts'
import { readNow, tracing } from './tracing.ts'
import { complain, method, plainly, unharmed } from './unharmed.ts'
import type { Request, Thread, WatcherData } from './watcher-thread.ts'

// As they are before the program.
const { load, wait: sleep } = Atomics
const { setImmediate } = globalThis
const kill = process.kill.bind(process)
const on = method(EventEmitter.prototype.on)
const off = method(EventEmitter.prototype.off)
const listenerCount = method(EventEmitter.prototype.listenerCount)
const post = method(Worker.prototype.postMessage)

/** Signals that end a program; before it ends by one, a snapshot is written. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
/** The signal that asks for a snapshot. */
const ON_DEMAND: NodeJS.Signals = 'SIGUSR2'

/** How long the watcher may give no sign of life before the program ends without it, in ms. */
const PATIENCE = 60_000

/** Milliseconds by a clock that nobody sets, and that a program's fake timers do not stop. */
const now = performance.now.bind(performance)

/** Starts the watcher and has it write a snapshot at the end of the process, on signals, and before a worker is terminated. */
export function startWatcher(settings: Settings & { dir: string }): void {
  const watcher = openWatcher(settings)
  watcher.wait() // a program can fill its heap in less time than the watcher takes to start
  process.on('exit', () => {
    if (!watcher.ask('end') || !watcher.wait()) saveHere(settings.dir)
  })
  onSignals(watcher)
  if (settings.workers) beforeTerminate(watcher)
}

/** The watcher as the main thread sees it. */
interface Watcher {
  /** False when there is nobody to ask. Never throws. */
  ask(request: Request): boolean
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
      if (!isAlive || !worker) return false
      const isAsked = unharmed(() => {
        post(worker!, request)
        return true
      })
      if (isAsked) asked++
      return isAsked === true
    },
    wait() {
      let sign = -1
      for (let since = now(); isAlive && load(answered, 0) < asked; ) {
        sleep(answered, 0, load(answered, 0), 50) // in between, the inspector serves the watcher
        if (sign !== (sign = load(answered, 1))) since = now()
        if (sign === GONE) end(new Error('the watcher has ended'))
        else if (now() - since > PATIENCE) end(new Error('the watcher gives no sign of life'))
      }
      return isAlive
    },
  }
}

/** Tells the watcher of this worker thread, so that it reads it before its heap is full. */
export function announceThread(): void {
  const { maxOldGenerationSizeMb = 0 } = resourceLimits
  const limit = maxOldGenerationSizeMb * 2 ** 20 || v8.getHeapStatistics().heap_size_limit
  const thread: Thread = { isolate: `worker ${threadId}`, limit }
  const channel = new BroadcastChannel(THREADS)
  channel.postMessage(thread)
  channel.close()
}

/** Saves this thread's samples raw, for want of the watcher, or at the end of a worker thread. Never throws. */
export function saveHere(dir: string): void {
  plainly(() => {
    const now = tracing()
    if (now) saveRaw(dir, readNow(now))
  })
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
  const endBy = ENDING.map(signal => {
    const handler = () => {
      if (listenerCount(process, signal) > 1) return // the program handles it itself
      if (watcher.ask('end')) watcher.wait()
      off(process, signal, handler)
      kill(process.pid, signal) // now it ends as it would have without us
    }
    return { signal, handler }
  })
  const listen = () => {
    for (let i = 0; i < endBy.length; i++) on(process, endBy[i].signal, endBy[i].handler)
  }
  const leave = () => {
    for (let i = 0; i < endBy.length; i++) off(process, endBy[i].signal, endBy[i].handler)
  }
  listen()
  on(process, ON_DEMAND, () => watcher.ask('now'))
  // A thread that loops never comes to its handlers, so that Ctrl-C would not end it: while it is stuck, the signals have
  // their default again. The watcher calls this through the inspector; a second call before the loop turned means stuck.
  let isWaiting = false
  let isStuck = false
  const beat = () => {
    if (isWaiting) {
      if (isStuck) return
      isStuck = true
      return leave()
    }
    isWaiting = true
    setImmediate(() => {
      isWaiting = false
      if (!isStuck) return
      isStuck = false
      listen()
    }).unref()
  }
  Object.defineProperty(globalThis, BEAT_KEY, { value: beat })
}

/** A worker that is terminated runs no exit handler: its samples are saved before. */
function beforeTerminate(watcher: Watcher): void {
  const terminate = method(Worker.prototype.terminate)
  Worker.prototype.terminate = function () {
    const { threadId } = this
    if (threadId > 0 && watcher.ask({ isolate: `worker ${threadId}` })) watcher.wait()
    return terminate(this)
  }
}
