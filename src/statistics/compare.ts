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
  const judged = new JudgedGroups(now, old, new Grouper(tables, keyType, cumulative))
  if (cumulative) judged.applyDriftOf(() => compareSampled(now, old, keyType))
  else judged.applyDrift()
  return judged.comparison()
}

/** The groups of both sides: their means, the rule that judges them, and a verdict for each. */
class JudgedGroups {
  readonly reads: ComparedReads
  readonly sums: SideMeans
  readonly decision: DecisionRule | undefined
  readonly verdicts: Verdict[]
  readonly #rule: Rule
  readonly #reason: NoiseReason | undefined
  #bars: ReturnType<typeof errorBars> | undefined

  constructor(now: readonly Snapshot[], old: readonly Snapshot[], grouper: Grouper) {
    const estimates = new Map<Snapshot, RowEstimates>()
    for (const snapshot of [...now, ...old]) {
      const rows = estimateRows(snapshot)
      if (rows) estimates.set(snapshot, rows)
    }
    this.sums = sumGroups(grouper, now, old)
    this.reads = { grouper, now, old, estimates, groups: grouper.length }
    const { rule, reason } = ruleFor(this.reads)
    this.#rule = rule
    this.#reason = reason
    this.decision = decisionRule(this.reads, rule, this.sums.sizes)
    this.verdicts = Array.from(
      { length: grouper.length + 1 },
      (): Verdict => ({ pValue: null, significant: null, reason }),
    )
    if (this.decision && rule !== 'none') this.#judge(this.decision)
  }

  #judge(decision: DecisionRule): void {
    const { sums, verdicts } = this
    const { groups } = this.reads
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
    const whyNot = this.#exclusions()
    const call = (id: number) => {
      verdicts[id].reason = whyNot(id)
      verdicts[id].significant = verdicts[id].reason === undefined
    }
    const called = falseDiscoveryRate(tested.map(id => verdicts[id].pValue ?? 1))
    for (const [i, id] of tested.entries()) if (called[i]) call(id)
    if ((verdicts[groups].pValue ?? 1) <= ALPHA) call(groups)
  }

  /** Why a difference does not count although chance does not explain it. */
  #exclusions(): (id: number) => NoiseReason | undefined {
    const { size, sizeDiff } = this.sums
    const { now, old, groups } = this.reads
    const balance = this.#rule === 'paired' ? heapBalance(now[0], old[0]) : undefined
    const largest = Math.max(size[groups], size[groups] - sizeDiff[groups])
    const least = this.#rule === 'paired' ? 0 : LEAST_SHARE * largest
    return id => {
      if (Math.abs(sizeDiff[id]) < least) return 'small'
      return balance && isUnmatched(balance, sizeDiff[id]) ? 'heap unchanged' : undefined
    }
  }

  get #significant(): number[] {
    return Array.from(this.sums.ids).filter(id => this.verdicts[id].significant)
  }

  /** Withdraws verdicts for bytes that only moved between caller and callee. */
  applyDrift(): void {
    const significant = this.#significant
    if (significant.length === 0 || !this.decision) return
    findDrift(this.reads, significant, this.decision, this.sums.sizeDiff, this.verdicts)
  }

  /** The same for cumulative groups: what moved is found in the groups that are not. */
  applyDriftOf(compareOwn: () => Comparison): void {
    const significant = this.#significant
    if (significant.length === 0) return
    const moved = new Map(compareOwn().rows.map(row => [row.statistic.label, row]))
    for (const id of significant) {
      const { drift, reason } = moved.get(this.reads.grouper.describe(id).label) ?? {}
      const sizeDiff = this.sums.sizeDiff[id]
      if (!drift || Math.sign(drift.bytes) !== Math.sign(sizeDiff)) continue
      const verdict = this.verdicts[id]
      verdict.drift = drift
      if (reason !== 'drift' || 2 * Math.abs(drift.bytes) < Math.abs(sizeDiff)) continue
      verdict.significant = false
      verdict.reason = 'drift'
    }
  }

  /** The error bar of a group's new size. */
  bar(id: number): ErrorBar {
    const { now, grouper, groups } = this.reads
    this.#bars ??= errorBars(now, grouper)
    return this.#bars(id === groups ? -1 : id, this.sums.size[id])
  }

  comparison(): Comparison {
    const { now, old, grouper, groups } = this.reads
    const row = (id: number): SampledDiff => new LazyDiff(this, id)
    return {
      rows: Array.from(orderOfDiffs(this.sums.ids, this.sums, grouper), row),
      total: row(groups),
      rule: this.#rule,
      reason: this.#reason,
      notes: notesOf(now, old, this.#rule, this.#reason),
    }
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

function decisionRule(
  reads: ComparedReads,
  rule: Rule,
  sizes: ReadonlyMap<Snapshot, Float64Array>,
): DecisionRule | undefined {
  const { now, old, estimates } = reads
  if (now.length === 1 && old.length === 1 && isPaired(now[0], old[0])) return pairedTest(reads)
  if ([...now, ...old].some(s => !estimates.has(s))) return undefined
  switch (rule) {
    case 'repeats':
      return repeatedTest(reads, sizes)
    case 'paired':
    case 'unpaired':
    case 'none':
      return unpairedTest(reads, BETWEEN_RUNS)
    default:
      return rule satisfies never
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
  readonly #judged: JudgedGroups

  constructor(judged: JudgedGroups, id: number) {
    const { reads, sums, verdicts } = judged
    this.statistic = new StatisticDiff(id === reads.groups ? TOTAL : reads.grouper, id, sums)
    this.significant = verdicts[id].significant
    this.reason = verdicts[id].reason
    this.drift = verdicts[id].drift
    this.#id = id
    this.#judged = judged
  }

  get pValue(): number | null {
    const { verdicts, decision } = this.#judged
    const { pValue } = verdicts[this.#id]
    return pValue === undefined && decision ? decision.pValue(this.#id) : (pValue ?? null)
  }

  get sizeError(): number | null {
    return this.#judged.bar(this.#id).sizeError
  }

  get sizeLow(): number | null {
    return this.#judged.bar(this.#id).sizeLow
  }

  get sizeHigh(): number | null {
    return this.#judged.bar(this.#id).sizeHigh
  }

  get countError(): number | null {
    return this.#judged.bar(this.#id).countError
  }

  /** What the error of the difference is known by; undefined if it is not. */
  get #known(): DecisionRule | undefined {
    return this.reason === 'interval unknown' ? undefined : this.#judged.decision
  }

  get sizeDiffError(): number | null {
    return this.#known?.error(this.#id) ?? null
  }

  get sizeDiffLow(): number | null {
    const low = this.#known?.limits(this.#id).low
    return low === undefined ? null : Math.min(this.statistic.sizeDiff, low)
  }

  get sizeDiffHigh(): number | null {
    const high = this.#known?.limits(this.#id).high
    return high === undefined ? null : Math.max(this.statistic.sizeDiff, high)
  }

  get new(): number | undefined {
    return this.#judged.decision?.allocated?.[this.#id]
  }

  get freed(): number | undefined {
    return this.#judged.decision?.freed?.[this.#id]
  }

  get survived(): number | undefined {
    const allocated = this.new
    return allocated === undefined ? undefined : this.statistic.size - allocated
  }
}
