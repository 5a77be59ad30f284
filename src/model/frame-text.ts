// Writes a frame as V8 does in a stack trace, and reads it back.
import { fromVisible, visible } from '../text/escape.ts'

/** File of a frame whose name is all that is known: CPython's placeholder. */
export const UNKNOWN = '<unknown>'

/** The parts of a frame that its text holds. Whether the line is exact is not one of them. */
export interface FrameParts {
  functionName: string
  filename: string
  /** 1-based, 0 = unknown. */
  lineno: number
  column: number
}

/**
 * A frame as V8 writes it in a stack trace: `name (file:line:column)`, `file:line:column` for a function
 * without a name, `name` if no file is known. Escapes `;`, hidden characters and anything ambiguous, so that
 * `parseFrame` returns the same parts.
 */
export function frameText({ functionName, filename, lineno, column }: FrameParts): string {
  const name = visible(functionName, ';').replaceAll(' (', '\\u{20}(')
  if (name !== '' && filename === UNKNOWN && lineno === 0 && column === 0) return plainName(name)
  const file = visible(filename, ';')
  const full = column !== 0 || /:\d+$/.test(file) // otherwise the end of the file name would read as a line
  const line = full || lineno !== 0 || name === '' ? `:${lineno}` : ''
  const location = `${file}${line}${full ? `:${column}` : ''}`
  return name === '' ? location : `${name} (${location})`
}

/** A name that can stand alone: it must not end like a line number, or like the value after a stack. */
function plainName(name: string): string {
  if (name === '<untraced>') return '\\u{3c}untraced>'
  return name.replace(/[: ](?=\d+$)/, c => (c === ':' ? '\\u{3a}' : '\\u{20}'))
}

/** Reads the text of `frameText`, and similar text of other tools; anything else is a function name. */
export function parseFrame(text: string): FrameParts {
  const at = text.endsWith(')') ? text.indexOf(' (') : -1
  if (at >= 0) {
    return { functionName: fromVisible(text.slice(0, at)), ...parseLocation(text.slice(at + 2, -1)) }
  }
  if (lastNumber(text)) return { functionName: '', ...parseLocation(text) }
  return { functionName: fromVisible(text), filename: UNKNOWN, lineno: 0, column: 0 }
}

function parseLocation(text: string): Omit<FrameParts, 'functionName'> {
  const last = lastNumber(text)
  if (!last) return { filename: fromVisible(text), lineno: 0, column: 0 }
  const first = lastNumber(last.before)
  if (!first) return { filename: fromVisible(last.before), lineno: last.value, column: 0 }
  return { filename: fromVisible(first.before), lineno: first.value, column: last.value }
}

/** The number after the last colon, if there is one and it can be a line. */
function lastNumber(text: string): { before: string; value: number } | undefined {
  const at = text.lastIndexOf(':')
  const digits = text.slice(at + 1)
  if (at < 0 || digits.length > 10 || !/^\d+$/.test(digits)) return undefined
  const value = Number(digits)
  return value <= 0xffffffff ? { before: text.slice(0, at), value } : undefined
}
