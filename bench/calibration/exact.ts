// Exact profiles of real programs, and what V8 would have reported of them at any interval.

import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { probability, reportedSize } from '../../src/statistics/estimation/sampling.ts'
import { binomial } from '../../test/support/sampler.ts'

/** By node of a real profile: its objects' sizes and how many there are of each. */
export type Histogram = readonly (readonly [size: number, count: number][])[]

/** Samples a heap as V8 does; every node is a row of its own. */
export function sampleHistogram(nodes: Histogram, interval: number, random: () => number): Snapshot {
  const builder = new SnapshotBuilder()
  let ordinal = 0
  for (const [i, sizes] of nodes.entries()) {
    let row = -1
    for (const [size, count] of sizes) {
      const n = binomial(count, probability(size, interval), random)
      if (n === 0) continue
      if (row < 0)
        row = builder.add(
          builder.tables.stacks.intern(0, builder.tables.frames.intern('f', 'a.js', i + 1)),
          0,
          0,
        )
      builder.grow(row, reportedSize(size, n, interval), n)
      for (let k = 0; k < n; k++) builder.addSample(row, reportedSize(size, 1, interval), ++ordinal)
    }
  }
  return builder.build(
    {
      source: 'simulation',
      measure: 'live',
      accuracy: 'sampled',
      counts: 'estimated',
      interval,
      intervalSource: 'given',
    },
    128,
  )
}
