// One JSON document, which says its schema.
import { jsonText } from '../../text/escape.ts'
import type { Report } from '../report.ts'

export function* write(report: Report): Generator<string> {
  yield jsonText({ schema: report.schema, ...report.document() }, 2)
}
