// Finds the name of a function in the text around a position, if the map has none. Not a parser: it knows a
// few forms, and otherwise gives no answer.

const IDENTIFIER = String.raw`#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*`
/** Characters examined on either side; what is farther away says nothing. */
const REACH = 300

const KEYWORDS = new Set(
  'if for while switch catch with function return new typeof void await yield super import async do else in of case throw delete class default export static'.split(
    ' ',
  ),
)

const FUNCTION = new RegExp(`^(?:async\\s+)?function\\b\\s*\\*?\\s*(${IDENTIFIER})?`, 'u')
const CLASS = new RegExp(
  `^(?:(?:export|default|abstract)\\s+)*class\\b\\s*(?!extends\\b)(${IDENTIFIER})?`,
  'u',
)
const METHOD = new RegExp(
  `^(?:(?:static|async|get|set|public|private|protected|override|abstract|export|default)\\s+|\\*\\s*)*(${IDENTIFIER})\\s*(?=[(<])`,
  'u',
)
const EXPORTED_FUNCTION = /^(?:export\s+|default\s+)+(?=(?:async\s+)?function\b)/
/** `name =`, `name: Type =` or, in an object, `name:` before a function. */
const ASSIGNED = new RegExp(
  `(?<![\\p{ID_Continue}$]|=>\\s*)(${IDENTIFIER})\\s*[?!]?\\s*(?::(?:[^=;{}]|=>){0,120})?=\\s*$`,
  'u',
)
const PROPERTY = new RegExp(`[{,]\\s*(?:(${IDENTIFIER})|'([^'\\n]+)'|"([^"\\n]+)")\\s*:\\s*$`, 'u')
const NAME_BEFORE = new RegExp(`(?<![\\p{ID_Continue}$.])(${IDENTIFIER})\\s*$`, 'u')

/**
 * The name of the function that begins at `index` of a source: at its name, its `(`, its first parameter, or
 * a preceding keyword, since compilers map different ones. `''` if the text does not tell.
 */
export function functionNameAt(source: string, index: number): string {
  const skipped = EXPORTED_FUNCTION.exec(source.slice(index, index + 64))
  if (skipped) index += skipped[0].length
  // Runs of spaces become one, since patterns would try every part of them.
  const after = source.slice(index, index + REACH).replace(/\s+/g, ' ')
  const before = source.slice(Math.max(0, index - REACH), index).replace(/\s+/g, ' ')
  const named = FUNCTION.exec(after) ?? CLASS.exec(after)
  if (named) return named[1] ?? assignedName(before)
  if (/\bfunction\b\s*\*?\s*$/.test(before)) {
    const own = NAME_AFTER.exec(after)
    return own ? own[1] : assignedName(before.replace(/(?:\basync\s+)?\bfunction\b\s*\*?\s*$/, ''))
  }
  const className = /\bclass\s+$/.test(before) && NAME_AFTER.exec(after)
  if (className) return className[1]
  const method = METHOD.exec(after)
  if (method && !KEYWORDS.has(method[1]) && hasBody(after, method[0].length)) return method[1]
  if (after.startsWith('(') && hasBody(after, 0)) {
    const name = NAME_BEFORE.exec(before)?.[1]
    if (name) return KEYWORDS.has(name) ? '' : name
  }
  const arrow = before.replace(/(?:\basync\s*)?(?:<[^<>()]*>\s*)?\(?\s*$/, '')
  return isArrow(after, before) ? assignedName(arrow) : ''
}

const IDENTIFIER_HERE = new RegExp(`^${IDENTIFIER}`, 'u')
const NAME_AFTER = new RegExp(`^\\s*(${IDENTIFIER})`, 'u')

/** The identifier that begins at `index`; `''` if there is none, or it is a keyword. */
export function identifierAt(source: string, index: number): string {
  const name = index < 0 ? undefined : IDENTIFIER_HERE.exec(source.slice(index, index + REACH))?.[0]
  return name === undefined || KEYWORDS.has(name) ? '' : name
}

/** Name that an anonymous function gets from what precedes it. */
function assignedName(before: string): string {
  const assigned = ASSIGNED.exec(before)
  if (assigned) return KEYWORDS.has(assigned[1]) ? '' : assigned[1]
  const property = PROPERTY.exec(before)
  return property ? (property[1] ?? property[2] ?? property[3]) : ''
}

/** Is there a parameter list at `index`, then a body or a result type? If so, a definition, not a call. */
function hasBody(text: string, index: number): boolean {
  const end = endOfParameters(text, index)
  return end >= 0 && /^\s*[{:]/.test(text.slice(end, end + 64))
}

/** Is there `=>` after the parameters that begin, or continue, at the start of `after`? */
function isArrow(after: string, before: string): boolean {
  const start = /^async\b\s*/.exec(after)?.[0].length ?? 0
  if (/^[(<]/.test(after.slice(start))) {
    const end = endOfParameters(after, start)
    return end >= 0 && /^\s*(?::[^=]*)?=>/.test(after.slice(end))
  }
  if (/\(\s*$/.test(before)) {
    const end = endOfParameters(`(${after}`, 0) - 1
    if (end >= 0 && /^\s*(?::[^=]*)?=>/.test(after.slice(end))) return true
  }
  return new RegExp(`^${IDENTIFIER}\\s*=>`, 'u').test(after.slice(start))
}

/** Index after the `)` that closes the parameters at `index` (skipping type parameters first), or -1. */
function endOfParameters(text: string, index: number): number {
  let i = index
  if (text[i] === '<') {
    i = text.indexOf('(', i)
    if (i < 0) return -1
  }
  if (text[i] !== '(') return -1
  for (let depth = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '(' || c === '[' || c === '{') depth++
    else if ((c === ')' || c === ']' || c === '}') && --depth === 0) return i + 1
  }
  return -1
}
