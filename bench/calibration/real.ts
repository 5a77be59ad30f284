// Claims that are checked on real programs under V8.

import { groupRows } from '../../src/model/grouping/group.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { compareSampled } from '../../src/statistics/compare.ts'
import { errorBars } from '../../src/statistics/estimation/error-bars.ts'
import { estimateRows } from '../../src/statistics/estimation/estimates.ts'
import type { SampledDiff } from '../../src/statistics/results.ts'
import { randomFrom } from '../../test/support/sampler.ts'
import { sampleHistogram } from './exact.ts'
import { histogramOf, type Profile, snapshotOf } from './profiles.ts'
import { percent, type Result } from './result.ts'

/** Gives runs of a program, made once and kept. */
export type Collect = (what: {
  program: string
  interval: number
  runs: number
  reads?: number
  runtime?: 'node20' | 'node26'
  flags?: readonly string[]
  tag?: string
}) => Promise<string[]>

export interface Runs {
  collect: Collect
  profilesOf(path: string): Profile[]
}

export const PROGRAMS = ['service', 'web', 'parsers']

async function reads({ collect, profilesOf }: Runs, what: Parameters<Collect>[0]): Promise<Snapshot[]> {
  const paths = await collect(what)
  return Promise.all(paths.map(path => snapshotOf(profilesOf(path)[0], what.interval)))
}

/** What keeps bytes at the frame that allocates them, as `run` does. */
const STABLE = ['--no-turbo-inlining', '--no-turbo-allocation-folding']

function framesOf(isStable: boolean) {
  return isStable ? { flags: STABLE, tag: '-stable' } : {}
}

/** Identical runs against each other, in disjoint pairs; with stable frames or as V8 runs by itself. */
export async function falseAlarms(
  runs: Runs,
  interval: number,
  pairs: number,
  isStable: boolean,
): Promise<Result[]> {
  let alarms = 0
  let compared = 0
  const by: string[] = []
  for (const program of PROGRAMS) {
    const wanted = Math.ceil(pairs / PROGRAMS.length)
    const all = await reads(runs, { program, interval, runs: 2 * wanted, ...framesOf(isStable) })
    let flagged = 0
    for (let i = 0; i + 1 < all.length; i += 2) {
      const { rows } = compareSampled([all[i + 1]], [all[i]], 'lineno')
      if (rows.some(row => row.significant)) flagged++
      compared++
    }
    alarms += flagged
    by.push(`${program} ${flagged}`)
  }
  return [
    {
      claim: 'at most 5 % of pairs of identical runs flag anything',
      setting: `unpaired, ${interval === 1 ? 'exact' : `interval ${interval}`}, ${isStable ? 'stable frames' : 'frames not stable'}, ${compared} disjoint pairs of 3 programs`,
      figure: `${percent(alarms, compared)} (${by.join(', ')})`,
      met: alarms / compared <= 0.05,
    },
  ]
}

/** Three identical runs against three. */
export async function repeats(
  runs: Runs,
  interval: number,
  sets: number,
  isStable: boolean,
): Promise<Result[]> {
  let alarms = 0
  let compared = 0
  for (const program of PROGRAMS) {
    const wanted = Math.ceil(sets / PROGRAMS.length)
    const all = await reads(runs, { program, interval, runs: 6 * wanted, ...framesOf(isStable) })
    for (let i = 0; i + 5 < all.length; i += 6) {
      const { rows } = compareSampled(all.slice(i, i + 3), all.slice(i + 3, i + 6), 'lineno')
      if (rows.some(row => row.significant)) alarms++
      compared++
    }
  }
  return [
    {
      claim: 'at most 5 % of identical sets flag anything',
      setting: `three runs against three, ${interval === 1 ? 'exact' : `interval ${interval}`}, ${isStable ? 'stable frames' : 'frames not stable'}, ${compared} disjoint sets`,
      figure: percent(alarms, compared),
      met: alarms / compared <= 0.05,
    },
  ]
}

/** Is a row of a file of Node's own, such as the timers that wake the reader? */
function isNodes({ statistic }: SampledDiff): boolean {
  return statistic.label.startsWith('node:')
}

/** Reads of a target that does nothing, each against the one before. */
export async function idle(runs: Runs, interval: number, pairs: number): Promise<Result[]> {
  const PER_RUN = 12
  let compared = 0
  let flagged = 0
  let nodes = 0
  let runtime = 0
  for (const program of PROGRAMS) {
    const wanted = Math.ceil(pairs / PROGRAMS.length / (PER_RUN - 1))
    const paths = await runs.collect({ program, interval, runs: wanted, reads: PER_RUN, tag: '-idle' })
    for (const path of paths) {
      const all = await Promise.all(runs.profilesOf(path).map((p, i) => snapshotOf(p, interval, path, i)))
      for (let i = 1; i < all.length; i++) {
        const { rows } = compareSampled([all[i]], [all[i - 1]], 'lineno')
        compared++
        const called = rows.filter(row => row.significant)
        nodes += called.filter(isNodes).length
        flagged += called.filter(row => !isNodes(row)).length
        runtime += rows.filter(row => row.reason === 'runtime' && row.statistic.sizeDiff !== 0).length
      }
    }
  }
  return [
    {
      claim: 'on an idle target no user row is called',
      setting: `paired, interval ${interval}, ${compared} pairs of 3 programs`,
      figure: `${flagged} rows (${nodes} of Node's own files called; ${runtime} of the runtime changed and were left alone)`,
      met: flagged === 0,
    },
  ]
}

/** Blocks counted from samples against those of an exact run, whose heap is sampled many times. */
export async function counts(runs: Runs, interval: number, draws: number): Promise<Result[]> {
  const results: Result[] = []
  for (const runtime of ['node20', 'node26'] as const) {
    for (const program of PROGRAMS) {
      const [path] = await runs.collect({ program, interval: 1, runs: 1, runtime })
      const heap = histogramOf(runs.profilesOf(path)[0])
      const truth = heap.flat().reduce((sum, [, n]) => sum + n, 0)
      const random = randomFrom(truth)
      let sum = 0
      let squares = 0
      for (let i = 0; i < draws; i++) {
        const estimates = estimateRows(sampleHistogram(heap, interval, random))
        const count = estimates?.count.reduce((a, b) => a + b, 0) ?? 0
        sum += count / truth
        squares += (count / truth) ** 2
      }
      const mean = sum / draws
      const error = Math.sqrt((squares / draws - mean ** 2) / draws)
      const limit = runtime === 'node20' ? 0.05 : 0.1
      results.push({
        claim: `block counts are within ${100 * limit} % of the exact ones`,
        setting: `${runtime}, ${program}, ${truth} blocks, interval ${interval}, mean of ${draws} samplings`,
        figure: `${((mean - 1) * 100).toFixed(1)} % ± ${(100 * error).toFixed(1)}`,
        met: Math.abs(mean - 1) <= limit,
      })
    }
  }
  return results
}

/** Exact bytes against the mean of sampled runs, as they are. */
export async function shortfall(runs: Runs, interval: number, repeated: number): Promise<Result[]> {
  const results: Result[] = []
  for (const program of [...PROGRAMS, 'schemas', 'streams']) {
    const exact = await reads(runs, { program, interval: 1, runs: 2 })
    const sampled = await reads(runs, { program, interval, runs: repeated })
    const truth = exact.reduce((sum, s) => sum + s.total.size, 0) / exact.length
    const ratios = sampled.map(s => s.total.size / truth - 1)
    const mean = ratios.reduce((a, b) => a + b, 0) / ratios.length
    const sd = Math.sqrt(ratios.reduce((a, b) => a + (b - mean) ** 2, 0) / (ratios.length - 1))
    results.push({
      claim: 'sampled against exact totals',
      setting: `${program}, interval ${interval}, ${sampled.length} runs, exact ${Math.round(truth / 1024)} KiB`,
      figure: `${(100 * mean).toFixed(1)} % ± ${((100 * sd) / Math.sqrt(ratios.length)).toFixed(1)}`,
      met: undefined,
    })
  }
  return results
}

/** How often the 95 % interval of a row of a real run holds the bytes of an exact run. */
export async function realCoverage(runs: Runs, interval: number, repeated: number): Promise<Result[]> {
  let held = 0
  let all = 0
  for (const program of PROGRAMS) {
    const exact = await reads(runs, { program, interval: 1, runs: 6, ...framesOf(true) })
    const truth = new Map<string, number>()
    for (const snapshot of exact) {
      for (const { label, size } of snapshot.statistics('lineno'))
        truth.set(label, (truth.get(label) ?? 0) + size / exact.length)
    }
    for (const snapshot of await reads(runs, { program, interval, runs: repeated, ...framesOf(true) })) {
      const groups = groupRows(snapshot, 'lineno')
      const bars = errorBars([snapshot], groups.grouper)
      for (const id of groups.ids) {
        const bytes = truth.get(groups.grouper.describe(id).label)
        if (bytes === undefined || bytes < interval) continue // rows of under one expected sample
        const { sizeLow, sizeHigh } = bars(id, groups.size[id])
        all++
        if (bytes >= (sizeLow as number) && bytes <= (sizeHigh as number)) held++
      }
    }
  }
  return [
    {
      claim: 'the 95 % interval of a row holds the bytes of an exact run',
      setting: `interval ${interval}, stable frames, ${all} rows of ${repeated} runs of 3 programs, truth the mean of 6 exact runs`,
      figure: percent(held, all),
      met: undefined,
    },
  ]
}

/** The same work cold and hot, with and without flags that keep frames where they are. */
export async function drift(runs: Runs): Promise<Result[]> {
  const results: Result[] = []
  for (const runtime of ['node20', 'node26'] as const) {
    const stable = ['--no-turbo-inlining', '--no-turbo-allocation-folding']
    if (runtime === 'node26') stable.push('--no-maglev-inlining')
    for (const flags of [[], stable]) {
      const tag = flags.length > 0 ? '-stable' : ''
      const paths = await runs.collect({
        program: 'phases',
        interval: 2048,
        runs: 5,
        reads: 2,
        runtime,
        flags,
        tag,
      })
      let growth = 0
      let marks = 0
      for (const path of paths) {
        const [old, now] = await Promise.all(
          runs.profilesOf(path).map((p, i) => snapshotOf(p, 2048, path, i)),
        )
        const { rows } = compareSampled([now], [old], 'function')
        if (rows.some(row => row.significant && row.statistic.sizeDiff > 0)) growth++
        if (rows.some(row => row.reason === 'drift')) marks++
      }
      results.push({
        claim:
          flags.length > 0 ? 'stable frames: no growth' : 'without stable frames: a drift mark, no growth',
        setting: `${runtime}, two phases of the same work, ${paths.length} runs`,
        figure: `growth in ${growth}, drift mark in ${marks}`,
        met: growth === 0 && marks === (flags.length > 0 ? 0 : paths.length),
      })
    }
  }
  return results
}
