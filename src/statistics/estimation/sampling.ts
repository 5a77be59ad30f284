// V8's sampling heap profiler picks s bytes with probability p = 1 - exp(-s / r), r the interval in bytes.
// n live samples of one size at a node are reported as s * floor(n / p + 0.5), each alone as
// v = s * floor(1 / p + 0.5). Source: v8/src/profiler/sampling-heap-profiler.cc (ScaleSample).
import type { Snapshot } from '../../model/snapshot.ts'
import type { Sampling } from '../results.ts'

/** Probability that an allocation of `size` bytes is sampled. */
export function probability(size: number, interval: number): number {
  return -Math.expm1(-size / interval)
}

/** Bytes that V8 reports for `n` samples of objects of `size` bytes at one node, with V8's arithmetic. */
export function reportedSize(size: number, n: number, interval: number): number {
  const scale = 1 / (1 - Math.exp(-size / interval))
  return size * Math.floor(n * scale + 0.5)
}

/** Unbiased variance, in bytes squared, that a sampled object adds to its group: s^2 (1 - p) / p^2. */
export function sampleVariance(size: number, interval: number): number {
  const half = size / interval / 2
  // = r^2 ((x/2) / sinh(x/2))^2, which keeps its digits at small x and becomes 0 at large x.
  return half < 1e-8 ? interval * interval : ((interval * half) / Math.sinh(half)) ** 2
}

/** How a snapshot was sampled, as values and as a sentence. */
export function describeSampling(snapshot: Snapshot): Sampling {
  const { accuracy, interval, intervalSource } = snapshot.meta
  if (accuracy === 'exact' || interval === 1) {
    return { interval: 'exact', bytes: 1, text: 'exact: every allocation was seen' }
  }
  if (interval === undefined || intervalSource === undefined) {
    return {
      interval: 'unknown',
      bytes: undefined,
      text: 'sampled at an unknown interval (set it with --interval): sizes have no error bars, and counts are numbers of samples',
    }
  }
  return {
    interval: intervalSource,
    bytes: interval,
    text: `sampled every ${interval} bytes (${intervalSource})`,
  }
}
