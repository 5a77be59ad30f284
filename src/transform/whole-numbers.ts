// Numbers as files can hold them: whole where a format has no fractions, and sums within 2^53.

import { FormatError } from '../errors.ts'

/** Throws FormatError `too-large` for a sum of rows that is beyond 2^53, which no reader would take. NaN is unknown blocks. */
export function checkSums(sums: Float64Array, format?: string): void {
  for (const sum of sums) {
    if (Math.abs(sum) > Number.MAX_SAFE_INTEGER)
      throw new FormatError('too-large', 'rows add up to more than 2^53 bytes or blocks', { format })
  }
}

/** Estimates as integers; what one loses the next gets, so that the total is right to 1. NaN = unknown is 0. */
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
