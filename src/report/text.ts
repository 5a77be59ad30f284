import { visible } from '../escape.ts'
import type { GetLine } from '../model/traceback.ts'
import type { DiffView, TopView } from './view.ts'

/** CPython's lines, one a row, for grep: no header, no colour. Tracebacks follow their row, indented. */
export function* textLines(view: TopView | DiffView, getLine?: GetLine): Generator<string> {
  const withTraceback = view.keyTypes.includes('traceback')
  if (view.title !== undefined) yield `${visible(view.title)}:`
  for (const row of view.rows) {
    yield visible(row.toString())
    if (withTraceback) for (const line of row.traceback.format({ getLine })) yield visible(line)
  }
}
