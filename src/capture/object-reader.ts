// Reads an isolate in exact object mode: heap snapshots with the trace of every object.
import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { removeNow } from '../bytes/disk.ts'
import { asFileError } from '../errors.ts'
import type { Isolate, Target } from '../inspector/isolate.ts'
import type { AttachOptions, IsolateReader } from './reader.ts'
import { filePath, linkNext } from './series/names.ts'
import { withIsolate } from './series/store.ts'
import { saveHeap } from './v8/heap-snapshot.ts'
import { startTracker, stopTracker } from './v8/object-tracker.ts'

/** Ending of V8's heap snapshots. */
const HEAP = '.heapsnapshot'

/** Makes V8 trace every object an isolate allocates from now on. Each read is a heap snapshot with traces. */
export async function trackObjects(
  target: Target,
  isolate: Isolate,
  { output, dir }: AttachOptions,
): Promise<IsolateReader> {
  const { session } = isolate
  await startTracker(session)
  return {
    isolate,
    stop: () => stopTracker(session),
    async read(isLast = false) {
      const own = output === undefined ? undefined : withIsolate(output, isolate.name)
      const temporary = join(own === undefined ? dir : dirname(own), `.${randomBytes(6).toString('hex')}.tmp`)
      const start = performance.now()
      try {
        await saveHeap(session, temporary, isLast)
        const took = performance.now() - start
        return { path: place(own), took }
      } finally {
        removeNow(temporary)
      }

      /** Gives the complete file its name. */
      function place(own: string | undefined): string {
        try {
          if (own === undefined) {
            const series = { dir, label: target.label, isolate: isolate.name, ending: HEAP }
            return filePath(linkNext(temporary, series))
          }
          renameSync(temporary, own)
          return own
        } catch (error) {
          throw asFileError(`write ${own ?? `a heap snapshot in ${dir}`}`, error)
        }
      }
    },
  }
}
