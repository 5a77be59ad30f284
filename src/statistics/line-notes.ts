// What the lines of rows mean: those of the operations themselves, or only where their functions start.
import type { Frame } from '../model/frame.ts'
import type { KeyType } from '../model/grouping/keys.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Traceback } from '../model/traceback.ts'
import { HINTS, hintLine } from '../text/hints.ts'

/** Runtimes whose profilers know where a function starts, and no other lines. */
const V8 = /^(node|chrome|deno|electron|bun)$/
const V8_FORMATS = /^heap(profile|snapshot)$/

/** Does a frame show a line that is only where its function starts? */
export function isStart({ exact, lineno }: Frame): boolean {
  return !exact && lineno > 0
}

/**
 * One note, if some of the frames that are shown have no line of their own: what the line is, and how to get
 * others. None for tools that may write any line.
 * @param mark how such lines are told from others where both are shown
 */
export function lineNotes(snapshots: readonly Snapshot[], shown: Iterable<Frame>, mark: string): string[] {
  const isV8 = ({ meta }: Snapshot) => V8.test(meta.runtime ?? '') || V8_FORMATS.test(meta.source)
  if (!snapshots.every(isV8)) return []
  let starts = 0
  let exact = 0
  for (const frame of shown) {
    if (isStart(frame)) starts++
    else if (frame.exact && frame.lineno > 0) exact++
  }
  if (starts === 0) return []
  if (exact === 0 && !snapshots.some(hasLines)) return [hintLine(HINTS.starts())]
  return [`${mark}: where the function starts; the line that allocates is not known`]
}

/** What the lines of the rows that are shown mean, if these are rows of lines. */
export function rowLineNotes(
  snapshots: readonly Snapshot[],
  keyTypes: readonly KeyType[],
  rows: readonly { statistic: { traceback: Traceback } }[],
): string[] {
  if (!keyTypes.includes('lineno') && !keyTypes.includes('traceback')) return []
  const frames = rows.flatMap(({ statistic }) => statistic.traceback.frames)
  return lineNotes(snapshots, frames, "a function's name after a line")
}

/** Does a snapshot have lines of operations, as those of rewritten programs? */
function hasLines({ tables: { frames } }: Snapshot): boolean {
  for (let i = 0; i < frames.length; i++) if (frames.exact[i] === 1 && frames.lineno[i] > 0) return true
  return false
}
