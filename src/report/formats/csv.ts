// CSV (RFC 4180) with one header line. A traceback is one cell, oldest first, ` > ` between frames.
import { csvText } from '../../text/escape.ts'
import type { Report } from '../report.ts'

export const leavesNotes = true

/** Without rows and without fields known beforehand there is no line at all. */
export function* write(report: Report): Generator<string> {
  const records = [...report.records()]
  const fields = report.fields ?? [...new Set(records.flatMap(record => Object.keys(record)))]
  if (fields.length === 0) return
  yield fields.join(',')
  for (const record of records) yield fields.map(field => cell(record[field])).join(',')
}

interface FrameCell {
  filename: string
  lineno: number
  function: string
  exact: boolean
}

/** One cell; text is never a formula. */
function cell(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return csvText(Array.isArray(value) ? tracebackText(value) : String(value))
}

/** `+` after a line: the function starts there. */
function tracebackText(frames: readonly FrameCell[]): string {
  return frames
    .map(({ filename, lineno, function: name, exact }) => {
      const mark = !exact && lineno > 0 ? '+' : ''
      return `${filename}:${lineno}${mark}${name ? ` (${name})` : ''}`
    })
    .join(' > ')
}
