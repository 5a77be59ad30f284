import { type Cumulative, groupRows, type KeyType } from '../../model/grouping/group.ts'
import { orderOf, statisticsOf } from '../../model/grouping/statistic.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { errorBars } from '../../statistics/estimation/error-bars.ts'
import { describeSampling } from '../../statistics/estimation/sampling.ts'
import { framesNotes } from '../../statistics/notes.ts'
import type { ErrorBar, Rule, SampledDiff, SampledStatistic } from '../../statistics/results.ts'

/** What is shown of a snapshot: rows already sorted and cut. Renderers only write it down. */
interface View {
  keyTypes: readonly KeyType[]
  cumulative: Cumulative
  /** Name of the snapshot. */
  title?: string
  /** How many groups there are; `rows` may be fewer. */
  groups: number
  /** Are block counts estimates? */
  estimated: boolean
  /** Do sizes come from samples? */
  sampled: boolean
  /** What a user should know about the figures. */
  notes: readonly string[]
}

export interface TopView extends View {
  kind: 'top'
  total: { size: number; count: number } & ErrorBar
  rows: readonly SampledStatistic[]
}

export interface DiffView extends View {
  kind: 'diff'
  total: SampledDiff
  rows: readonly SampledDiff[]
  /** How differences were judged. */
  rule: Rule
  /** Are only significant groups counted and shown? */
  significantOnly: boolean
}

export interface ViewOptions {
  keyTypes: readonly KeyType[]
  cumulative: Cumulative
  /** Most rows; 0 = all. */
  limit: number
  title?: string
  /** Only differences that are significant. */
  significantOnly?: boolean
}

export function topView(snapshot: Snapshot, options: ViewOptions): TopView {
  const groups = groupRows(snapshot, options.keyTypes, options.cumulative)
  const ids = cut(orderOf(groups), options.limit)
  const bars = errorBars([snapshot], groups.grouper)
  const { total } = snapshot
  return {
    kind: 'top',
    ...shared(options),
    groups: groups.ids.length,
    estimated: snapshot.meta.counts === 'estimated',
    sampled: snapshot.meta.accuracy === 'sampled',
    notes: [...samplingNotes([snapshot]), ...framesNotes([snapshot]), ...fileNotes(snapshot)],
    total: { ...total, ...bars(-1, total.size) },
    rows: statisticsOf(groups, ids).map((statistic, i) => ({ statistic, ...bars(ids[i], statistic.size) })),
  }
}

/** Intervals that the files do not say: told from the samples, or unknown. */
export function samplingNotes(snapshots: readonly Snapshot[]): string[] {
  const samplings = snapshots.map(describeSampling)
  const said = samplings.filter(({ interval }) => interval === 'unknown' || interval === 'inferred')
  return [...new Set(said.map(({ text }) => text))]
}

/** What is to be told of the file itself. That its interval is unknown is said above. */
function fileNotes({ meta, length }: Snapshot): string[] {
  const notes = (meta.notes ?? []).filter(note => !note.startsWith('unknown sampling interval'))
  return length === 0 ? [NOTHING, ...notes] : notes
}

const NOTHING =
  'it holds no samples: nothing that is still in use was sampled while it was recorded; record for longer, or with a smaller interval'

/** What views have of their options. */
export function shared({ keyTypes, cumulative, title }: ViewOptions) {
  return { keyTypes, cumulative, title }
}

/** The first rows, `limit` of them; 0 = all. */
export function cut<T extends { slice(start: number, end: number): T }>(rows: T, limit: number): T {
  return limit === 0 ? rows : rows.slice(0, limit)
}
