// Collects what Node itself writes when the heap of a process is full (26 and newer): a profile of our
// sampler, even in the middle of one huge native call, where none of our code runs.
import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { newSampler, readingOf, type SamplerMeta } from './series/metadata.ts'
import { save } from './series/store.ts'
import type { SamplerSettings, Settings } from './v8/settings.ts'

/** Turns the profiles that Node has left in `folder` for a process into files of its series in `dir`. */
export async function saveLastWords(
  folder: string,
  dir: string,
  pid: number,
  { interval, nframe, mode, stableFrames }: Pick<Settings, keyof SamplerSettings | 'stableFrames'>,
): Promise<void> {
  const isLast = new RegExp(`^Heap\\.\\d+\\.\\d+\\.${pid}\\.0\\.\\d+\\.heapprofile$`)
  for (const name of readdirSync(folder).filter(name => isLast.test(name))) {
    const path = join(folder, name)
    const sampler: Omit<SamplerMeta, 'session' | 'isIntervalKnown'> = {
      sampling: { interval, nframe, mode },
      pid,
      isolate: 'main',
      runtime: 'node',
      runtimeVersion: process.versions.node,
      frames: stableFrames ? 'stable' : 'inlined',
      notes: ['at the heap limit, written by Node'],
    }
    await save(dir, readingOf(readFileSync(path, 'utf8'), String(pid), newSampler(sampler, true), 0, {}))
    unlinkSync(path)
  }
}
