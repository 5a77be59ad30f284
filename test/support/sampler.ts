// A seeded model of V8's sampling heap profiler: what it would report of a heap whose truth is known.

import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { probability, reportedSize } from '../../src/statistics/estimation/sampling.ts'

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** How many of `n` tries succeed: skips from one success to the next, so the work is in proportion to the successes. */
export function binomial(n: number, p: number, random: () => number): number {
  if (p >= 1) return n
  if (p > 0.5) return n - binomial(n, 1 - p, random)
  const log = Math.log1p(-p)
  let successes = 0
  for (
    let at = Math.floor(Math.log(1 - random()) / log);
    at < n;
    at += 1 + Math.floor(Math.log(1 - random()) / log)
  ) {
    successes++
  }
  return successes
}

interface LiveSample {
  site: string
  size: number
  ordinal: number
}

/** One run of the sampler. A site is a stack, oldest first: `main>load>parse`; each name a function of `app.js`. */
export class Sampler {
  readonly interval: number
  readonly random: () => number
  readonly session: string
  readonly tables: Tables
  live: LiveSample[] = []
  #ordinal = 0
  #reads = 0

  constructor(interval: number, random: () => number, session = `s${random()}`, tables = new Tables()) {
    this.interval = interval
    this.random = random
    this.session = session
    this.tables = tables
  }

  /** Allocates `n` objects of `size` bytes. */
  allocate(site: string, size: number, n: number): void {
    const sampled = binomial(n, probability(size, this.interval), this.random)
    for (let i = 0; i < sampled; i++) this.live.push({ site, size, ordinal: ++this.#ordinal })
  }

  /** Frees each object of a site with probability `part`. */
  free(site: string, part: number): void {
    this.live = this.live.filter(sample => sample.site !== site || this.random() >= part)
  }

  read(meta: Partial<SnapshotMeta> = {}): Snapshot {
    const builder = new SnapshotBuilder(this.tables)
    const bySite = new Map<string, LiveSample[]>()
    for (const sample of this.live) {
      const list = bySite.get(sample.site)
      if (list) list.push(sample)
      else bySite.set(sample.site, [sample])
    }
    for (const [site, samples] of bySite) {
      const counts = new Map<number, number>()
      for (const { size } of samples) counts.set(size, (counts.get(size) ?? 0) + 1)
      let selfSize = 0
      for (const [size, n] of counts) selfSize += reportedSize(size, n, this.interval)
      const row = builder.add(this.#stackOf(site), selfSize, samples.length)
      for (const { size, ordinal } of samples)
        builder.addSample(row, reportedSize(size, 1, this.interval), ordinal)
    }
    return builder.build(
      {
        source: 'test',
        measure: 'live',
        accuracy: 'sampled',
        counts: 'estimated',
        interval: this.interval,
        intervalSource: 'recorded',
        session: this.session,
        read: this.#reads++,
        ...meta,
      },
      128,
    )
  }

  #stackOf(site: string): number {
    let stack = 0
    for (const name of site.split('>')) {
      // Each function starts on a line of its own, told by its name.
      let line = 1
      for (const character of name) line = (line * 31 + character.charCodeAt(0)) % 9973
      stack = this.tables.stacks.intern(stack, this.tables.frames.intern(name, 'app.js', line + 1))
    }
    return stack
  }
}
