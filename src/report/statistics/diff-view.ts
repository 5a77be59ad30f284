import type { Snapshot } from '../../model/snapshot.ts'
import { compareSampled } from '../../statistics/compare.ts'
import { detectableNotes } from '../../statistics/notes.ts'
import { cut, type DiffView, samplingNotes, shared, type ViewOptions } from './view.ts'

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
