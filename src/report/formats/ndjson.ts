// One JSON object a row.
import { jsonText } from '../../text/escape.ts'
import type { Report } from '../report.ts'

export const leavesNotes = true

export function* write(report: Report): Generator<string> {
  for (const record of report.records()) yield jsonText(record)
}
