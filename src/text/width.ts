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

/** Names inside the folder lose its path: `./src/app.js`. */
export function shorten(text: string, folder: string | undefined): string {
  return folder && folder.length > 1 ? text.replaceAll(`${folder}/`, './') : text
}

/** Long names lose their beginning, which says least. */
export function fit(name: string, width: number): string {
  if (width < 20 || (name.length <= 4 * width && widthOf(name) <= width)) return name
  const characters = Array.from(name.slice(-4 * width)) // the end shows, a few units a column at most
  let from = characters.length
  for (let used = 1; from > 0; from--) {
    used += widthOf(characters[from - 1])
    if (used > width) break
  }
  return `…${characters.slice(from).join('')}`
}
