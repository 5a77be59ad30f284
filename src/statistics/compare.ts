// Compares snapshots statistically: differences with error bars and verdicts.
import { differences, idsIn, orderOfDiffs, padded } from '../model/grouping/compare.ts'
import { type Cumulative, Grouper, type Groups, type KeyType } from '../model/grouping/group.ts'
import { type Describer, type DiffColumns, StatisticDiff } from '../model/grouping/statistic.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { Traceback } from '../model/traceback.ts'
import { errorBars } from './estimation/error-bars.ts'
import { estimateRows, type RowEstimates } from './estimation/estimates.ts'
import { notesOf } from './notes.ts'
import type { Comparison, ErrorBar, NoiseReason, Rule, SampledDiff } from './results.ts'
import { findDrift } from './testing/drift.ts'
import { heapBalance, isUnmatched } from './testing/heap-balance.ts'
import { isPaired } from './testing/pairing.ts'
import {
  BETWEEN_RUNS,
  type ComparedReads,
  type DecisionRule,
  LEAST_SHARE,
  pairedTest,
  repeatedTest,
  runtimeGroups,
  unpairedTest,
  type Verdict,
} from './testing/rules.ts'
import { ALPHA, falseDiscoveryRate, isSurelyNoise, isTestable } from './testing/significance.ts'

/** From this many old runs on, the variation between runs is measured instead of assumed. */
const REPEATS = 3

/** Means of both sides by group id. The last element is the total. */
interface SideMeans extends DiffColumns {
  readonly ids: Uint32Array
  /** Sizes by snapshot. */
  readonly sizes: ReadonlyMap<Snapshot, Float64Array>
  /** 1 if all of a group's memory is the runtime's own. */
  readonly runtime: Uint8Array
}

/**
 * Differences of new snapshots from old ones, with error bars and verdicts; the rows are those of
 * `compareTo`, in its order. One new and one old snapshot of the same session are paired sample by sample.
 * Otherwise means are compared; with three or more old runs, each row's own variation counts. Formulas and
 * evidence: docs/accuracy.md.
 */
export function compareSampled(
  newSnapshots: readonly Snapshot[],
  oldSnapshots: readonly Snapshot[],
  keyType: KeyType | readonly KeyType[],
  cumulative: Cumulative = false,
): Comparison {
  const first = newSnapshots[0].named()
  const { tables } = first
  const now = newSnapshots.map(s => s.named().over(tables))
  const old = oldSnapshots.map(s => (s === newSnapshots[0] ? first : s.named().over(tables)))
  const grouper = new Grouper(tables, keyType, cumulative)
  const estimates = new Map<Snapshot, RowEstimates>()
  for (const snapshot of [...now, ...old]) {
    const rows = estimateRows(snapshot)
    if (rows) estimates.set(snapshot, rows)
  }
  const sums = sumGroups(grouper, now, old)
  const reads: ComparedReads = { grouper, now, old, estimates, groups: grouper.length }
  const { rule, reason } = ruleFor(reads)
  const decision = decisionRule(reads, rule, sums)
  const verdicts = judgeRows(reads, rule, reason, decision, sums)
  if (rule !== 'none' && decision) applyDrift(reads, keyType, cumulative, verdicts, decision, sums)
  let bars: ReturnType<typeof errorBars> | undefined
  const bar = (id: number) => {
    bars ??= errorBars(now, grouper)
    return bars(id === reads.groups ? -1 : id, sums.size[id])
  }
  const row = (id: number): SampledDiff =>
    new LazyDiff(id, id === reads.groups ? undefined : grouper, sums, decision, verdicts[id], bar)
  return {
    rows: Array.from(orderOfDiffs(sums.ids, sums, grouper), row),
    total: row(reads.groups),
    rule,
    reason,
    notes: notesOf(now, old, rule, reason),
  }
}

/** Groups all snapshots and takes the means. */
function sumGroups(grouper: Grouper, now: readonly Snapshot[], old: readonly Snapshot[]): SideMeans {
  const grouped = new Map<Snapshot, Groups>([...now, ...old].map(s => [s, grouper.group(s)]))
  const groups = grouper.length
  const column = () => new Float64Array(groups + 1)
  const sizes = new Map<Snapshot, Float64Array>()
  const mean = (snapshots: readonly Snapshot[]) => {
    const [size, count] = [column(), column()]
    for (const snapshot of snapshots) {
      const own = padded(grouped.get(snapshot) as Groups, groups + 1)
      own.size[groups] = snapshot.total.size
      own.count[groups] = snapshot.total.count
      for (let id = 0; id <= groups; id++) {
        size[id] += own.size[id] / snapshots.length
        count[id] += own.count[id] / snapshots.length
      }
      sizes.set(snapshot, own.size)
    }
    return { size, count }
  }
  const before = mean(old)
  const after = mean(now)
  const all = [...grouped.values()]
  return {
    ...differences(after, before, all),
    ids: idsIn(all, groups),
    sizes,
    runtime: runtimeGroups({ grouper, groups }, [...now, ...old]),
  }
}

function ruleFor({ now, old, estimates }: ComparedReads): { rule: Rule; reason?: NoiseReason } {
  const all = [...now, ...old]
  if (all.some(s => !estimates.has(s))) return { rule: 'none', reason: 'interval unknown' }
  if (now.length === 1 && old.length === 1 && isPaired(now[0], old[0])) return { rule: 'paired' }
  const exact = all.filter(s => estimates.get(s)?.interval === 1).length
  if (exact > 0 && exact < all.length) return { rule: 'none', reason: 'exact and sampled' }
  if (old.length >= REPEATS) return { rule: 'repeats' }
  if (exact > 0) return { rule: 'none', reason: 'single runs' }
  return { rule: 'unpaired' }
}

function decisionRule(reads: ComparedReads, rule: Rule, sums: SideMeans): DecisionRule | undefined {
  const { now, old, estimates } = reads
  if (now.length === 1 && old.length === 1 && isPaired(now[0], old[0])) return pairedTest(reads)
  if ([...now, ...old].some(s => !estimates.has(s))) return undefined
  switch (rule) {
    case 'repeats':
      return repeatedTest(reads, sums.sizes)
    case 'paired':
    case 'unpaired':
    case 'none':
      return unpairedTest(reads, BETWEEN_RUNS)
    default:
      return rule satisfies never
  }
}

function judgeRows(
  reads: ComparedReads,
  rule: Rule,
  reason: NoiseReason | undefined,
  decision: DecisionRule | undefined,
  sums: SideMeans,
): Verdict[] {
  const { groups } = reads
  const verdicts = Array.from(
    { length: groups + 1 },
    (): Verdict => ({ pValue: null, significant: null, reason }),
  )
  if (!decision || rule === 'none') return verdicts
  const least =
    rule === 'paired'
      ? 0
      : LEAST_SHARE * Math.max(sums.size[groups], sums.size[groups] - sums.sizeDiff[groups])
  const tested: number[] = []
  for (const id of [...sums.ids, groups]) {
    const verdict = verdicts[id]
    verdict.significant = false
    if (sums.runtime[id] === 1) {
      verdict.reason = 'runtime'
      continue
    }
    verdict.pValue = isSurelyNoise(decision.sides(id)) ? undefined : decision.pValue(id)
    verdict.reason = 'sampling'
    if (id === groups) continue
    if (isTestable(decision.sides(id))) tested.push(id)
    else verdict.reason = 'few samples'
  }
  const balance = rule === 'paired' ? heapBalance(reads.now[0], reads.old[0]) : undefined
  const whyNot = (id: number): NoiseReason | undefined => {
    if (Math.abs(sums.sizeDiff[id]) < least) return 'small'
    return balance && isUnmatched(balance, sums.sizeDiff[id]) ? 'heap unchanged' : undefined
  }
  const call = (id: number) => {
    verdicts[id].reason = whyNot(id)
    verdicts[id].significant = verdicts[id].reason === undefined
  }
  const called = falseDiscoveryRate(tested.map(id => verdicts[id].pValue ?? 1))
  for (const [i, id] of tested.entries()) if (called[i]) call(id)
  if ((verdicts[groups].pValue ?? 1) <= ALPHA) call(groups)
  return verdicts
}

/** Withdraws verdicts for bytes that only moved between caller and callee. */
function applyDrift(
  reads: ComparedReads,
  keyType: KeyType | readonly KeyType[],
  cumulative: Cumulative,
  verdicts: Verdict[],
  decision: DecisionRule,
  sums: SideMeans,
): void {
  const significant = Array.from(sums.ids).filter(id => verdicts[id].significant)
  if (significant.length === 0) return
  if (!cumulative) {
    findDrift(reads, significant, decision, sums.sizeDiff, verdicts)
    return
  }
  const own = compareSampled(reads.now, reads.old, keyType)
  const moved = new Map(own.rows.filter(row => row.drift).map(row => [row.statistic.label, row]))
  for (const id of significant) {
    const row = moved.get(reads.grouper.describe(id).label)
    if (!row?.drift || Math.sign(row.drift.bytes) !== Math.sign(sums.sizeDiff[id])) continue
    verdicts[id].drift = row.drift
    if (row.reason !== 'drift' || 2 * Math.abs(row.drift.bytes) < Math.abs(sums.sizeDiff[id])) continue
    verdicts[id].significant = false
    verdicts[id].reason = 'drift'
  }
}

/** Describes the row of the total. */
const TOTAL: Describer = { describe: () => ({ label: 'total', key: {}, traceback: new Traceback([]) }) }

/** A row that computes its limits on request: reports show few of many. */
class LazyDiff implements SampledDiff {
  readonly statistic: StatisticDiff
  readonly significant: boolean | null
  readonly reason: NoiseReason | undefined
  readonly drift: SampledDiff['drift']
  readonly #id: number
  readonly #decision: DecisionRule | undefined
  readonly #known: boolean
  readonly #bar: (id: number) => ErrorBar
  readonly #pValue: number | null | undefined

  constructor(
    id: number,
    grouper: Grouper | undefined,
    sums: SideMeans,
    decision: DecisionRule | undefined,
    verdict: Verdict,
    bar: (id: number) => ErrorBar,
  ) {
    this.statistic = new StatisticDiff(grouper ?? TOTAL, id, sums)
    this.#pValue = verdict.pValue
    this.significant = verdict.significant
    this.reason = verdict.reason
    this.drift = verdict.drift
    this.#id = id
    this.#decision = decision
    this.#bar = bar
    this.#known = decision !== undefined && verdict.reason !== 'interval unknown'
  }

  get pValue(): number | null {
    return this.#pValue === undefined && this.#decision
      ? this.#decision.pValue(this.#id)
      : (this.#pValue ?? null)
  }

  get sizeError(): number | null {
    return this.#bar(this.#id).sizeError
  }

  get sizeLow(): number | null {
    return this.#bar(this.#id).sizeLow
  }

  get sizeHigh(): number | null {
    return this.#bar(this.#id).sizeHigh
  }

  get countError(): number | null {
    return this.#bar(this.#id).countError
  }

  get sizeDiffError(): number | null {
    return this.#decision && this.#known ? this.#decision.error(this.#id) : null
  }

  get sizeDiffLow(): number | null {
    if (!this.#decision || !this.#known) return null
    return Math.min(this.statistic.sizeDiff, this.#decision.limits(this.#id).low)
  }

  get sizeDiffHigh(): number | null {
    if (!this.#decision || !this.#known) return null
    return Math.max(this.statistic.sizeDiff, this.#decision.limits(this.#id).high)
  }

  get new(): number | undefined {
    return this.#decision?.allocated?.[this.#id]
  }

  get freed(): number | undefined {
    return this.#decision?.freed?.[this.#id]
  }

  get survived(): number | undefined {
    const allocated = this.new
    return allocated === undefined ? undefined : this.statistic.size - allocated
  }
}
