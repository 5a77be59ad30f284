import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSamples } from '../../src/statistics/estimation/decode.ts'
import { estimateCounts, estimateRows } from '../../src/statistics/estimation/estimates.ts'
import { inferInterval } from '../../src/statistics/estimation/infer-interval.ts'
import { probability, reportedSize, sampleVariance } from '../../src/statistics/estimation/sampling.ts'
import { isReportable, SizeTable } from '../../src/statistics/estimation/size-table.ts'
import { randomFrom, Sampler } from '../support/sampler.ts'

const SIZES = [16, 24, 32, 40, 48, 56, 64, 80, 96, 136, 160, 272, 1040, 2064, 16400, 65552, 1 << 20]

describe('the sampling law', () => {
  it('has the figures of a real profile', () => {
    // Node 20 at 1024 bytes reports a lone 16 byte string as 1024, 32 bytes as 1056, 64 as 1088 and 8,016 as itself.
    expect([16, 32, 64, 8016].map(s => reportedSize(s, 1, 1024))).toEqual([1040, 1056, 1088, 8016])
  })

  it('gives one sample the variance of what it stands for', () => {
    for (const r of [4096, 40320, 524288]) {
      for (const s of SIZES) {
        const p = probability(s, r)
        expect(sampleVariance(s, r) / ((s * s * Math.exp(-s / r)) / (p * p))).toBeCloseTo(1, 6)
      }
    }
    expect(sampleVariance(1 << 30, 512)).toBe(0)
    expect(sampleVariance(16, 2 ** 50)).toBeCloseTo(2 ** 100, -80)
  })

  it('knows which sizes can be reported, with a table and without', () => {
    for (const interval of [512, 20160, 32768, 524288]) {
      for (const granularity of [4, 8] as const) {
        const table = new SizeTable(interval, granularity)
        for (let s = 16; s < 2 * interval; s += granularity * (1 + Math.floor(s / 64))) {
          const v = reportedSize(s, 1, interval)
          expect(table.has(v), `${s} at ${interval}`).toBe(true)
          expect(isReportable(v, interval, granularity), `${s} at ${interval}`).toBe(true)
          // Sizes hardly ever met are left out beside usual ones.
          if (s <= 160 && s % 8 === 0) expect(table.candidates(v).sizes).toContain(s)
        }
        for (let v = interval; v < 1.1 * interval; v += granularity * 7) {
          expect(isReportable(v, interval, granularity), `${v} at ${interval}`).toBe(table.has(v))
        }
      }
    }
  })
})

describe('decoding', () => {
  const samplesOf = (sizes: readonly number[], interval: number) => ({
    row: new Uint32Array(sizes.length),
    size: Float64Array.from(sizes, s => reportedSize(s, 1, interval)),
    ordinal: Float64Array.from(sizes.keys()),
  })

  it('finds sizes by the checksum that their reports alone leave open', () => {
    const interval = 32768
    const table = new SizeTable(interval, 8)
    const [small, large] = SIZES.flatMap(a =>
      table.candidates(reportedSize(a, 1, interval)).sizes.map(b => [a, b] as const),
    ).find(([a, b]) => b > a && reportedSize(a, 9, interval) !== reportedSize(b, 9, interval)) as readonly [
      number,
      number,
    ]
    const decoded = [small, large].map(s =>
      decodeSamples(
        samplesOf(new Array(9).fill(s), interval),
        Float64Array.of(reportedSize(s, 9, interval)),
        interval,
      ),
    )
    expect(reportedSize(small, 1, interval)).toBe(reportedSize(large, 1, interval))
    expect(decoded[0].size[0]).toBeLessThan(decoded[1].size[0])
    expect(decoded[1].size[0] - decoded[0].size[0]).toBeGreaterThan((large - small) / 2)
    expect(decoded[0].count[0]).toBeGreaterThan(decoded[1].count[0])
  })

  it('keeps large lots of one size apart from rare larger sizes, beside others that are open', () => {
    const interval = 40320
    for (const scale of [1, 10]) {
      const lots = [
        [32, 320 * scale],
        [24, 27 * scale],
        [56, 153 * scale],
        [152, 24 * scale],
        [1600, 3 * scale],
        [6800, scale],
      ]
      const row = lots.flatMap(([s, n]) => new Array<number>(n).fill(s))
      const total = lots.reduce((sum, [s, n]) => sum + reportedSize(s, n, interval), 0)
      const { count, n } = decodeSamples(samplesOf(row, interval), Float64Array.of(total), interval)
      const truth = row.reduce((sum, s) => sum + 1 / probability(s, interval), 0)
      const found = count.reduce((sum, one, i) => sum + one * n[i], 0)
      expect(found / truth, `${scale}`).toBeGreaterThan(0.85)
      expect(found / truth, `${scale}`).toBeLessThan(1.1)
    }
  })

  it('keeps the sum of a row, whatever the sizes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...SIZES), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(512, 4096, 32768, 40320, 524288),
        (sizes, interval) => {
          const counts = new Map<number, number>()
          for (const s of sizes) counts.set(s, (counts.get(s) ?? 0) + 1)
          let total = 0
          let unbiased = 0
          for (const [s, n] of counts) {
            total += reportedSize(s, n, interval)
            unbiased += (n * s) / probability(s, interval)
          }
          const decoded = decodeSamples(samplesOf(sizes, interval), Float64Array.of(total), interval)
          let bytes = 0
          for (let i = 0; i < decoded.n.length; i++) bytes += decoded.n[i] * decoded.bytes[i]
          expect(decoded.n.reduce((a, b) => a + b, 0)).toBe(sizes.length)
          // Half an object of rounding for each size.
          const rounding = [...counts.keys()].reduce((a, s) => a + s, 0)
          expect(Math.abs(bytes - unbiased)).toBeLessThanOrEqual(rounding + 1e-6 * total)
        },
      ),
      { numRuns: 150, seed: 5 },
    )
  })

  it('takes reports that are not of V8 as they are', () => {
    const decoded = decodeSamples(
      { row: Uint32Array.of(0, 0), size: Float64Array.of(40321.5, 3), ordinal: Float64Array.of(1, 2) },
      Float64Array.of(7),
      40320,
    )
    expect([...decoded.size]).toEqual([40321.5, 3])
    expect(decoded.count.every(Number.isFinite)).toBe(true)
  })

  it('needs time in proportion to the samples, whatever they are', () => {
    const random = randomFrom(3)
    const n = 20000
    const samples = {
      row: Uint32Array.from({ length: n }, (_, i) => i >> 6),
      size: Float64Array.from({ length: n }, () => 32768 + 8 * Math.floor(random() * 400)),
      ordinal: Float64Array.from({ length: n }, (_, i) => i),
    }
    const decoded = decodeSamples(samples, new Float64Array(n >> 6).fill(64 * 33000), 32768)
    expect(decoded.bytes.every(value => value > 0)).toBe(true)
  })
})

describe('counts', () => {
  it.each([40320, 32832, 20160])('are within 5 % on a known heap at %d', interval => {
    const random = randomFrom(11)
    let truth = 0
    let estimate = 0
    let variance = 0
    for (let run = 0; run < 40; run++) {
      const sampler = new Sampler(interval, random)
      for (const [i, size] of [24, 32, 40, 48, 56, 64, 96, 136].entries()) {
        sampler.allocate(`main>f${i}`, size, 20000)
        sampler.allocate(`main>f${i}`, SIZES[i + 9], 10)
        truth += 20010
      }
      const snapshot = sampler.read()
      estimate += estimateCounts(snapshot).total.count
      variance += estimateRows(snapshot)?.countVariance.reduce((a, b) => a + b, 0) as number
    }
    expect(Math.abs(estimate / truth - 1)).toBeLessThan(0.05)
    // The error that is stated covers the error that was made.
    expect(Math.abs(estimate - truth)).toBeLessThan(3 * Math.sqrt(variance))
  })

  it('are exact at interval 1, and left alone where exact or unknown', () => {
    const exact = new Sampler(1, randomFrom(1))
    exact.allocate('main', 24, 1000)
    const counted = estimateCounts(exact.read())
    expect(counted.meta).toMatchObject({ accuracy: 'exact', counts: 'exact' })
    expect(counted.total).toEqual({ size: 24000, count: 1000 })
    expect(estimateCounts(counted)).toBe(counted)
  })
})

describe('the interval', () => {
  it.each([512, 4096, 20160, 32768, 40320, 65536, 100000, 524288])(
    'of %d is told from the samples',
    interval => {
      const sampler = new Sampler(interval, randomFrom(interval))
      for (const [i, size] of [24, 32, 40, 48, 64, 96].entries())
        sampler.allocate(`f${i}`, size, (interval / size) * 15)
      sampler.allocate('large', 1 << 20, 3)
      const snapshot = estimateCounts(sampler.read({ interval: undefined, intervalSource: undefined }))
      expect(snapshot.meta).toMatchObject({ interval, intervalSource: 'inferred' })
    },
  )

  it('is unknown where nothing tells it, and the reason is said', () => {
    expect(inferInterval(new Float64Array(0))).toEqual({
      interval: undefined,
      text: expect.stringContaining('no samples'),
    })
    expect(inferInterval(Float64Array.of(12345.5, 99)).interval).toBeUndefined()
    const sampler = new Sampler(40321, randomFrom(1))
    sampler.allocate('f', 24, 100000)
    const snapshot = estimateCounts(sampler.read({ interval: undefined, intervalSource: undefined }))
    if (snapshot.meta.interval === undefined)
      expect(snapshot.meta.notes?.[0]).toMatch(/unknown sampling interval/)
    // Close enough for error bars, where a neighbour explains the samples as well.
    else expect(Math.abs(snapshot.meta.interval / 40321 - 1)).toBeLessThan(0.01)
  })

  it('costs little for sizes made up to cost much', () => {
    const hostile = Float64Array.from({ length: 2000 }, (_, i) => 4194304 + 8 * i * 97)
    expect(() => inferInterval(hostile)).not.toThrow()
  })
})
