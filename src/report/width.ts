import stringWidth from 'string-width'

/** Characters of one column each that figures, bars and branches consist of. */
const NARROW = /^[ -~±…\u2500-\u259f]*$/

/** Columns of a terminal that a text takes. Segmenting a text is a hundred times the cost of looking at it. */
export function widthOf(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text)
}

/** The largest measure of any number of rows, at least `least`. */
export function largest<T>(least: number, rows: readonly T[], measure: (row: T) => number): number {
  let most = least
  for (const row of rows) most = Math.max(most, measure(row))
  return most
}
