// Growth over a series of reads. Within a session samples survive, so the sizes of a row are correlated and
// tests for trend do not apply. Whole objects are compared instead: those that came and stayed with those
// that went.
import { differences, idsIn, orderOfDiffs, padded } from '../model/grouping/compare.ts'
import { type Cumulative, Grouper, type KeyType } from '../model/grouping/group.ts'
import { StatisticDiff } from '../model/grouping/statistic.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { estimateRows, sumRows } from './estimation/estimates.ts'
import type { NoiseReason, SeriesTrend, TrendRow } from './results.ts'
import { heapBalance, isUnmatched } from './testing/heap-balance.ts'
import { isPaired } from './testing/pairing.ts'
import { addSums, runtimeGroups } from './testing/rules.ts'
import {
  falseDiscoveryRate,
  growthTest,
  isTestable,
  type TwoSampleStatistic,
} from './testing/significance.ts'

interface SeriesVerdict {
  pValue: number | null
  significant: boolean | null
  reason: NoiseReason | undefined
}

/**
 * Trend of each group over three or more reads, oldest first. With h = floor((N - 1) / 2), a row of one
 * session has grown if two comparisons are significant: end to end (allocated after the first read and alive
 * at the last, against alive at the first and dead at the last), and among the old (alive at the last and at
 * read N - 1 - h but not at the first, against alive at the first and at h but dead at the last). Caches that
 * outlive the series look the same, so the report says "grew in this window". Reads of different sessions get
 * no p-value.
 */
export function seriesTrend(
  snapshots: readonly Snapshot[],
  keyType: KeyType | readonly KeyType[],
  cumulative: Cumulative = false,
): SeriesTrend {
  const { tables } = snapshots[0].named()
  const reads = snapshots.map(s => s.named().over(tables))
  const grouper = new Grouper(tables, keyType, cumulative)
  const grouped = reads.map(read => grouper.group(read))
  const groups = grouper.length
  const paired = reads.every(read => isPaired(read, reads[0]))
  const ids = idsIn(grouped, groups)
  const ages = paired ? cohorts(grouper, reads) : undefined
  const [first, last] = [grouped[0], grouped[grouped.length - 1]].map(g => padded(g, groups))
  const diffs = differences(last, first, grouped)
  const verdicts = judgeSeries(grouper, groups, reads, ids, paired, diffs.sizeDiff)
  const row = (id: number): TrendRow => {
    const sizes = grouped.map(g => g.size[id] ?? 0)
    return {
      statistic: new StatisticDiff(grouper, id, diffs),
      sizes,
      get slope() {
        return medianSlope(sizes)
      },
      growing: sizes.every((value, i) => i === 0 || value > sizes[i - 1]),
      ...verdicts[id],
      get ages() {
        return ages?.(id)
      },
    }
  }
  return { rows: Array.from(orderOfDiffs(ids, diffs, grouper), row), paired, notes: notesOf(paired) }
}

function notesOf(paired: boolean): string[] {
  return paired
    ? ['significant means: grew in this period; a cache whose entries outlive the series looks the same']
    : ['different sessions: growth is shown but not tested, because the variation between runs is unknown']
}

function judgeSeries(
  grouper: Grouper,
  groups: number,
  reads: readonly Snapshot[],
  ids: Uint32Array,
  paired: boolean,
  sizeDiff: Float64Array,
): SeriesVerdict[] {
  const open: NoiseReason = paired ? 'interval unknown' : 'single runs'
  const verdicts = Array.from(
    { length: groups },
    (): SeriesVerdict => ({ pValue: null, significant: null, reason: open }),
  )
  const tests = paired ? seriesSides(grouper, groups, reads) : undefined
  if (!tests) return verdicts
  const runtime = runtimeGroups({ grouper, groups }, reads)
  const tested: number[] = []
  for (const id of ids) {
    const sides = tests.map(of => of(id))
    const isRuntime = runtime[id] === 1
    verdicts[id] = {
      pValue: isRuntime ? null : Math.max(...sides.map(growthTest)),
      significant: false,
      reason: isRuntime ? 'runtime' : sides.every(isTestable) ? 'sampling' : 'few samples',
    }
    if (verdicts[id].reason === 'sampling') tested.push(id)
  }
  const called = falseDiscoveryRate(tested.map(id => verdicts[id].pValue as number))
  const balance = heapBalance(reads[reads.length - 1], reads[0])
  for (const [i, id] of tested.entries()) {
    if (!called[i]) continue
    const isReplaced = balance !== undefined && isUnmatched(balance, sizeDiff[id])
    verdicts[id] = isReplaced
      ? { ...verdicts[id], reason: 'heap unchanged' }
      : { ...verdicts[id], significant: true, reason: undefined }
  }
  return verdicts
}

/** Sums of some of a read's samples, by group. */
interface SampleSums {
  bytes: Float64Array
  variance: Float64Array
  samples: Float64Array
}

/** The two comparisons of the rule; undefined if the interval is unknown or a read has no samples. */
function seriesSides(
  grouper: Grouper,
  groups: number,
  reads: readonly Snapshot[],
): ((id: number) => TwoSampleStatistic)[] | undefined {
  const h = Math.floor((reads.length - 1) / 2)
  const first = reads[0]
  const last = reads[reads.length - 1]
  const inFirst = ordinalsOf(first)
  const inLast = ordinalsOf(last)
  const inOld = ordinalsOf(reads[h])
  const inYoung = ordinalsOf(reads[reads.length - 1 - h])
  const came = sumSamples(grouper, groups, last, o => !inFirst.has(o))
  const went = sumSamples(grouper, groups, first, o => !inLast.has(o))
  const stayed = sumSamples(grouper, groups, last, o => !inFirst.has(o) && inYoung.has(o))
  const leftOld = sumSamples(grouper, groups, first, o => inOld.has(o) && !inLast.has(o))
  if (!came || !went || !stayed || !leftOld) return undefined
  const interval = estimateRows(last)?.interval ?? 1
  const sidesOf = (up: SampleSums, down: SampleSums) => (id: number) => {
    const variance = (up.variance[id] + down.variance[id]) / 2
    return {
      old: down.bytes[id],
      new: up.bytes[id],
      oldVariance: variance,
      newVariance: variance,
      pooled: (up.bytes[id] + down.bytes[id]) / 2,
      samples: up.samples[id] + down.samples[id],
      interval,
    }
  }
  return [sidesOf(came, went), sidesOf(stayed, leftOld)]
}

function ordinalsOf(read: Snapshot): Set<number> {
  return new Set(read.columns.samples?.ordinal)
}

function sumSamples(
  grouper: Grouper,
  groups: number,
  read: Snapshot,
  isMeant: (ordinal: number) => boolean,
): SampleSums | undefined {
  const rows = estimateRows(read)
  const { samples } = read.columns
  if (!rows || (!samples && read.length > 0)) return undefined
  const column = () => new Float64Array(read.length)
  const [bytes, variance, number] = [column(), column(), column()]
  for (let i = 0; samples && i < samples.row.length; i++) {
    if (!isMeant(samples.ordinal[i])) continue
    const row = samples.row[i]
    const group = rows.decoded?.group[i] ?? 0
    bytes[row] += rows.decoded?.bytes[group] ?? samples.size[i]
    variance[row] += rows.decoded?.variance[group] ?? 0
    number[row]++
  }
  const sums = {
    bytes: new Float64Array(groups + 1),
    variance: new Float64Array(groups + 1),
    samples: new Float64Array(groups + 1),
  }
  addSums({ grouper, groups }, read, [bytes, variance], [sums.bytes, sums.variance])
  addSums({ grouper, groups }, read, [number, number], [sums.samples, new Float64Array(groups + 1)])
  return sums
}

/** Bytes of the last read by group and by the read that first saw them; computed on first access. */
function cohorts(grouper: Grouper, reads: readonly Snapshot[]): (id: number) => number[] | undefined {
  let columns: Float64Array[] | undefined
  return id => {
    columns ??= cohortColumns(grouper, reads)
    return columns.map(column => column[id] ?? 0)
  }
}

function cohortColumns(grouper: Grouper, reads: readonly Snapshot[]): Float64Array[] {
  const last = reads[reads.length - 1]
  const { samples, size } = last.columns
  let firstRead = new Map<number, number>()
  for (const [read, snapshot] of reads.entries()) {
    const next = new Map<number, number>()
    for (const ordinal of snapshot.columns.samples?.ordinal ?? [])
      next.set(ordinal, firstRead.get(ordinal) ?? read)
    firstRead = next
  }
  const weights = reads.map(() => new Float64Array(last.length))
  const decoded = estimateRows(last)?.decoded
  for (let i = 0; samples && i < samples.row.length; i++) {
    const weight = decoded ? decoded.bytes[decoded.group[i]] : samples.size[i]
    weights[firstRead.get(samples.ordinal[i]) as number][samples.row[i]] += weight
  }
  for (let row = 0; row < last.length; row++) shareOut(weights, row, size[row])
  return weights.map(column => sumRows({ grouper }, last, column, column)[0])
}

/** Converts a row's weights to whole bytes that add up to `total`; largest remainders get the rest. */
function shareOut(columns: readonly Float64Array[], row: number, total: number): void {
  const sum = columns.reduce((all, column) => all + column[row], 0)
  if (sum === 0) {
    columns[columns.length - 1][row] = total // rows without samples have no history
    return
  }
  const exact = columns.map(column => (column[row] * total) / sum)
  let left = total
  for (const [k, column] of columns.entries()) left -= column[row] = Math.floor(exact[k])
  const order = exact.map((_, k) => k).sort((a, b) => (exact[b] % 1) - (exact[a] % 1))
  for (const k of order.slice(0, left)) columns[k][row]++
}

/** Theil and Sen: median of slopes between all pairs of reads, or, above 300, pairs half the series apart. */
function medianSlope(sizes: readonly number[]): number {
  const n = sizes.length
  const slopes: number[] = []
  const apart = n > 300 ? Math.floor(n / 2) : 0
  for (let i = 0; i < n; i++) {
    const end = apart > 0 ? Math.min(n, i + apart + 1) : n
    for (let j = apart > 0 ? i + apart : i + 1; j < end; j++) slopes.push((sizes[j] - sizes[i]) / (j - i))
  }
  slopes.sort((a, b) => a - b)
  const middle = slopes.length >> 1
  return slopes.length % 2 === 1 ? slopes[middle] : (slopes[middle - 1] + slopes[middle]) / 2
}
