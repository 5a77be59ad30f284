// Runs in a worker thread of a traced process. It reads the main thread's sampler through the inspector, which answers even
// while the main thread loops or waits, so that neither the profile's text nor its conversion burdens the program's heap.
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { factsOf, readMemory, type Sampled } from './facts.ts'
import { readSampler } from './sampler.ts'
import { localSession } from './session.ts'
import type { Settings } from './settings.ts'
import { makeFolder, noteRead, save } from './store.ts'

/** What the preload tells the watcher at the start. */
export interface WatcherData {
  tracemalloc: 'watcher'
  settings: Settings & { dir: string }
  sampled: Sampled
  /** One cell: how many requests were answered. */
  answered: Int32Array
}

const { settings, sampled, answered } = workerData as WatcherData
makeFolder(settings.dir)
let reads = 0
let last = Promise.resolve()

/** Reads and saves, one after the other. */
function snapshot(): Promise<void> {
  last = last.then(read).catch(complain)
  return last
}

async function read(): Promise<void> {
  // Connected for the read only: at the end of the process Node waits for sessions that are still open.
  const main = localSession('main')
  try {
    const start = performance.now()
    const profile = await readSampler(main)
    const memory = await readMemory(main)
    const took = performance.now() - start
    const label = String(sampled.pid)
    const saved = await save(settings.dir, { profile, label, meta: factsOf(sampled, reads++, memory) })
    if (settings.every !== undefined) noteRead(settings.dir, label, { ...saved, took })
  } finally {
    await main.close()
  }
}

function complain(error: Error): void {
  writeSync(2, `tracemalloc: ${error.message}\n`) // process.stderr of a worker needs the main thread
}

parentPort!.on('message', async () => {
  await snapshot()
  Atomics.add(answered, 0, 1)
  Atomics.notify(answered, 0)
})
if (settings.every !== undefined) {
  setInterval(snapshot, settings.every * 1000)
}
