// Estimates what the samples of each row represent, and infers the counts from them.
import type { Groups } from '../../model/grouping/group.ts'
import type { SampleMultisets } from '../../model/sample-multisets.ts'
import type { Samples, Snapshot } from '../../model/snapshot.ts'
import { decodeSamples } from './decode.ts'
import { type InferredInterval, inferInterval } from './infer-interval.ts'
import { type Kinds, kindsOf, MultisetEstimates } from './multiset-estimates.ts'
import type { RowEstimates } from './row-estimates.ts'
import { rowsWithoutSamples } from './rows-without-samples.ts'
import { describeSampling, probability } from './sampling.ts'

export type { RowEstimates } from './row-estimates.ts'

/** Samples are decoded once for all questions of a report. The key is the samples' identity. */
const known = new WeakMap<Samples, { size: Float64Array; estimates: RowEstimates }>()
const knownKinds = new WeakMap<SampleMultisets, { size: Float64Array; kinds: Kinds }>()

/** Estimates of a snapshot's rows; undefined if its sampling interval is unknown. */
export function estimateRows(snapshot: Snapshot): RowEstimates | undefined {
  const { bytes: interval } = describeSampling(snapshot)
  if (interval === undefined) return undefined
  const { samples, multisets, size } = snapshot.columns
  if (multisets && interval > 1) return fromMultisets(snapshot, multisets, interval)
  if (interval === 1 || !samples) return withoutSamples(snapshot, interval)
  const seen = known.get(samples)
  if (seen && seen.size === size && seen.estimates.interval === interval) return seen.estimates
  const estimates = fromSamples(snapshot, samples, interval)
  known.set(samples, { size, estimates })
  return estimates
}

/** Stores estimates of a snapshot's samples that were computed in another thread. */
export function takeEstimates({ columns: { samples, size } }: Snapshot, estimates: RowEstimates): void {
  if (samples) known.set(samples, { size, estimates })
}

function fromSamples(snapshot: Snapshot, samples: Samples, interval: number): RowEstimates {
  const decoded = decodeSamples(samples, snapshot.columns.size, interval)
  const estimates = withoutSamples(snapshot, interval)
  const { bytes, variance, count, countVariance } = estimates
  const sampled = new Float64Array(snapshot.length)
  for (let i = 0; i < decoded.row.length; i++) {
    const row = decoded.row[i]
    if (sampled[row] === 0) bytes[row] = variance[row] = count[row] = countVariance[row] = 0
    const n = decoded.n[i]
    sampled[row] += n
    bytes[row] += n * decoded.bytes[i]
    variance[row] += n * decoded.variance[i]
    count[row] += n * decoded.count[i]
    countVariance[row] += decoded.countVariance[i]
  }
  for (let row = 0; row < sampled.length; row++) if (sampled[row] > 0) estimates.samples[row] = sampled[row]
  return { ...estimates, decoded }
}

function fromMultisets(snapshot: Snapshot, multisets: SampleMultisets, interval: number): RowEstimates {
  const { size } = snapshot.columns
  let seen = knownKinds.get(multisets)
  if (!seen || seen.size !== size || seen.kinds.interval !== interval) {
    knownKinds.set(multisets, (seen = { size, kinds: kindsOf(multisets, size, interval) }))
  }
  return new MultisetEstimates(seen.kinds, rowsWithoutSamples(snapshot, interval))
}

function withoutSamples(snapshot: Snapshot, interval: number): RowEstimates {
  const of = rowsWithoutSamples(snapshot, interval)
  const column = (f: (row: number) => number) => snapshot.columns.size.map((_, row) => f(row))
  return {
    interval,
    bytes: column(of.bytes),
    variance: column(of.variance),
    samples: column(of.samples),
    count: column(of.count),
    countVariance: column(of.countVariance),
    decoded: undefined,
  }
}

export type EstimateColumn = 'bytes' | 'variance' | 'samples' | 'count' | 'countVariance'

/** Part of a column: from row `from`, as long as `scratch`, which may be filled and returned. */
export function estimatesOf(
  rows: RowEstimates,
  name: EstimateColumn,
  from: number,
  scratch: Float64Array,
): Float64Array {
  if (rows instanceof MultisetEstimates) return rows.fill(name, from, scratch)
  return rows[name].subarray(from, from + scratch.length)
}

/** The same rows sampled at another interval: variance of a row's bytes, expected number of samples. */
export function estimateAt(
  estimates: RowEstimates,
  snapshot: Snapshot,
  interval: number,
): { variance: Float64Array; samples: Float64Array } {
  if (interval === estimates.interval) return estimates
  const variance = new Float64Array(snapshot.length)
  const samples = new Float64Array(snapshot.length)
  const add = (row: number, objects: number, size: number) => {
    const p = probability(size, interval)
    if (interval > 1) variance[row] += (objects * size * size * (1 - p)) / p
    samples[row] += objects * p
  }
  const { decoded, count, bytes } = estimates
  if (decoded) {
    for (let i = 0; i < decoded.row.length; i++) {
      add(decoded.row[i], decoded.n[i] * decoded.count[i], decoded.size[i])
    }
  } else {
    for (let row = 0; row < snapshot.length; row++) {
      if (count[row] > 0 && bytes[row] > 0) add(row, count[row], bytes[row] / count[row])
      else if (Number.isNaN(count[row])) {
        // As for rows without samples: every sample represents about one interval.
        if (interval > 1) variance[row] = Math.abs(bytes[row]) * interval
        samples[row] = Math.abs(bytes[row]) / interval
      }
    }
  }
  return { variance, samples }
}

/**
 * Completes a snapshot after reading: infers the interval if nobody gave it, and the number of blocks behind
 * the samples (a fraction; `meta.counts` stays `estimated`). At interval 1 every block is a sample: exact.
 */
export function estimateCounts(snapshot: Snapshot): Snapshot {
  const { meta, columns } = snapshot
  const { samples, multisets } = columns
  if (meta.accuracy === 'exact' || !(samples || multisets)) return snapshot
  if (meta.interval === undefined) {
    return inferred(
      snapshot,
      multisets ? inferInterval(multisets.sizes, multisets.samples) : inferInterval(samples!.size),
    )
  }
  if (meta.interval === 1) return snapshot.with({ meta: { accuracy: 'exact', counts: 'exact' } })
  if (meta.counts === 'exact') return snapshot
  const estimates = estimateRows(snapshot)
  return estimates ? snapshot.with({ columns: { count: estimates.count } }) : snapshot
}

function inferred(snapshot: Snapshot, { interval, text }: InferredInterval): Snapshot {
  if (interval === undefined) {
    return snapshot.with({
      meta: { notes: [...(snapshot.meta.notes ?? []), `unknown sampling interval: ${text}`] },
    })
  }
  return estimateCounts(snapshot.with({ meta: { interval, intervalSource: 'inferred' } }))
}

/** Sums of two row columns by the groups of `groups.grouper`. */
export function sumRows(
  groups: Pick<Groups, 'grouper'>,
  snapshot: Snapshot,
  a: Float64Array,
  b: Float64Array,
): [Float64Array, Float64Array] {
  const sums = groups.grouper.group(snapshot.with({ columns: { size: a, count: b } }))
  return [sums.size, sums.count]
}
