// Runs inside the traced program, before its first line: starts tracing and arranges for the snapshots.
import { resolve } from 'node:path'
import v8 from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import { makeFolder } from '../../bytes/disk.ts'
import { setStableFlags } from '../v8/flags.ts'
import type { Settings } from '../v8/settings.ts'
import { onCompile } from './compile-hook.ts'
import { keepScripts } from './keep-scripts.ts'
import { startLines } from './lines/start-lines.ts'
import { keepListening } from './listeners.ts'
import { hasEnded } from './parent.ts'
import { startTracing } from './tracing.ts'
import { announceThread, saveHere, startWatcher } from './watcher.ts'

/** Tells a child process that it is one. */
const OWNER = 'TRACEMALLOC_OWNER'
const DIR = 'TRACEMALLOC_DIR'

/** Traces this thread from now on and writes its snapshots as the settings say. Throws FileError. */
export function preload(settings: Settings): void {
  if (!isMainThread && !settings.workers) return
  if (settings.parent !== undefined && hasEnded(settings.parent)) return
  if (!settings.children && (process.env[OWNER] ??= String(process.pid)) !== String(process.pid)) return
  const dir = settings.dir === undefined ? undefined : resolve(settings.dir)
  if (dir !== undefined) {
    makeFolder(dir)
    process.env[DIR] = dir // for threads and children that start after the program has changed its folder
  }
  if (settings.stableFrames) setStableFlags()
  const { lines } = settings
  const change = lines === undefined ? undefined : startLines(lines, !settings.stableFrames)
  onCompile([...(change ? [change] : []), keepScripts()])
  if (dir !== undefined && isMainThread) {
    startWatcher({ ...settings, dir })
    // Node 26 writes its own profile of our sampler when the heap is full; `run` turns it into a snapshot.
    const { setHeapProfileNearHeapLimit } = v8 as { setHeapProfileNearHeapLimit?: (limit: number) => void }
    setHeapProfileNearHeapLimit?.(1)
  }
  startTracing(settings, { buffers: settings.buffers })
  // A worker thread that ends takes its samples with it; it saves them raw, and the watcher converts them
  // later.
  if (dir !== undefined && !isMainThread) {
    announceThread()
    keepListening('exit', () => saveHere(dir))
  }
}
