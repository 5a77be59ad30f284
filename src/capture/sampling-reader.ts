import { randomBytes } from 'node:crypto'
import type { Isolate, Shown, Target } from '../inspector/isolate.ts'
import type { Memory } from '../inspector/memory.ts'
import type { Frames } from '../model/meta.ts'
import type { AttachOptions, Read, Reader } from './reader.ts'
import { readingOf, type Sampled } from './series/metadata.ts'
import { noteRead, save, saveAs } from './series/store.ts'
import { readSampler, startSampler, stopSampler } from './v8/sampler.ts'
import type { Sampling } from './v8/settings.ts'
import { hearLastWords } from './worker-exit.ts'

const NOT_OURS = 'another client was sampling already, at an interval that nobody tells'

/** Samples what an isolate allocates from here on; each read is what of it is alive. */
export async function sampleHeap(
  target: Target,
  isolate: Isolate,
  sampling: Sampling,
  options: AttachOptions,
  frames: Frames,
): Promise<Reader> {
  const { session, shown } = isolate
  const { usedSize } = await session.post<{ usedSize: number }>('Runtime.getHeapUsage')
  const isOurs = await startSampler(session, sampling)
  if (!isOurs) options.say(`${target.name}: ${NOT_OURS}; its samples are read and it is not stopped`)
  const page = new Page(await shown?.(), {
    sampling,
    frames,
    isIntervalKnown: isOurs,
    session: newSession(),
    pid: target.pid,
    isolate: isolate.name,
    runtime: target.runtime,
    runtimeVersion: target.runtimeVersion,
    before: usedSize,
    notes: isOurs ? undefined : [NOT_OURS],
  })
  const keep = async (profile: string, memory: Memory, took: number): Promise<Read> => {
    const reading = readingOf(profile, target.label, page.sampled, page.reads++, memory)
    const { output, dir, every } = options
    const { path, snapshot } = await (output === undefined ? save(dir, reading) : saveAs(output, reading))
    if (every !== undefined) {
      try {
        noteRead(dir, target.label, { path, snapshot, took })
      } catch (error) {
        options.say((error as Error).message) // the snapshot is whole
      }
    }
    return { path, snapshot, took }
  }
  const lastWords = isolate === target.main || !isOurs ? undefined : await hearLastWords(session, target)
  return {
    isolate,
    async stop() {
      await lastWords?.stop()
      if (isOurs) await stopSampler(session)
    },
    async read() {
      const start = performance.now()
      // Asked for at once: the target answers both before it goes on, so the heap is as the profile's collection left it.
      const [profile, memory] = await Promise.all([readSampler(session), isolate.memory()])
      const took = performance.now() - start
      page.look(await shown?.())
      return keep(profile, memory, took)
    },
    ended: lastWords?.heard.then(
      ({ profile, memory, took }) =>
        () =>
          keep(profile, memory, took),
    ),
  }
}

/** What a sampler's reads are of. A page may be navigated: V8 samples on, in another isolate where the site is another. */
class Page {
  reads = 0
  sampled: Sampled
  #shown: Shown | undefined
  readonly #notes: readonly string[]

  constructor(shown: Shown | undefined, sampled: Sampled) {
    this.sampled = sampled
    this.#shown = shown
    this.#notes = sampled.notes ?? []
  }

  /** Takes note of what the page shows at a read. */
  look(shown: Shown | undefined): void {
    const last = this.#shown
    if (!shown) return
    this.#shown = shown
    const isNew = last !== undefined && shown.document !== last.document
    const isOther = last !== undefined && shown.heap !== last.heap
    this.sampled = {
      ...this.sampled,
      document: shown.url,
      notes: [...this.#notes, ...(isNew ? [`navigated from ${last.url} since the last read`] : [])],
      ...(isOther && { session: newSession(), before: undefined }),
    }
    if (isOther) this.reads = 0
  }
}

/** Reads of one session pair: it is a sampler's life. */
function newSession(): string {
  return randomBytes(8).toString('hex')
}
