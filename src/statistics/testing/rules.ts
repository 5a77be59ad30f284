// The tests behind the verdicts, by group: for reads of one session (paired), for different runs (unpaired)
// and for repeated runs.
import type { Grouper } from '../../model/grouping/group.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { differenceLimits, gammaLimits } from '../estimation/confidence-limits.ts'
import { estimateAt, type RowEstimates, sumRows } from '../estimation/estimates.ts'
import type { Limits, NoiseReason } from '../results.ts'
import { pairSnapshots } from './pairing.ts'
import { runtimeStacks } from './runtime-stacks.ts'
import { equalityTest, repeatsTest, type TwoSampleStatistic } from './significance.ts'

/** Usual standard deviation of a row between identical runs, in bytes; measured. Compilation moves bytes. */
export const BETWEEN_RUNS = 8192

/** Smallest fraction of the total that a difference between runs must reach: identical runs differ by it. */
export const LEAST_SHARE = 0.01

/** A verdict by group id. */
export interface Verdict {
  /** Undefined if it is certainly too large to matter, and so was not computed. */
  pValue: number | null | undefined
  significant: boolean | null
  reason: NoiseReason | undefined
  drift?: { bytes: number; label: string }
}

/** Snapshots on the same tables, with their estimates. */
export interface ComparedReads {
  readonly grouper: Grouper
  readonly now: readonly Snapshot[]
  readonly old: readonly Snapshot[]
  readonly estimates: ReadonlyMap<Snapshot, RowEstimates>
  /** Number of groups. Columns have one more element, for the total. */
  readonly groups: number
}

/** A statistical test of differences, by group id. */
export interface DecisionRule {
  sides(id: number): TwoSampleStatistic
  pValue(id: number): number
  /** One standard error of the difference from sampling. */
  error(id: number): number
  limits(id: number): Limits
  /** Bytes that were allocated and freed; only if paired. */
  readonly allocated: Float64Array | undefined
  readonly freed: Float64Array | undefined
}

/** Adds the sums of two row columns by group, and their totals in the last element. */
export function addSums(
  reads: Pick<ComparedReads, 'grouper' | 'groups'>,
  snapshot: Snapshot,
  columns: readonly [Float64Array, Float64Array],
  targets: readonly [Float64Array, Float64Array],
  factor = 1,
): void {
  const sums = sumRows(reads, snapshot, ...columns)
  for (const k of [0, 1]) {
    const { length } = sums[k]
    for (let id = 0; id < length; id++) targets[k][id] += factor * sums[k][id]
    let total = 0
    for (const value of columns[k]) total += value
    targets[k][reads.groups] += factor * total
  }
}

/** 1 if all of a group's memory is the runtime's own. The last element is the total. */
export function runtimeGroups(
  reads: Pick<ComparedReads, 'grouper' | 'groups'>,
  snapshots: readonly Snapshot[],
): Uint8Array {
  const isRuntime = runtimeStacks(reads.grouper.tables)
  if (!isRuntime.includes(1)) return new Uint8Array(reads.groups + 1)
  const ours = new Float64Array(reads.groups + 1)
  const unused = new Float64Array(reads.groups + 1)
  for (const snapshot of snapshots) {
    const mark = Float64Array.from(snapshot.columns.stack, stack => 1 - isRuntime[stack])
    addSums(reads, snapshot, [mark, mark], [ours, unused])
  }
  return Uint8Array.from(ours, n => (n > 0 ? 0 : 1))
}

/** The test for two reads of one session. */
export function pairedTest(reads: ComparedReads): DecisionRule {
  const { now, old, estimates, groups } = reads
  const cells = pairSnapshots(now[0], old[0], estimates.get(now[0]), estimates.get(old[0]))
  const column = () => new Float64Array(groups + 1)
  const add = (a: Float64Array, b: Float64Array) => {
    const targets = [column(), column()] as const
    addSums(reads, cells.snapshot, [a, b], targets)
    return targets
  }
  const [allocated, freed] = add(cells.new, cells.freed)
  const [newBytes, freedBytes] = add(cells.newBytes, cells.freedBytes)
  const [newVariance, freedVariance] = add(cells.newVariance, cells.freedVariance)
  const [newSamples, freedSamples] = add(cells.newSamples, cells.freedSamples)
  const interval = estimates.get(now[0])?.interval ?? 1
  const sides = (id: number): TwoSampleStatistic => {
    const variance = (newVariance[id] + freedVariance[id]) / 2
    return {
      old: freedBytes[id],
      new: newBytes[id],
      oldVariance: variance,
      newVariance: variance,
      pooled: (newBytes[id] + freedBytes[id]) / 2,
      samples: newSamples[id] + freedSamples[id],
      interval,
    }
  }
  // An exact read has no unseen objects.
  const unseen = interval > 1 ? interval : 0
  return {
    allocated,
    freed,
    sides,
    pValue: id => equalityTest(sides(id)),
    error: id => Math.sqrt(newVariance[id] + freedVariance[id]),
    limits: id =>
      differenceLimits(
        newBytes[id],
        gammaLimits(newBytes[id], newVariance[id], unseen),
        freedBytes[id],
        gammaLimits(freedBytes[id], freedVariance[id], unseen),
      ),
  }
}

/** Sums of one side's runs, as means per run. */
interface SideSums {
  readonly snapshots: readonly Snapshot[]
  /** Largest interval of the side. */
  readonly interval: number
  readonly bytes: Float64Array
  /** Variance of the mean. */
  readonly variance: Float64Array
}

/** The interval of an estimated snapshot, in bytes. */
function intervalIn(reads: ComparedReads, snapshot: Snapshot): number {
  return (reads.estimates.get(snapshot) as RowEstimates).interval
}

/** Both sides; by interval, the variance of one run with the pooled bytes, and the samples of all runs. */
function sumSides(reads: ComparedReads) {
  const column = () => new Float64Array(reads.groups + 1)
  const intervals = [...new Set([...reads.now, ...reads.old].map(snapshot => intervalIn(reads, snapshot)))]
  const pooled = new Map(intervals.map(r => [r, { variance: column(), samples: column() }]))
  const sumSide = (snapshots: readonly Snapshot[]): SideSums => {
    const side: SideSums = {
      snapshots,
      interval: Math.max(...snapshots.map(snapshot => intervalIn(reads, snapshot))),
      bytes: column(),
      variance: column(),
    }
    const { length: runs } = snapshots
    for (const snapshot of snapshots) {
      const rows = reads.estimates.get(snapshot) as RowEstimates
      addSums(reads, snapshot, [rows.bytes, rows.bytes], [side.bytes, column()], 1 / runs)
      for (const [interval, sums] of pooled) {
        const at = estimateAt(rows, snapshot, interval)
        const own = [column(), column()] as const
        addSums(reads, snapshot, [at.variance, at.samples], own)
        for (let id = 0; id <= reads.groups; id++) {
          sums.variance[id] += own[0][id] / (2 * runs)
          sums.samples[id] += own[1][id]
          if (interval === rows.interval) side.variance[id] += own[0][id] / runs ** 2
        }
      }
    }
    return side
  }
  return { old: sumSide(reads.old), now: sumSide(reads.now), pooled }
}

/** The test for different runs, by their sums. `betweenRuns`: standard deviation between runs, in bytes. */
export function unpairedTest(reads: ComparedReads, betweenRuns: number): DecisionRule {
  const { old, now, pooled } = sumSides(reads)
  const pooledVariance = (side: SideSums, id: number) => {
    let sum = 0
    for (const snapshot of side.snapshots) sum += pooled.get(intervalIn(reads, snapshot))?.variance[id] ?? 0
    return sum / side.snapshots.length ** 2 + betweenRuns ** 2 / side.snapshots.length
  }
  const sides = (id: number): TwoSampleStatistic => {
    const smaller = now.bytes[id] < old.bytes[id] ? now : old
    return {
      old: old.bytes[id],
      new: now.bytes[id],
      oldVariance: pooledVariance(old, id),
      newVariance: pooledVariance(now, id),
      pooled: (old.bytes[id] + now.bytes[id]) / 2,
      samples: pooled.get(smaller.interval)?.samples[id] ?? 0,
      interval: smaller.interval / smaller.snapshots.length,
    }
  }
  const limitsOf = (side: SideSums, id: number) =>
    gammaLimits(
      side.bytes[id],
      side.variance[id],
      side.interval > 1 ? side.interval / side.snapshots.length : 0,
    )
  return {
    allocated: undefined,
    freed: undefined,
    sides,
    pValue: id => equalityTest(sides(id)),
    error: id => Math.sqrt(old.variance[id] + now.variance[id]),
    limits: id => differenceLimits(now.bytes[id], limitsOf(now, id), old.bytes[id], limitsOf(old, id)),
  }
}

/** The test for several runs of each side, by the row's own variation and by sampling. */
export function repeatedTest(reads: ComparedReads, sizes: ReadonlyMap<Snapshot, Float64Array>): DecisionRule {
  const sampling = unpairedTest(reads, 0)
  const of = (snapshots: readonly Snapshot[], id: number) =>
    snapshots.map(s => (sizes.get(s) as Float64Array)[id])
  return {
    ...sampling,
    pValue: id => Math.max(sampling.pValue(id), repeatsTest(of(reads.old, id), of(reads.now, id))),
  }
}
