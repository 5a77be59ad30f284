// The notes of a comparison: what to know before trusting its verdicts.
import type { Snapshot } from '../model/snapshot.ts'
import { formatSize } from '../text/units.ts'
import { describeSampling } from './estimation/sampling.ts'
import type { Comparison, NoiseReason, Rule } from './results.ts'
import { heapBalance, isUnmatched } from './testing/heap-balance.ts'
import { detectableGrowth } from './testing/power.ts'

/** What the user should know before trusting the verdicts. */
export function notesOf(
  now: readonly Snapshot[],
  old: readonly Snapshot[],
  rule: Rule,
  reason: NoiseReason | undefined,
): string[] {
  const all = [...old, ...now]
  return [
    ...framesNotes(all),
    ...ruleNotes(rule, reason),
    ...differenceNotes(all),
    ...orderNotes(now, old, rule),
    ...balanceNotes(now, old, rule),
  ]
}

/** A note if the bytes of a row may belong to an inlined callee. */
export function framesNotes(snapshots: readonly Snapshot[]): string[] {
  if (!snapshots.some(({ meta }) => meta.frames === 'inlined')) return []
  return ['V8 may have inlined functions: a row can include memory of inlined callees']
}

/** The smallest growth that these snapshots can show reliably; no note if they are exact or not judged. */
export function detectableNotes(
  { rule, rows, total }: Comparison,
  now: readonly Snapshot[],
  old: readonly Snapshot[],
): string[] {
  const interval = Math.max(...[...now, ...old].map(s => describeSampling(s).bytes ?? 1))
  if (interval === 1 || (rule !== 'paired' && rule !== 'unpaired')) return []
  const growth = detectableGrowth({
    size: 0,
    interval: interval / Math.min(now.length, old.length),
    paired: rule === 'paired',
    rows: Math.max(1, rows.length),
    total: total.statistic.size,
  })
  return [
    `at an interval of ${interval} bytes, a new row below ${formatSize(Math.round(growth))} is found in less than 80 % of cases; larger rows need more growth`,
  ]
}

/** What there is to say of a rule; nothing of those that take everything into account. */
const RULE_NOTES: Record<Rule, string | undefined> = {
  paired: undefined,
  unpaired:
    'one run against another: significant means beyond sampling error and the usual variation between runs',
  repeats: undefined,
  none: undefined,
}

/** Why nothing is judged. */
const REASON_NOTES: Partial<Record<NoiseReason, string>> = {
  'interval unknown':
    'the sampling interval is unknown, so nothing can be significant: set it with --interval',
  'exact and sampled':
    'one run is exact and one sampled, which are not comparable: measure both the same way',
  'single runs': 'one exact run against another: nothing can be significant without three old runs',
}

function ruleNotes(rule: Rule, reason: NoiseReason | undefined): string[] {
  const note = (reason && REASON_NOTES[reason]) ?? RULE_NOTES[rule]
  return note === undefined ? [] : [note]
}

/** Notes on metadata that differs between the snapshots. */
function differenceNotes(all: readonly Snapshot[]): string[] {
  const notes: string[] = []
  const different = <T>(of: (snapshot: Snapshot) => T | undefined) => {
    const values = new Set(all.map(of).filter(value => value !== undefined))
    return values.size > 1 ? [...values].join(', ') : undefined
  }
  const accuracy = different(s => s.meta.accuracy)
  if (accuracy) notes.push('some snapshots are exact and some sampled')
  const interval = different(s => describeSampling(s).bytes)
  if (interval) notes.push(`different sampling intervals: ${interval} bytes`)
  const runtime = different(
    s => s.meta.runtime && [s.meta.runtime, s.meta.runtimeVersion].filter(Boolean).join(' '),
  )
  if (runtime) notes.push(`different runtimes: ${runtime}`)
  const measure = different(s => s.meta.measure)
  if (measure) notes.push(`the snapshots measure different things: ${measure}`)
  if (all.some(s => s.length === 0)) notes.push('a snapshot is empty')
  return notes
}

function orderNotes(now: readonly Snapshot[], old: readonly Snapshot[], rule: Rule): string[] {
  if (rule !== 'paired') return []
  const [a, b] = [old[0].meta, now[0].meta]
  if (a === b || (a.read !== undefined && a.read === b.read)) return ['both snapshots are the same read']
  const isLater =
    a.read !== undefined && b.read !== undefined ? a.read > b.read : (a.time ?? 0) > (b.time ?? Infinity)
  return isLater ? ['the old snapshot was taken after the new one'] : []
}

/** Notes on memory that the process has but the samples do not, or the reverse. */
function balanceNotes(now: readonly Snapshot[], old: readonly Snapshot[], rule: Rule): string[] {
  const balance = rule === 'paired' ? heapBalance(now[0], old[0]) : undefined
  if (!balance) return []
  const { heap, unmatched, external } = balance
  const [inHeap, sampled, outside] = [heap, heap + unmatched, external].map(n => formatSize(n, true))
  const notes: string[] = []
  if (unmatched >= LEAST_NOTED && isUnmatched(balance, heap + unmatched)) {
    notes.push(
      `sampled memory ${sampled}, heap in use ${inHeap}: about as much older memory was freed; later reads show what stays`,
    )
  }
  if (-unmatched >= LEAST_UNSEEN && -unmatched > heap / 2) {
    notes.push(
      `heap in use ${inHeap}, sampled memory ${sampled}: the samples do not show where the rest comes from`,
    )
  }
  if (external >= LEAST_UNSEEN && external > heap) {
    notes.push(
      `memory outside the heap, such as Buffers, ${outside}: V8 does not sample it; tracemalloc run --buffers does`,
    )
  }
  return notes
}

/** Bytes of unmatched growth that are worth a note. */
const LEAST_NOTED = 1 << 18
/** Bytes outside the samples that are worth a note. */
const LEAST_UNSEEN = 1 << 20
