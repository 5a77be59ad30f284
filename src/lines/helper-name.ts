// The name of a helper: the one place that writes and reads it.

/**
 * Names begin so; a source text that uses the prefix itself is not rewritten.
 */
export const HELPER_PREFIX = '$tm'

// Taken before a traced program can change them.
const { apply } = Reflect
const { exec } = RegExp.prototype

const HELPER = /^\$tm([1-9]\d{0,8})_([1-9]\d{0,8})(?:_[1-9]\d{0,8})?$/

/** Where an operation stands in the text that the program was given; both 1-based. */
export interface Site {
  readonly lineno: number
  readonly column: number
}

/**
 * Name of the helper in which the operation at a site runs: `$tm12_5`. A second operation at the same place
 * has the number 1: `$tm12_5_1`. The name says it all, so that a profile is understood without any table,
 * also one that a dying process has left.
 */
export function helperName({ lineno, column }: Site, nth = 0): string {
  return `${HELPER_PREFIX}${lineno}_${column}${nth > 0 ? `_${nth}` : ''}`
}

/** The site in a helper's name; undefined if a function of that name is no helper. */
export function siteOfHelper(functionName: string): Site | undefined {
  const match = apply(exec, HELPER, [functionName])
  return match ? { lineno: Number(match[1]), column: Number(match[2]) } : undefined
}
