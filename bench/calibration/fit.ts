// What is fitted on the programs of the table of usual sizes: the weight of sizes unheard of (src/statistics/prior.ts) and how alike the
// sizes at one node are (src/statistics/checksum.ts). The programs that counts are judged on take no part.

import { probability, reportedSize } from '../../src/statistics/estimation/sampling.ts'
import { SizeTable } from '../../src/statistics/estimation/size-table.ts'
import { logGamma } from '../../src/statistics/special-functions.ts'
import { binomial, randomFrom } from '../../test/support/sampler.ts'
import type { Histogram } from './exact.ts'

const INTERVAL = 40320

/** Mean log likelihood of the sizes of each program's samples, given what V8 reports, if the table is made of the other programs. */
export function tailLikelihood(programs: readonly ReadonlyMap<number, number>[], tail: number): number {
  const table = new SizeTable(INTERVAL, 8)
  let sum = 0
  for (const program of programs) {
    const others = programs.filter(other => other !== program)
    const weight = (size: number) =>
      (others.reduce((share, other) => share + (other.get(size) ?? 0), 0) / others.length +
        tail / size ** 2) *
      probability(size, INTERVAL)
    let likelihood = 0
    let all = 0
    for (const [size, share] of program) {
      const alike = table.sizes(reportedSize(size, 1, INTERVAL))
      if (alike.length < 2) continue
      const part = weight(size) / alike.reduce((total, s) => total + weight(s), 0)
      likelihood += share * probability(size, INTERVAL) * Math.log(part)
      all += share * probability(size, INTERVAL)
    }
    sum += likelihood / all
  }
  return sum / programs.length
}

/** Mean log likelihood of the sizes in lots of two samples and more, at this concentration. */
export function concentrationLikelihood(programs: readonly Histogram[], concentration: number): number {
  const table = new SizeTable(INTERVAL, 8)
  let sum = 0
  for (const nodes of programs) {
    let likelihood = 0
    let lots = 0
    const random = randomFrom(1)
    for (const sizes of Array.from({ length: 30 }, () => nodes).flat()) {
      for (const [v, counts] of lotsOf(sizes, random)) {
        const { sizes: alike, weights } = table.candidates(v)
        const n = [...counts.values()].reduce((a, b) => a + b, 0)
        if (n < 2 || alike.length < 2 || ![...counts.keys()].every(size => alike.includes(size))) continue
        lots++
        likelihood += logGamma(concentration) - logGamma(n + concentration)
        for (const [size, m] of counts) {
          const alpha = concentration * weights[alike.indexOf(size)]
          likelihood += logGamma(m + alpha) - logGamma(alpha)
        }
      }
    }
    sum += likelihood / lots
  }
  return sum / programs.length
}

/** Samples of a node by what V8 reports, and by size. */
function lotsOf(sizes: Histogram[number], random: () => number): Map<number, Map<number, number>> {
  const lots = new Map<number, Map<number, number>>()
  for (const [size, count] of sizes) {
    const n = binomial(count, probability(size, INTERVAL), random)
    if (n === 0) continue
    const v = reportedSize(size, 1, INTERVAL)
    const lot = lots.get(v) ?? new Map<number, number>()
    lots.set(v, lot.set(size, n))
  }
  return lots
}
