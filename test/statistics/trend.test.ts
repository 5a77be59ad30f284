import { describe, expect, it } from 'vitest'
import { seriesTrend } from '../../src/statistics/trend.ts'
import { randomFrom, Sampler } from '../support/sampler.ts'
import { exactMeta, snapshotOf } from '../support/snapshots.ts'

const INTERVAL = 40320
const objects = (samples: number) => Math.round((samples * INTERVAL) / 64)

/** Reads of one session: a row that churns, one that stays, and one that leaks `leak` samples a step. */
function series(reads: number, leak: number, seed: number) {
  const sampler = new Sampler(INTERVAL, randomFrom(seed))
  sampler.allocate('churn', 64, objects(100))
  sampler.allocate('still', 64, objects(50))
  const all = [sampler.read()]
  for (let i = 1; i < reads; i++) {
    sampler.free('churn', 0.3)
    sampler.allocate('churn', 64, objects(30))
    sampler.allocate('leak', 64, objects(leak))
    all.push(sampler.read())
  }
  return all
}

describe('the series rule', () => {
  it('calls a leak over churn, first, and nothing else', () => {
    const { rows, paired, notes } = seriesTrend(series(10, 10, 2), 'function')
    expect(paired).toBe(true)
    expect(rows[0].statistic.label).toMatch(/^leak/)
    expect(rows.map(row => row.significant)).toEqual([true, false, false])
    expect(rows[0].growing).toBe(true)
    // 10 samples a step.
    expect(rows[0].slope / (10 * INTERVAL)).toBeGreaterThan(0.6)
    expect(rows[0].slope / (10 * INTERVAL)).toBeLessThan(1.5)
    expect(notes[0]).toMatch(/grew in this period/)
  })

  it('keeps to its level under churn', () => {
    let called = 0
    for (let seed = 0; seed < 60; seed++) {
      if (seriesTrend(series(6, 0, seed), 'function').rows.some(row => row.significant)) called++
    }
    expect(called).toBeLessThanOrEqual(5)
  })

  it('tells how old the bytes are', () => {
    const reads = series(6, 10, 3)
    const { rows } = seriesTrend(reads, 'function')
    for (const row of rows) {
      expect(row.ages).toHaveLength(6)
      expect(row.ages?.reduce((a, b) => a + b, 0)).toBe(row.statistic.size)
    }
    const of = (name: string) => rows.find(row => row.statistic.label.startsWith(name))?.ages as number[]
    expect(of('still').slice(1)).toEqual([0, 0, 0, 0, 0])
    expect(of('leak')[0]).toBe(0)
    expect(
      of('leak')
        .slice(1)
        .every(bytes => bytes > 0),
    ).toBe(true)
  })

  it('describes series of different sessions without a p-value', () => {
    const reads = [100, 300, 350, 400].map(size => snapshotOf(`${size} 1: a.js:1\n7 1: b.js:1`, exactMeta))
    const { rows, paired } = seriesTrend(reads, 'lineno')
    expect(paired).toBe(false)
    expect(rows[0]).toMatchObject({
      sizes: [100, 300, 350, 400],
      growing: true,
      pValue: null,
      significant: null,
      reason: 'single runs',
      ages: undefined,
    })
    // Slopes 200, 125, 100, 50, 50, 50.
    expect(rows[0].slope).toBe(75)
  })
})
