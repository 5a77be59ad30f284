// Runs inside the traced program. Starts the watcher, and asks it for snapshots on signals and at the end.
import { EventEmitter } from 'node:events'
import v8 from 'node:v8'
import { BroadcastChannel, resourceLimits, threadId, Worker } from 'node:worker_threads'
import { saveRaw } from '../series/raw-profile.ts'
import type { Settings } from '../v8/settings.ts'
import { BEAT_KEY, GONE, THREADS } from './expressions.ts'
import { keepListening, stopListening } from './listeners.ts'
import { readNow, tracing } from './tracing.ts'
import { complain, method, plainly, unharmed } from './unharmed.ts'
import type { AnnouncedThread, Request, WatcherData } from './watcher-thread.ts'

// Taken before the program can change them.
const { load, wait: sleep } = Atomics
const { setImmediate } = globalThis
const kill = process.kill.bind(process)
const listenerCount = method(EventEmitter.prototype.listenerCount)
const post = method(Worker.prototype.postMessage)

/** Signals that end a program; a snapshot is written first. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
/** The signal that requests a snapshot. */
const ON_DEMAND: NodeJS.Signals = 'SIGUSR2'

/** How long, in ms, the watcher may show no sign of life before the program ends without it. */
const PATIENCE = 60_000

/** Milliseconds by a monotonic clock, which a program's fake timers do not stop. */
const now = performance.now.bind(performance)

/** Starts the watcher, which writes snapshots at the end, on signals, and before a worker terminates. */
export function startWatcher(settings: Settings & { dir: string }): void {
  const watcher = openWatcher(settings)
  watcher.wait() // a program can fill its heap before the watcher has started
  let hasFailed = false
  keepListening('uncaughtExceptionMonitor', () => {
    hasFailed = true
  })
  keepListening('exit', () => {
    if (!watcher.ask(hasFailed ? 'failed' : 'end') || !watcher.wait()) saveHere(settings.dir)
  })
  onSignals(watcher)
  if (settings.workers) beforeTerminate(watcher)
}

/** The watcher as seen from the main thread. */
interface Watcher {
  /** Returns false if the watcher is gone. Never throws. */
  ask(request: Request): boolean
  /** Waits until all requests are answered; returns false if they never will be. */
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
    // It must not load what the program preloads, nor open the program's streams to pipe its own into them.
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
    end(error as Error) // creating threads may be forbidden
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
        sleep(answered, 0, load(answered, 0), 50) // meanwhile the inspector serves the watcher
        if (sign !== (sign = load(answered, 1))) since = now()
        if (sign === GONE) end(new Error('the watcher has ended'))
        else if (now() - since > PATIENCE) end(new Error('the watcher gives no sign of life'))
      }
      return isAlive
    },
  }
}

/** Announces this worker thread to the watcher, so that it is read before its heap is full. */
export function announceThread(): void {
  const { maxOldGenerationSizeMb = 0 } = resourceLimits
  const limit = maxOldGenerationSizeMb * 2 ** 20 || v8.getHeapStatistics().heap_size_limit
  const thread: AnnouncedThread = { isolate: `worker ${threadId}`, limit }
  const channel = new BroadcastChannel(THREADS)
  channel.postMessage(thread)
  channel.close()
}

/** Saves this thread's samples raw: when a worker thread ends, or without a watcher. Never throws. */
export function saveHere(dir: string): void {
  plainly(() => {
    const now = tracing()
    if (now) saveRaw(dir, readNow(now))
  })
}

/**
 * Largest size in bytes of the main thread's old generation, which is what fills up. V8's own figure includes
 * the young generation, which matters with a small limit.
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
      stopListening(signal, handler)
      kill(process.pid, signal) // ends the process as it would have ended without us
    }
    return { signal, handler }
  })
  const listen = () => {
    for (let i = 0; i < endBy.length; i++) keepListening(endBy[i].signal, endBy[i].handler)
  }
  const leave = () => {
    for (let i = 0; i < endBy.length; i++) stopListening(endBy[i].signal, endBy[i].handler)
  }
  listen()
  keepListening(ON_DEMAND, () => watcher.ask('now'))
  // A thread that loops never runs its handlers, so Ctrl-C would not end it. While it is stuck, the signals
  // get their default action back. The watcher calls this through the inspector; a second call before the
  // event loop has turned means stuck.
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

/** A terminated worker runs no exit handler, so its samples are saved first. */
function beforeTerminate(watcher: Watcher): void {
  const terminate = method(Worker.prototype.terminate)
  Worker.prototype.terminate = function () {
    const { threadId } = this
    if (threadId > 0 && watcher.ask({ isolate: `worker ${threadId}` })) watcher.wait()
    return terminate(this)
  }
}
