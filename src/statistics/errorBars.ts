import type { Groups } from '../model/group.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { estimateRows, sumRows } from './estimates.ts'
import { gammaLimits } from './limits.ts'
import type { ErrorBar } from './types.ts'

const UNKNOWN: ErrorBar = { sizeError: null, sizeLow: null, sizeHigh: null, countError: null }

/**
 * Error bars of a snapshot's groups, by group id. The standard error is the root of sum s^2 (1 - p) / p^2 over the samples; as
 * an interval it is right only from about 30 samples, so the 95 % interval is Fay and Feuer's. It holds the size shown.
 */
export function errorBars(snapshot: Snapshot, groups: Groups): (id: number) => ErrorBar {
  const rows = estimateRows(snapshot)
  if (!rows) return () => UNKNOWN
  if (rows.interval === 1) {
    return id => ({ sizeError: 0, sizeLow: groups.size[id], sizeHigh: groups.size[id], countError: 0 })
  }
  const [bytes, variance] = sumRows(groups, snapshot, rows.bytes, rows.variance)
  const [samples, countVariance] = sumRows(groups, snapshot, rows.samples, rows.countVariance)
  return id => {
    const size = groups.size[id]
    // A group without samples is of exact rows.
    if (samples[id] === 0) return { sizeError: 0, sizeLow: size, sizeHigh: size, countError: 0 }
    const { low, high } = gammaLimits(bytes[id], variance[id], rows.interval)
    return {
      sizeError: Math.sqrt(variance[id]),
      sizeLow: Math.min(low, size),
      sizeHigh: Math.max(high, size),
      countError: Math.sqrt(countVariance[id]),
    }
  }
}
