// What `top` and `diff` show: rows of statistics, sorted and cut, with what they add up to.
import { type Cumulative, groupRows, type KeyType } from '../model/grouping/group.ts'
import { orderOf, statisticsOf } from '../model/grouping/statistic.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { compareSampled } from '../statistics/compare.ts'
import { errorBars } from '../statistics/estimation/error-bars.ts'
import { describeSampling } from '../statistics/estimation/sampling.ts'
import { rowLineNotes } from '../statistics/line-notes.ts'
import { bufferHints, emptyNotes } from '../statistics/little.ts'
import { detectableNotes, framesNotes } from '../statistics/notes.ts'
import type { ErrorBar, Rule, SampledDiff, SampledStatistic } from '../statistics/results.ts'
import { hintLine } from '../text/hints.ts'
import { cut } from './report.ts'

/** What is shown of a snapshot: rows already sorted and cut. */
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

export function topView(read: Snapshot, options: ViewOptions): TopView {
  const snapshot = read.named()
  const groups = groupRows(snapshot, options.keyTypes, options.cumulative)
  const ids = cut(orderOf(groups), options.limit)
  const bars = errorBars([snapshot], groups.grouper)
  const { total } = snapshot
  const rows = statisticsOf(groups, ids).map((statistic, i) => ({
    statistic,
    ...bars(ids[i], statistic.size),
  }))
  return {
    kind: 'top',
    ...shared(options),
    groups: groups.ids.length,
    estimated: snapshot.meta.counts === 'estimated',
    sampled: snapshot.meta.accuracy === 'sampled',
    notes: [
      ...samplingNotes([snapshot]),
      ...framesNotes([snapshot]),
      ...fileNotes(snapshot),
      ...bufferHints(snapshot).map(hintLine),
      ...rowLineNotes([snapshot], options.keyTypes, rows),
    ],
    total: { ...total, ...bars(-1, total.size) },
    rows,
  }
}

/** Differences of new snapshots against old ones; of several, of their means. */
export function diffView(now: readonly Snapshot[], old: readonly Snapshot[], options: ViewOptions): DiffView {
  const comparison = compareSampled(now, old, options.keyTypes, options.cumulative)
  const { rows, total, rule, notes } = comparison
  const all = [...now, ...old]
  const { significantOnly = false } = options
  const found = significantOnly ? rows.filter(row => row.significant) : rows
  const shown = cut(found, options.limit)
  return {
    kind: 'diff',
    ...shared(options),
    groups: found.length,
    estimated: all.some(s => s.meta.counts === 'estimated'),
    sampled: all.some(s => s.meta.accuracy === 'sampled'),
    notes: [
      ...emptyNotes(all),
      ...samplingNotes(all),
      ...notes,
      ...(significantOnly ? detectableNotes(comparison, now, old) : []),
      ...rowLineNotes(all, options.keyTypes, shown),
    ],
    total,
    rows: shown,
    rule,
    significantOnly,
  }
}

/** Intervals that the files do not say: told from the samples, or unknown. */
function samplingNotes(snapshots: readonly Snapshot[]): string[] {
  const samplings = snapshots.map(describeSampling)
  const said = samplings.filter(({ interval }) => interval === 'unknown' || interval === 'inferred')
  return [...new Set(said.map(({ text }) => text))]
}

/** Notes on the file itself, other than that its interval is unknown. */
function fileNotes({ meta }: Snapshot): string[] {
  return (meta.notes ?? []).filter(note => !note.startsWith('unknown sampling interval'))
}

/** What views have of their options. */
function shared({ keyTypes, cumulative, title }: ViewOptions) {
  return { keyTypes, cumulative, title }
}
