// Confidence intervals of estimated bytes and of their differences.
import type { Limits } from '../results.ts'
import { gammaQuantile } from '../special-functions.ts'

/**
 * 95 % interval of a sum of independent samples: Fay and Feuer's gamma interval (1997). `bytes` is the
 * estimate, `variance` its unbiased variance, `interval` the largest weight that one more sample could have.
 */
export function gammaLimits(bytes: number, variance: number, interval: number): Limits {
  const low =
    variance > 0 && bytes > 0 ? (variance / bytes) * gammaQuantile(0.025, bytes ** 2 / variance) : bytes
  const b = bytes + interval
  const v = variance + interval ** 2
  const high = interval > 0 ? (v / b) * gammaQuantile(0.975, b ** 2 / v) : bytes
  return { low, high: Math.max(high, bytes) }
}

/** 95 % interval of `plus - minus`, from the interval of each (MOVER; Zou and Donner 2008). */
export function differenceLimits(plus: number, ofPlus: Limits, minus: number, ofMinus: Limits): Limits {
  const difference = plus - minus
  return {
    low: difference - Math.hypot(plus - ofPlus.low, ofMinus.high - minus),
    high: difference + Math.hypot(ofPlus.high - plus, minus - ofMinus.low),
  }
}
