// The call tree as a table whose names hang on branches.
import type { Page } from '../report.ts'
import { type TreeReport, treeTable } from '../tree.ts'

/** Notes go to standard error. */
export const leavesNotes = true

export function* write({ views }: TreeReport, page: Page): Generator<string> {
  for (const [i, view] of views.entries()) {
    if (i > 0) yield ''
    yield* treeTable(view, page)
  }
}
