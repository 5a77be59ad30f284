// What Node itself writes when the heap of a process is full (26 and newer): a profile of our sampler, even in the middle of one huge
// native call, where nothing of ours gets a turn.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { readingOf, type Sampled } from './series/metadata.ts'
import { save } from './series/store.ts'
import type { Sampling, Settings } from './v8/settings.ts'

/** Turns the profiles that Node has left in `folder` of a process into files of its series in `dir`. */
export async function saveLastWords(
  folder: string,
  dir: string,
  pid: number,
  { interval, nframe, mode, stableFrames }: Pick<Settings, keyof Sampling | 'stableFrames'>,
): Promise<void> {
  const isLast = new RegExp(`^Heap\\.\\d+\\.\\d+\\.${pid}\\.0\\.\\d+\\.heapprofile$`)
  for (const name of readdirSync(folder).filter(name => isLast.test(name))) {
    const path = join(folder, name)
    const sampled: Sampled = {
      sampling: { interval, nframe, mode },
      session: randomBytes(8).toString('hex'),
      pid,
      isolate: 'main',
      runtime: 'node',
      runtimeVersion: process.versions.node,
      isIntervalKnown: true,
      frames: stableFrames ? 'stable' : 'inlined',
      notes: ['at the heap limit, written by Node'],
    }
    await save(dir, readingOf(readFileSync(path, 'utf8'), String(pid), sampled, 0, {}))
    unlinkSync(path)
  }
}
