// Text for grep: a sentence a line, no colour.
import { visible } from '../../text/escape.ts'
import type { Page, Report } from '../report.ts'

export const leavesNotes = true

export function* write(report: Report, page: Page): Generator<string> {
  for (const line of report.lines(page)) yield visible(line)
}
