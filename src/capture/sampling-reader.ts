// Reads an isolate with V8's sampling profiler.
import type { Isolate, Shown, Target } from '../inspector/isolate.ts'
import type { Memory } from '../inspector/memory.ts'
import type { FrameStability } from '../model/meta.ts'
import type { AttachOptions, IsolateRead, IsolateReader } from './reader.ts'
import { NOT_OURS, newSampler, newSession, readingOf, type SamplerMeta } from './series/metadata.ts'
import { noteRead, save, saveAs } from './series/store.ts'
import { readSampler, startSampler, stopSampler } from './v8/sampler.ts'
import type { SamplerSettings } from './v8/settings.ts'
import { hearLastWords } from './worker-exit.ts'

/** Samples what an isolate allocates from now on. Each read returns what is still alive. */
export async function sampleHeap(
  target: Target,
  isolate: Isolate,
  sampling: SamplerSettings,
  options: AttachOptions,
  frames: FrameStability,
): Promise<IsolateReader> {
  const { session, shown } = isolate
  const { usedSize } = await session.post<{ usedSize: number }>('Runtime.getHeapUsage')
  const isOurs = await startSampler(session, sampling)
  if (!isOurs) options.say(`${target.name}: ${NOT_OURS}; its samples are read, and its sampler keeps running`)
  const { pid, runtime, runtimeVersion } = target
  const sampler = { sampling, frames, pid, isolate: isolate.name, runtime, runtimeVersion, before: usedSize }
  const page = new SampledPage(await shown?.(), newSampler(sampler, isOurs))
  const keep = async (profile: string, memory: Memory, took: number): Promise<IsolateRead> => {
    const reading = readingOf(profile, target.label, page.sampled, page.reads++, memory)
    const { output, dir, every } = options
    const { path, snapshot } = await (output === undefined ? save(dir, reading) : saveAs(output, reading))
    if (every !== undefined) {
      try {
        noteRead(dir, target.label, { path, snapshot, took })
      } catch (error) {
        options.say((error as Error).message) // the snapshot itself is complete
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
      // Requested together: the target answers both before it resumes, so the heap is as the profile's
      // collection left it.
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

/** What a sampler reads. A page may navigate: V8 goes on sampling, for another site in a new isolate. */
class SampledPage {
  reads = 0
  sampled: SamplerMeta
  #shown: Shown | undefined
  readonly #notes: readonly string[]

  constructor(shown: Shown | undefined, sampled: SamplerMeta) {
    this.sampled = sampled
    this.#shown = shown
    this.#notes = sampled.notes ?? []
  }

  /** Records what the page shows at a read. */
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
