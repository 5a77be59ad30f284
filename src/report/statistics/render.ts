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

/** Views as lines of a format. What programs read has one shape, whether it is one view or several; people see names of several only. */
export async function* render(
  views: readonly (TopView | DiffView)[],
  format: Format,
  options: RenderOptions,
): AsyncGenerator<string> {
  if (format === 'json') yield jsonText((await import('./json.ts')).viewsJson(views), 2)
  else if (format === 'csv') yield* (await import('./csv.ts')).csvLines(views)
  else if (format === 'ndjson') {
    const { rowsJson } = await import('./json.ts')
    for (const view of views) for (const row of rowsJson(view)) yield jsonText(row)
  } else {
    const shown = views.length > 1 ? views : views.map(view => ({ ...view, title: undefined }))
    for (const [i, view] of shown.entries()) {
      if (i > 0) yield ''
      if (format === 'markdown') yield* (await import('./markdown.ts')).markdownLines(view)
      else if (format === 'text') yield* (await import('./text.ts')).textLines(view, options.getLine)
      else yield* (await import('./table.ts')).tableLines(view, options)
    }
  }
}
