import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  gammaQuantile,
  incompleteBeta,
  incompleteGamma,
  logGamma,
  normalQuantile,
  normalTail,
  studentTail,
} from '../../src/statistics/special-functions.ts'

/** Made by mpmath with 30 digits: [arguments..., value]. */
const known: Record<string, number[][]> = JSON.parse(
  readFileSync(new URL('./special.json', import.meta.url), 'utf8'),
)

function relative(value: number, expected: number): number {
  return Math.abs(value - expected) / Math.max(Math.abs(expected), 1e-290)
}

describe('special functions against mpmath', () => {
  it.each(known.logGamma)('logGamma(%d)', (x, expected) => {
    expect(Math.abs(logGamma(x) - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)))
  })

  it.each(known.gamma)('incompleteGamma(%d, %d)', (a, x, lower, upper) => {
    const [p, q] = incompleteGamma(a, x)
    // The smaller tail is the one worked out; the other is 1 less it.
    expect(relative(x < a + 1 ? p : q, x < a + 1 ? lower : upper)).toBeLessThan(1e-9)
    expect(p + q).toBeCloseTo(1, 14)
  })

  it.each(known.quantile)('gammaQuantile(%d, %d)', (p, a, expected) => {
    expect(relative(gammaQuantile(p, a), expected)).toBeLessThan(a > 1e5 ? 1e-8 : 1e-9)
  })

  it.each(known.beta)('incompleteBeta(%d, %d, %d)', (x, a, b, expected) => {
    const isLarge = a + b > 1e6
    expect(relative(incompleteBeta(x, a, b), expected)).toBeLessThan(isLarge ? 2e-3 : 1e-8)
  })

  it.each(known.normal)('normalTail(%d)', (z, expected) => {
    expect(relative(normalTail(z), expected)).toBeLessThan(1e-12)
    if (z < 8) expect(normalQuantile(1 - expected)).toBeCloseTo(z, 6)
    expect(normalQuantile(expected)).toBeCloseTo(-z, 9)
  })

  it('has the limits that the tests of sums need', () => {
    expect(incompleteBeta(0.5, 0, 3)).toBe(1)
    expect(incompleteBeta(0.5, 3, 0)).toBe(0)
    expect(gammaQuantile(0.975, 1)).toBeCloseTo(3.6888794541139363, 12)
  })

  it('knows the tables of Student', () => {
    expect(studentTail(12.706, 1)).toBeCloseTo(0.05, 4)
    expect(studentTail(2.776, 4)).toBeCloseTo(0.05, 4)
    expect(studentTail(-3.169, 10)).toBeCloseTo(0.01, 4)
    expect(studentTail(Infinity, 3)).toBe(0)
  })
})
