// Names come from profiles, and profiles are hostile: a function may be called like a terminal sequence, a
// formula or a tag. Everything that prints a name does it through one of these.

/**
 * What is not seen, or changes how its neighbours are seen: control characters (line breaks, terminal
 * sequences), format characters (right-to-left marks, joiners, byte order mark, tags), line and paragraph
 * separators, lone surrogates, other characters that fonts leave out.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
/** The same, and a backslash that would read as the beginning of an escape. */
const ESCAPED = new RegExp(`\\\\(?=u\\{)|${HIDDEN.source}`, 'gu')

/** `\u{1b}`: the way `visible` writes a character. */
function escapeOf(char: string): string {
  return `\\u{${(char.codePointAt(0) as number).toString(16)}}`
}

/**
 * A name as one line in which everything can be seen: hidden characters are `\u{1b}`. Any other text, a
 * Windows path too, stays unchanged. For text, tables and messages. `fromVisible` is its inverse.
 * @param also further characters to escape, such as the separator of a format (not one that escapes are made
 * of)
 */
export function visible(text: string, also = ''): string {
  const shown = text.replace(ESCAPED, escapeOf)
  if (also === '' || ![...also].some(c => shown.includes(c))) return shown
  return Array.from(shown, c => (also.includes(c) ? escapeOf(c) : c)).join('')
}

/** A line whose names are visible already: what was forgotten is now, and nothing is escaped twice. */
export function visibleLine(line: string): string {
  return line.replace(HIDDEN, escapeOf)
}

/** A message to the user: one visible line, after the command's name. */
export function messageLine(message: string): string {
  return `tracemalloc: ${visible(message)}\n`
}

/** The name that `visible` showed. Escapes beyond U+10FFFF stay as they are. */
export function fromVisible(text: string): string {
  if (!text.includes('\\u{')) return text
  return text.replace(/\\u\{([0-9a-f]{1,6})\}/g, (whole, hex) => {
    const code = Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

/** JSON with hidden characters as `\uXXXX`, and without `</` or `<!`, which could end or open a tag. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent)
    .replace(/[^\n]+/g, line => line.replace(HIDDEN, unitEscapes))
    .replace(/<(?=[/!])/g, '\\u003c')
}

/** An escape for each UTF-16 unit, as JSON has them. */
function unitEscapes(char: string): string {
  let text = ''
  for (let i = 0; i < char.length; i++) text += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`
  return text
}

/** First characters that make a cell a formula, also after full-width folding; and our own mark. */
const FORMULA = /^['=+\-@＝＋－＠]/

/**
 * A text as a field of a CSV file (RFC 4180): visible, never a formula (a `'` goes in front of what would be
 * one), quoted where it must be. `fromCsvText` undoes all but the quotes. Numbers need none of this.
 */
export function csvText(text: string): string {
  return csvField(visible(text))
}

/** The same for a text that is visible already. */
export function csvField(shown: string): string {
  const safe = FORMULA.test(shown) ? `'${shown}` : shown
  return /^\s|\s$|[",;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The text that `csvText` wrote, given the field without its quotes. */
export function fromCsvText(field: string): string {
  return fromVisible(fromCsvField(field))
}

/** The text that `csvField` wrote, likewise. */
export function fromCsvField(field: string): string {
  return field.startsWith("'") && FORMULA.test(field.slice(1, 2)) ? field.slice(1) : field
}

/**
 * A name as a Markdown code span that can stand in a table: nothing in it is a tag, a link, a mention or the
 * end of a cell.
 */
export function markdownCode(text: string): string {
  if (text === '') return ''
  const shown = visible(text, '|') // `\|` would end the cell after another backslash
  let longest = 0
  for (const [run] of shown.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  const fence = '`'.repeat(longest + 1)
  const pad = /^[` ]|[` ]$/.test(shown) ? ' ' : ''
  return fence + pad + shown + pad + fence
}
