// How Python's `repr` shows values, for `util.inspect` and `console.log`.

/** The name of the method that Node calls to show a value. */
export const INSPECT = Symbol.for('nodejs.util.inspect.custom')

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A string as Python's `repr` quotes it: what cannot be printed is escaped. */
export function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\\\p{C}\p{Z}]/gu, char => {
    const code = char.codePointAt(0) as number
    if (char === ' ') return char
    if (ESCAPES[char]) return ESCAPES[char]
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
    if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`
    return `\\U${code.toString(16).padStart(8, '0')}`
  })
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}

/** Values as Python's `repr` shows a tuple of them. */
export function reprTuple(values: readonly string[]): string {
  return `(${values.join(', ')}${values.length === 1 ? ',' : ''})`
}
