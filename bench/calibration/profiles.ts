// Profiles of real runs as snapshots.

import { read as readProfile } from '../../converters/heapprofile/read.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { estimateCounts } from '../../src/statistics/estimation/estimates.ts'
import type { Histogram } from './exact.ts'

/** A profile as the runner writes it: V8's, and at interval 1 the objects' sizes by node. */
export interface Profile {
  head: unknown
  samples: { size: number; nodeId: number; ordinal: number }[]
  sizes?: Record<string, Record<string, number>>
}

export async function snapshotOf(
  profile: Profile,
  interval: number,
  session?: string,
  read?: number,
): Promise<Snapshot> {
  const { head, samples } = profile
  const bytes = new TextEncoder().encode(JSON.stringify({ head, samples }))
  const source = {
    name: 'run.heapprofile',
    async *chunks() {
      yield bytes
    },
  }
  const [snapshot] = await readProfile(source, { interval })
  return estimateCounts(snapshot.with({ meta: { session, read } }))
}

/** The objects of an exact profile, by node. */
export function histogramOf({ sizes = {} }: Profile): Histogram {
  return Object.values(sizes).map(ofNode =>
    Object.entries(ofNode).map(([size, n]) => [Number(size), n] as const),
  )
}
