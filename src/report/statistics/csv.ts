import { csvText } from '../../text/escape.ts'
import { rowsJson } from './json.ts'
import type { DiffView, TopView } from './view.ts'

/**
 * The rows of all views as one CSV (RFC 4180) with one header line (without rows, nothing); the first column is the snapshot's name.
 * Tracebacks are one cell, oldest first, ` > ` between frames.
 */
export function* csvLines(views: readonly (TopView | DiffView)[]): Generator<string> {
  const rows = views.flatMap(rowsJson)
  if (rows.length === 0) return
  const names: string[] = []
  for (const row of rows) for (const name of Object.keys(row)) if (!names.includes(name)) names.push(name)
  yield names.join(',')
  for (const row of rows) yield csvLine(names.map(name => row[name]))
}

/** Values as one line. */
export function csvLine(values: readonly unknown[]): string {
  return values.map(csvCell).join(',')
}

interface FrameCell {
  filename: string
  lineno: number
  function: string
}

/** One cell; text is never a formula. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return csvText(
    Array.isArray(value)
      ? value
          .map((f: FrameCell) => `${f.filename}:${f.lineno}${f.function ? ` (${f.function})` : ''}`)
          .join(' > ')
      : String(value),
  )
}
