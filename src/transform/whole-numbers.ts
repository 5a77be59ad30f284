// Numbers as files can hold them: integers if a format has no fractions, and sums within 2^53.
import { FormatError } from '../errors.ts'

/** Throws FormatError `too-large` for a sum beyond 2^53, which no reader accepts. NaN is unknown. */
export function checkSums(sums: Float64Array, format?: string): void {
  for (const sum of sums) {
    if (Math.abs(sum) > Number.MAX_SAFE_INTEGER)
      throw new FormatError('too-large', 'rows add up to more than 2^53 bytes or blocks', { format })
  }
}

/** Estimates as integers, with rounding errors carried on, so that the total is right within 1. NaN is 0. */
export function wholeNumbers(values: Float64Array): Float64Array {
  let carry = 0
  return values.map(value => {
    if (Number.isInteger(value)) return value
    if (Number.isNaN(value)) return 0
    const whole = Math.round(value + carry)
    carry += value - whole
    return whole
  })
}
