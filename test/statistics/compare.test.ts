import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupRows } from '../../src/model/grouping/group.ts'
import { DOMAIN } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { compareSampled } from '../../src/statistics/compare.ts'
import { gammaLimits } from '../../src/statistics/estimation/confidence-limits.ts'
import { errorBars } from '../../src/statistics/estimation/error-bars.ts'
import { estimateRows } from '../../src/statistics/estimation/estimates.ts'
import { pairSnapshots } from '../../src/statistics/testing/pairing.ts'
import { falseDiscoveryRate, repeatsTest } from '../../src/statistics/testing/significance.ts'
import { seriesTrend } from '../../src/statistics/trend.ts'
import { randomFrom, Sampler } from '../support/sampler.ts'
import { exactMeta, sampledMeta, snapshotOf } from '../support/snapshots.ts'

const steady = {
  'main>parse': [64, 20000],
  'main>cache': [1040, 900],
  'main>index>add': [32, 40000],
} as const

/** One run of a program that keeps the same each time, with `more` of one site. */
function run(
  random: () => number,
  interval: number,
  more: Record<string, readonly [number, number]> = {},
): Snapshot {
  const sampler = new Sampler(interval, random)
  for (const [site, [size, n]] of [...Object.entries(steady), ...Object.entries(more)])
    sampler.allocate(site, size, n)
  return sampler.read()
}

const labels = (rows: { statistic: { label: string } }[]) => rows.map(row => row.statistic.label)

describe('error bars', () => {
  it('hold the size shown, and are 0 where exact, null where unknown', () => {
    const sampled = run(randomFrom(1), 4096)
    const groups = groupRows(sampled, 'lineno')
    const bars = errorBars([sampled], groups.grouper)
    for (const id of groups.ids) {
      const bar = bars(id, groups.size[id])
      expect(bar.sizeLow).toBeLessThanOrEqual(groups.size[id])
      expect(bar.sizeHigh).toBeGreaterThanOrEqual(groups.size[id])
      expect(bar.sizeError).toBeGreaterThan(0)
    }
    const exact = snapshotOf('100 1: a.js:1', exactMeta)
    expect(errorBars([exact], groupRows(exact, 'lineno').grouper)(0, 100)).toEqual({
      sizeError: 0,
      sizeLow: 100,
      sizeHigh: 100,
      countError: 0,
    })
    const unknown = snapshotOf('100 1: a.js:1', {
      ...sampledMeta,
      interval: undefined,
      intervalSource: undefined,
    })
    expect(errorBars([unknown], groupRows(unknown, 'lineno').grouper)(0, 100).sizeError).toBeNull()
  })

  it('add up by any grouping, and in cumulative statistics count a sample once for each key', () => {
    const sampled = run(randomFrom(2), 4096)
    const by = (keyType: 'filename' | 'traceback', cumulative = false) => {
      const groups = groupRows(sampled, keyType, cumulative)
      const bars = errorBars([sampled], groups.grouper)
      return [...groups.ids].reduce(
        (sum, id) => sum + (bars(id, groups.size[id]).sizeError as number) ** 2,
        0,
      )
    }
    expect(by('traceback')).toBeCloseTo(by('filename'), -3)
    expect(by('filename', true)).toBeCloseTo(by('filename'), -3)
  })

  it('are less than 3.7 intervals without a sample', () => {
    const { low, high } = gammaLimits(0, 0, 40320)
    expect(low).toBe(0)
    expect(high / 40320).toBeCloseTo(-Math.log(0.025), 10)
  })

  it('are of the rows without samples too: exact buffers, and heap whose samples were not kept', () => {
    const noSamples = snapshotOf('409600 1: a.js:1', { ...sampledMeta, interval: 4096 })
    const bars = errorBars([noSamples], groupRows(noSamples, 'lineno').grouper)
    expect(bars(-1, 409600).sizeError).toBeCloseTo(Math.sqrt(409600 * 4096), 6)
  })

  it('of backing stores follow the law at their own interval, alone and in a pair', () => {
    const stores = (text: string, bufferInterval?: number) =>
      snapshotOf(text, { ...sampledMeta, interval: 4096, session: 'one', bufferInterval }).with({
        columns: { domain: Uint32Array.of(DOMAIN.arrayBuffer) },
      })
    const errorOf = (snapshot: Snapshot) =>
      errorBars([snapshot], groupRows(snapshot, 'lineno').grouper)(-1, snapshot.total.size)
    const tenStores = '655360 10: a.js:1'
    const p = 1 - Math.exp(-65536 / 24576)
    const one = Math.sqrt((65536 ** 2 * (1 - p)) / p)
    expect(errorOf(stores(tenStores, 24576))).toMatchObject({
      sizeError: expect.closeTo(Math.sqrt(10) * one, 6),
      countError: expect.closeTo(Math.sqrt((10 * (1 - p)) / p), 6),
    })
    expect(errorOf(stores(tenStores))).toMatchObject({ sizeError: 0, countError: 0 })
    const [row] = compareSampled(
      [stores('1310720 20: a.js:1', 24576)],
      [stores(tenStores, 24576)],
      'lineno',
    ).rows
    expect(row.sizeDiffError).toBeCloseTo(Math.sqrt(10) * one, 6)
  })
})

describe('paired diffs', () => {
  const sites = ['a', 'a>b', 'a>b>c', 'd']
  const sizes = [16, 64, 1040, 4104, 9000, 65552]
  const step = fc.record({
    site: fc.constantFrom(...sites),
    size: fc.constantFrom(...sizes),
    n: fc.integer({ min: 1, max: 300 }),
    free: fc.double({ min: 0, max: 1, noNaN: true }),
  })

  it('agree with the difference of the sizes, whatever came and went', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(1, 512, 4096, 40320),
        fc.integer(),
        fc.constantFrom('lineno' as const, 'filename' as const, 'traceback' as const),
        (before, after, interval, seed, keyType) => {
          const sampler = new Sampler(interval, randomFrom(seed))
          for (const { site, size, n } of before) sampler.allocate(site, size, n)
          const old = sampler.read()
          for (const { site, free, size, n } of after) {
            sampler.free(site, free)
            sampler.allocate(site, size, n)
          }
          const now = sampler.read()
          const { rows, rule } = compareSampled([now], [old], keyType)
          expect(rule).toBe('paired')
          for (const row of rows) {
            const { size, sizeDiff } = row.statistic
            expect((row.new as number) - (row.freed as number)).toBe(sizeDiff)
            expect((row.new as number) + (row.survived as number)).toBe(size)
            expect(row.new).toBeGreaterThanOrEqual(0)
            expect(row.freed).toBeGreaterThanOrEqual(0)
            expect(row.survived).toBeGreaterThanOrEqual(0)
          }
        },
      ),
      { numRuns: 200, seed: 1 },
    )
  })

  it('show an untouched site as nothing, and only births where nothing went', () => {
    const sampler = new Sampler(4096, randomFrom(4))
    sampler.allocate('still', 64, 50000)
    sampler.allocate('grows', 64, 50000)
    const old = sampler.read()
    sampler.allocate('grows', 64, 5000)
    const now = sampler.read()
    const cells = pairSnapshots(now, old.over(now.tables), estimateRows(now), estimateRows(old))
    expect([...cells.freed]).toEqual([0, 0])
    const { rows } = compareSampled([now], [old], 'function')
    expect(rows[0]).toMatchObject({ significant: true, freed: 0 })
    expect(rows[0].statistic.label).toMatch(/^grows/)
    expect(rows[1]).toMatchObject({ new: 0, freed: 0, significant: false, pValue: 1 })
    expect(rows[1].statistic.sizeDiff).toBe(0)
  })

  it('have the rows of compareTo in its order', () => {
    const sampler = new Sampler(4096, randomFrom(8))
    for (const [site, [size, n]] of Object.entries(steady)) sampler.allocate(site, size, n)
    const old = sampler.read()
    sampler.free('main>parse', 0.3)
    sampler.allocate('main>cache', 1040, 100)
    const now = sampler.read()
    for (const [keyType, cumulative] of [
      ['lineno', false],
      ['function', true],
      ['traceback', false],
    ] as const) {
      const plain = now.compareTo(old, keyType, cumulative)
      const rows = compareSampled([now], [old], keyType, cumulative).rows.map(row => row.statistic)
      expect(rows).toEqual(plain)
    }
  })

  it('never call the memory of the inspector and of V8 itself', () => {
    const meta = { ...sampledMeta, session: 's' }
    const old = snapshotOf('1000 1: a.js:1', meta)
    const now = snapshotOf(
      `1000 1: a.js:1
      900000 9: a.js:1 > post@node:inspector:112 > helper@node:internal/util:3
      900000 9: (EXTERNAL)@<v8>:0`,
      meta,
    )
    const { rows } = compareSampled([now], [old], 'function')
    expect(rows.filter(row => row.reason === 'runtime')).toHaveLength(2)
    expect(rows.some(row => row.significant)).toBe(false)
  })
})

describe('a heap that is known at each read', () => {
  /** Two reads of one session: `entries` KiB came at a cache, `leaked` KiB at a leak, and the heap grew by `heap` KiB. */
  function reads(entries: number, leaked: number, heap: number): [old: Snapshot, now: Snapshot] {
    const sampler = new Sampler(4096, randomFrom(7))
    const read = (heapUsed: number) => {
      const snapshot = sampler.read()
      return snapshot.with({
        meta: { ...snapshot.meta, memory: { heapUsed, sampled: snapshot.total.size } },
      })
    }
    sampler.allocate('main>cache', 128, 8 * 100)
    const old = read(20 << 20)
    sampler.allocate('main>cache', 128, 8 * entries)
    sampler.allocate('main>leak', 128, 8 * leaked)
    return [old, read((20 << 20) + 1024 * heap)]
  }
  const called = ([old, now]: [Snapshot, Snapshot]) => {
    const { rows, notes, total } = compareSampled([now], [old], 'function')
    const reasons = rows.map(row => `${row.statistic.label.split(' ')[0]} ${row.reason ?? 'called'}`)
    return { reasons, notes, total: total.reason }
  }

  it('takes back growth that replaced what was there before tracing, and says so', () => {
    const { reasons, notes, total } = called(reads(1000, 0, 20))
    expect(reasons).toEqual(['cache heap unchanged'])
    expect(total).toBe('heap unchanged')
    expect(notes.join()).toMatch(
      /sampled memory \+\d+ KiB, heap in use \+20\.0 KiB: about as much older memory was freed/,
    )
  })

  it('leaves growth alone that the heap has, also beside a cache', () => {
    expect(called(reads(1000, 0, 1000))).toMatchObject({ reasons: ['cache called'], notes: [] })
    expect(called(reads(2000, 800, 800)).reasons).toEqual(['cache heap unchanged', 'leak called'])
    expect(called(reads(900, 1000, 1000)).reasons).toEqual(['leak called', 'cache called']) // nothing tells them apart
  })

  it('says what the samples have not seen: the rest of the heap, and Buffers', () => {
    expect(called(reads(0, 100, 3000)).notes.join()).toMatch(
      /heap in use \+3000 KiB, sampled memory \+\d+ KiB: the samples do not show where the rest comes from/,
    )
    const [old, now] = reads(0, 100, 100)
    const withExternal = (snapshot: Snapshot, external: number, bufferInterval?: number) =>
      snapshot.with({
        meta: { ...snapshot.meta, bufferInterval, memory: { ...snapshot.meta.memory, external } },
      })
    const grown = called([withExternal(old, 1 << 20), withExternal(now, 9 << 20)]).notes.join()
    expect(grown).toContain('memory outside the heap, such as Buffers, +8192 KiB: V8 does not sample it')
    const sampled = called([withExternal(old, 1 << 20, 65536), withExternal(now, 9 << 20, 65536)])
    expect(sampled.notes).toEqual([])
  })

  it('holds for the trend of a series, and needs a heap that is known', () => {
    const [old, now] = reads(1000, 0, 20)
    const trend = (all: Snapshot[]) => seriesTrend(all, 'function').rows.map(row => row.reason)
    const middle = now.with({ meta: { ...now.meta, read: 1 } })
    expect(trend([old, middle, now])).toEqual(['heap unchanged'])
    const without = (snapshot: Snapshot) => snapshot.with({ meta: { ...snapshot.meta, memory: {} } })
    expect(called([without(old), without(now)]).reasons).toEqual(['cache called'])
  })
})

describe('unpaired diffs', () => {
  it('find a leak among steady rows, first, and mark the rest as noise', () => {
    const random = randomFrom(9)
    const old = run(random, 4096)
    const now = run(random, 4096, { 'main>leak': [64, 10000] })
    const { rows, rule, notes } = compareSampled([now], [old], 'function')
    expect(rule).toBe('unpaired')
    expect(labels(rows.filter(row => row.significant))).toEqual([expect.stringMatching(/^leak/)])
    expect(rows[0].significant).toBe(true)
    expect(rows.slice(1).every(row => row.significant === false)).toBe(true)
    expect(notes[0]).toMatch(/one run against another/)
  })

  it('find two 1 MB objects among twenty', () => {
    for (const interval of [2048, 40320, 524288]) {
      const random = randomFrom(interval)
      const old = run(random, interval, { big: [1 << 20, 20] })
      const now = run(random, interval, { big: [1 << 20, 22] })
      const found = compareSampled([now], [old], 'function').rows.filter(row => row.significant)
      // At 512 KiB an object of 1 MB is itself in doubt: 86 % of them are sampled.
      expect(labels(found)).toEqual(interval < 524288 ? [expect.stringMatching(/^big/)] : [])
    }
  })

  it('raise few false alarms at equal and at different intervals', () => {
    for (const [a, b] of [
      [40320, 40320],
      [40320, 2048],
      [524288, 32768],
    ]) {
      let alarms = 0
      for (let seed = 0; seed < 60; seed++) {
        const random = randomFrom(seed * 31 + a)
        const { rows } = compareSampled([run(random, b)], [run(random, a)], 'function')
        if (rows.some(row => row.significant)) alarms++
      }
      expect(alarms, `${a} ${b}`).toBeLessThanOrEqual(6)
    }
  })

  it('never call one exact run against another, but three and more', () => {
    const program = (extra: number, k: number) =>
      snapshotOf(`${1000000 + 900 * k} 100: a.js:1\n${500000 + extra} 9: b.js:1`)
    const single = compareSampled([program(400000, 1)], [program(0, 2)], 'lineno')
    expect(single).toMatchObject({ rule: 'none', reason: 'single runs' })
    expect(single.rows.every(row => row.significant === null)).toBe(true)
    const old = [1, 2, 3].map(k => program(k, k))
    const repeated = compareSampled(
      [4, 5, 6].map(k => program(400000 + k, k)),
      old,
      'lineno',
    )
    expect(repeated.rule).toBe('repeats')
    expect(repeated.rows.map(row => row.significant)).toEqual([true, false])
    expect(repeated.rows[0].statistic.sizeDiff).toBeCloseTo(400003, 6)
    expect(repeated.rows[1].reason).toBe('small')
  })

  it('say why nothing can be judged, and in what the snapshots differ', () => {
    const unknown = snapshotOf('100 1: a.js:1', {
      ...sampledMeta,
      interval: undefined,
      intervalSource: undefined,
    })
    const known = snapshotOf('100 1: a.js:1', { ...sampledMeta, runtime: 'node', runtimeVersion: 'v20' })
    const exact = snapshotOf('90 1: a.js:1', { ...exactMeta, runtime: 'chrome', measure: 'allocated' })
    expect(compareSampled([unknown], [known], 'lineno')).toMatchObject({
      rule: 'none',
      reason: 'interval unknown',
    })
    expect(compareSampled([unknown], [known], 'lineno').rows[0]).toMatchObject({
      sizeDiffError: null,
      sizeDiffLow: null,
      significant: null,
      pValue: null,
    })
    const { notes, rule, reason } = compareSampled([known], [exact], 'lineno')
    expect({ rule, reason }).toEqual({ rule: 'none', reason: 'exact and sampled' })
    expect(notes).toEqual(
      expect.arrayContaining([
        'some snapshots are exact and some sampled',
        'different sampling intervals: 1, 1024 bytes',
        'different runtimes: chrome, node v20',
        'the snapshots measure different things: allocated, live',
      ]),
    )
  })

  it('accept a snapshot without samples and the same read twice', () => {
    const empty = new Sampler(4096, randomFrom(1)).read()
    const now = run(randomFrom(2), 4096)
    expect(compareSampled([now], [empty], 'lineno').notes).toContain('a snapshot is empty')
    const same = compareSampled([now], [now], 'lineno')
    expect(same.notes).toEqual(['both snapshots are the same read'])
    expect(same.rows.every(row => row.statistic.sizeDiff === 0 && row.significant === false)).toBe(true)
  })

  it('say so when the old snapshot is the later read', () => {
    const sampler = new Sampler(4096, randomFrom(1))
    const first = sampler.read()
    const second = sampler.read()
    expect(compareSampled([first], [second], 'lineno').notes.join()).toMatch(/taken after the new/)
  })
})

describe('drift', () => {
  const before = { 'main>loop>handler': [64, 50000], 'main>other': [64, 50000] } as const
  const phase = (random: () => number, sites: Record<string, readonly [number, number]>) => {
    const sampler = new Sampler(4096, random)
    for (const [site, [size, n]] of Object.entries(sites)) sampler.allocate(site, size, n)
    return sampler.read()
  }

  it('is recognised where a caller gains what its callee loses, and is no growth', () => {
    const old = phase(randomFrom(1), before)
    const now = phase(randomFrom(2), { 'main>loop': [64, 50000], 'main>other': [64, 50000] })
    for (const cumulative of [false, true]) {
      const { rows } = compareSampled([now], [old], 'function', cumulative)
      expect(rows.filter(row => row.significant)).toEqual([])
      const moved = rows.filter(row => row.reason === 'drift')
      expect(labels(moved).map(label => label.split(' ')[0])).toEqual(
        cumulative ? ['handler'] : expect.arrayContaining(['loop', 'handler']),
      )
    }
  })

  it('does not hide growth on top of what moved, nor an exchange of strangers', () => {
    const old = phase(randomFrom(1), before)
    const grown = phase(randomFrom(2), { 'main>loop': [64, 150000], 'main>other': [64, 50000] })
    const [first, second] = compareSampled([grown], [old], 'function').rows
    expect(first).toMatchObject({ significant: true, drift: { bytes: expect.any(Number) } })
    expect(second).toMatchObject({ significant: false, reason: 'drift' })
    const swapped = phase(randomFrom(3), { 'main>loop>handler': [64, 10000], 'main>other': [64, 90000] })
    expect(compareSampled([swapped], [old], 'function').rows.filter(row => row.significant)).toHaveLength(2)
  })
})

describe('rules', () => {
  it('Benjamini and Hochberg call the example of their paper', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ]
    expect(falseDiscoveryRate(p).filter(Boolean)).toHaveLength(4)
    expect(falseDiscoveryRate([])).toEqual([])
  })

  it("Student's test of repeats", () => {
    // t = 3 / sqrt(2 / 3) = 3.674 at 4 degrees of freedom.
    expect(repeatsTest([5, 7, 6], [9, 8, 10])).toBeCloseTo(0.02131, 4)
    expect(repeatsTest([5, 5, 5], [5])).toBe(1)
    expect(repeatsTest([5, 5, 5], [6])).toBe(0)
  })
})
