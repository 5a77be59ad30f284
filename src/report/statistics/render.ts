import type { GetLine } from '../../model/traceback.ts'
import { jsonText } from '../../text/escape.ts'
import type { Format } from '../formats.ts'
import type { DiffView, TopView } from './view.ts'

export interface RenderOptions {
  width: number
  colour: boolean
  folder?: string
  /** Gives source lines below the frames of a traceback. */
  getLine?: GetLine
}

/** Views as lines of a format. One JSON document is written for one view, an array of them for several. */
export async function* render(
  views: readonly (TopView | DiffView)[],
  format: Format,
  options: RenderOptions,
): AsyncGenerator<string> {
  if (format === 'json') {
    const { viewJson } = await import('./json.ts')
    const documents = views.map(viewJson)
    yield jsonText(documents.length === 1 ? documents[0] : documents, 2)
    return
  }
  for (const [i, view] of views.entries()) {
    if (i > 0 && format !== 'ndjson') yield ''
    if (format === 'ndjson') for (const row of (await import('./json.ts')).rowsJson(view)) yield jsonText(row)
    else if (format === 'csv') yield* (await import('./csv.ts')).csvLines(view)
    else if (format === 'markdown') yield* (await import('./markdown.ts')).markdownLines(view)
    else if (format === 'text') yield* (await import('./text.ts')).textLines(view, options.getLine)
    else yield* (await import('./table.ts')).tableLines(view, options)
  }
}
