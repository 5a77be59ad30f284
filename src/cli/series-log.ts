// What is printed while a series is recorded.
import type { Snapshot } from '../model/snapshot.ts'
import { statisticsReport } from '../report/statistics.ts'
import { diffView, topView } from '../report/views.ts'
import { bufferHints } from '../statistics/little.ts'
import { framesNotes } from '../statistics/notes.ts'
import { visible } from '../text/escape.ts'
import { Hints } from '../text/hints.ts'
import { formatSize } from '../text/units.ts'

/** Rows shown of each read. */
const ROWS = 10

/** Compares each read of a series with the first of its isolate and session. */
export class Steady {
  /** Are there several processes, so that each is named? */
  readonly #several: boolean
  readonly #first = new Map<string, Snapshot>()
  readonly #peak = new Map<string, number>()
  readonly #hints = new Hints()

  constructor(several = false) {
    this.#several = several
  }

  /** Figures of a read and its ten largest rows: its own if it is the first, else what changed since. */
  lines({ snapshot, took }: { snapshot: Snapshot; took?: number }): string[] {
    const { isolate = 'main', session = '', memory = {}, time, pid } = snapshot.meta
    const key = `${isolate}\n${session}`
    const { size } = snapshot.total
    const peak = Math.max(this.#peak.get(key) ?? 0, size)
    this.#peak.set(key, peak)
    const first = this.#first.get(key)
    if (!first) this.#first.set(key, snapshot)
    const figures = [
      `traced memory: ${formatSize(size)} (peak ${formatSize(peak)})`,
      `overhead: ${formatSize(memory.overhead ?? 0)}`,
      `heap: ${formatSize(memory.heapUsed ?? 0)}`,
      ...(memory.rss === undefined ? [] : [`RSS: ${formatSize(memory.rss)}`]),
      ...(took === undefined ? [] : [`read in ${Math.round(took)} ms`]),
    ]
    const options = { keyTypes: ['lineno'] as const, cumulative: false, limit: ROWS }
    const view = first ? diffView([snapshot], [first], options) : topView(snapshot, options)
    const clock = new Date(time ?? Date.now()).toISOString().slice(11, 19)
    const title = `${clock} ${this.#several ? `process ${pid} ` : ''}${isolate}: ${figures.join(', ')}`
    return [
      visible(title),
      ...[...statisticsReport([view]).lines()].map(line => visible(line)),
      ...[...framesNotes([snapshot]), ...this.#hints.fresh(bufferHints(snapshot))].map(
        note => `note: ${note}`,
      ),
    ]
  }
}
