// How many columns of a terminal a text takes, and how it is cut or filled to a width.
import stringWidth from 'string-width'

/** Characters of one column each that figures, bars and branches consist of. */
const NARROW = /^[ -~±…\u2500-\u259f]*$/

/** Terminal columns of a text. Segmenting costs a hundred times as much as looking at the text. */
export function widthOf(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text)
}

/** The largest measure of any number of rows, at least `least`. */
export function largest<T>(least: number, rows: readonly T[], measure: (row: T) => number): number {
  let most = least
  for (const row of rows) most = Math.max(most, measure(row))
  return most
}

/** What stands in front of a path in a label or a line of a traceback. */
const BEFORE_PATH = /^$|[\s("']$/

/**
 * Paths inside the folder lose its name: `./src/app.js`. Addresses, and paths with it in the middle, stay.
 */
export function shorten(text: string, folder: string | undefined): string {
  if (!folder || folder === '/') return text
  const [first, ...others] = text.split(`${folder}/`)
  let shown = first
  for (const part of others) shown += (BEFORE_PATH.test(shown) ? './' : `${folder}/`) + part
  return shown
}

/** Long texts lose their end; those that begin with what matters. At least 20 columns stay. */
export function cutEnd(text: string, width: number): string {
  const room = Math.max(width, 20)
  if (text.length * 2 <= room) return text
  let used = 0
  let end = 0 // of what fits with the mark after it
  for (const character of text) {
    used += widthOf(character)
    if (used > room) return `${text.slice(0, end)}…`
    if (used < room) end += character.length
  }
  return text
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
