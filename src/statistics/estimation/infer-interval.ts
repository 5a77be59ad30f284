// Infers the sampling interval, which V8's files do not hold. Every reported size must be s * floor(1 / p(s)
// + 0.5) for some object size s, so the sizes themselves reveal it.
import { probability } from './sampling.ts'
import { expectedPrior, sizePrior } from './size-prior.ts'
import { isReportable, SizeTable } from './size-table.ts'

/** An interval inferred from samples, or why it cannot be. */
export interface InferredInterval {
  /** Bytes; undefined if no interval, or more than one, explains the samples. */
  readonly interval: number | undefined
  readonly text: string
}

/** Default intervals of common tools: tried first and considered more likely. */
const USUAL = [524288, 32768, 40320, 20160, 32832]
/** Round numbers that people type. */
const ROUND = [
  ...[1, 3, 5, 7].flatMap(m => Array.from({ length: 18 }, (_, k) => m * 2 ** (k + 5))),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 25].flatMap(m => [100, 1e3, 1e4, 1e5, 1e6].map(d => m * d)),
  4032,
  221760,
].filter(r => r <= 1 << 22)
const CANDIDATES = [...new Set([...USUAL, ...ROUND])].sort((a, b) => b - a)
/** Odds over the next explanation that one needs to be accepted. */
const CLEAR = 20
/** Number of reported sizes that are examined. */
const MOST_VALUES = 400

/** Infers the interval from the reported sizes of live samples; `samples` is the number of each (1). */
export function inferInterval(sizes: Float64Array, samples?: Float64Array): InferredInterval {
  const counts = new Map<number, number>()
  for (let i = 0; i < sizes.length; i++) {
    const n = counts.get(sizes[i])
    if (n !== undefined || counts.size < MOST_VALUES)
      counts.set(sizes[i], (n ?? 0) + (samples ? samples[i] : 1))
  }
  const values = [...counts.keys()].sort((a, b) => a - b)
  if (values.length === 0) return { interval: undefined, text: 'no samples to infer the interval from' }
  const found: { interval: number; log: number }[] = []
  let least = -Infinity // of an explanation that is no rival
  for (const interval of CANDIDATES) {
    if (interval > values[0]) continue // s / p is more than the interval, whatever s
    const bonus = USUAL.includes(interval) ? Math.log(20) : 0
    const log =
      bonus +
      Math.max(
        likelihood(values, counts, interval, 8, least - bonus),
        likelihood(values, counts, interval, 4, least - bonus + 5) - 5,
      )
    if (log > -Infinity) found.push({ interval, log })
    least = Math.max(least, log - Math.log(CLEAR))
  }
  found.sort((a, b) => b.log - a.log)
  const best = found[0]
  if (!best)
    return { interval: undefined, text: `no common interval explains the ${values.length} different sizes` }
  const rivals = found.filter(f => f.log > best.log - Math.log(CLEAR)).map(f => f.interval)
  if (rivals.length > 1) {
    return { interval: undefined, text: `the samples fit ${rivals.join(', ')} bytes equally well` }
  }
  return {
    interval: best.interval,
    text: `the ${values.length} different sizes fit no other common interval as well`,
  }
}

/** Log likelihood of the reported sizes at an interval; -Infinity if impossible or less than `least`. */
function likelihood(
  values: readonly number[],
  counts: ReadonlyMap<number, number>,
  interval: number,
  granularity: 4 | 8,
  least: number,
): number {
  for (const v of values.slice(0, 8)) if (!isReportable(v, interval, granularity)) return -Infinity
  const table = new SizeTable(interval, granularity)
  const expected = expectedPrior(size => probability(size, interval))
  let log = 0
  for (const v of values) {
    if (!table.has(v)) return -Infinity
    let weight = 0
    for (const s of table.candidates(v).sizes) weight += sizePrior(s) * probability(s, interval)
    log += (counts.get(v) as number) * Math.log(weight / expected) // hardly ever more than 0
    if (log < least) return -Infinity
  }
  return log
}
