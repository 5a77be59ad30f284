import type { GetLine } from '../model/traceback.ts'
import type { DiffView, TopView } from './view.ts'

/** CPython's lines, one a row, for grep: no header, no colour. Tracebacks follow their row, indented. */
export function* textLines(view: TopView | DiffView, getLine?: GetLine): Generator<string> {
  const withTraceback = view.keyTypes.includes('traceback')
  if (view.title !== undefined) yield `${view.title}:`
  for (const row of view.rows) {
    yield row.toString()
    if (withTraceback) yield* row.traceback.format({ getLine })
  }
}
