import { type Cumulative, groupRows, type KeyType } from '../model/group.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { orderOf, statisticsOf } from '../model/statistic.ts'
import { compareSampled } from '../statistics/compare.ts'
import { errorBars } from '../statistics/errorBars.ts'
import { detectableNotes } from '../statistics/notes.ts'
import { describeSampling } from '../statistics/sampling.ts'
import type { ErrorBar, Rule, SampledDiff, SampledStatistic } from '../statistics/types.ts'

/** What is shown of a snapshot: rows already sorted and cut. Renderers only write it down. */
interface View {
  keyTypes: readonly KeyType[]
  cumulative: Cumulative
  /** Name of the snapshot, where several are shown. */
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
    notes: samplingNotes([snapshot]),
    total: { ...total, ...bars(-1, total.size) },
    rows: statisticsOf(groups, ids).map((statistic, i) => ({ statistic, ...bars(ids[i], statistic.size) })),
  }
}

/** Differences of new snapshots against old ones; of several, of their means. */
export function diffView(now: readonly Snapshot[], old: readonly Snapshot[], options: ViewOptions): DiffView {
  const comparison = compareSampled(now, old, options.keyTypes, options.cumulative)
  const { rows, total, rule, notes } = comparison
  const all = [...now, ...old]
  const { significantOnly = false } = options
  const shown = significantOnly ? rows.filter(row => row.significant) : rows
  return {
    kind: 'diff',
    ...shared(options),
    groups: shown.length,
    estimated: all.some(s => s.meta.counts === 'estimated'),
    sampled: all.some(s => s.meta.accuracy === 'sampled'),
    notes: [
      ...samplingNotes(all),
      ...notes,
      ...(significantOnly ? detectableNotes(comparison, now, old) : []),
    ],
    total,
    rows: cut(shown, options.limit),
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

function shared({ keyTypes, cumulative, title }: ViewOptions) {
  return { keyTypes, cumulative, title }
}

function cut<T extends { slice(start: number, end: number): T }>(rows: T, limit: number): T {
  return limit === 0 ? rows : rows.slice(0, limit)
}
