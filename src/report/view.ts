import type { Cumulative, KeyType } from '../model/group.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Statistic, StatisticDiff } from '../model/statistic.ts'

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
}

export interface TopView extends View {
  kind: 'top'
  total: { size: number; count: number }
  rows: readonly Statistic[]
}

export interface DiffView extends View {
  kind: 'diff'
  total: { size: number; count: number; sizeDiff: number; countDiff: number }
  rows: readonly StatisticDiff[]
}

export interface ViewOptions {
  keyTypes: readonly KeyType[]
  cumulative: Cumulative
  /** Most rows; 0 = all. */
  limit: number
  title?: string
}

export function topView(snapshot: Snapshot, options: ViewOptions): TopView {
  const statistics = snapshot.statistics(options.keyTypes, options.cumulative)
  return {
    kind: 'top',
    ...shared(options),
    groups: statistics.length,
    estimated: snapshot.meta.counts === 'estimated',
    sampled: snapshot.meta.accuracy === 'sampled',
    total: snapshot.total,
    rows: cut(statistics, options.limit),
  }
}

export function diffView(now: Snapshot, old: Snapshot, options: ViewOptions): DiffView {
  const statistics = now.compareTo(old, options.keyTypes, options.cumulative)
  const a = old.total
  const b = now.total
  return {
    kind: 'diff',
    ...shared(options),
    groups: statistics.length,
    estimated: now.meta.counts === 'estimated' || old.meta.counts === 'estimated',
    sampled: now.meta.accuracy === 'sampled' || old.meta.accuracy === 'sampled',
    total: { ...b, sizeDiff: b.size - a.size, countDiff: b.count - a.count },
    rows: cut(statistics, options.limit),
  }
}

function shared({ keyTypes, cumulative, title }: ViewOptions) {
  return { keyTypes, cumulative, title }
}

function cut<T>(rows: readonly T[], limit: number): readonly T[] {
  return limit === 0 ? rows : rows.slice(0, limit)
}
