import { packageOf } from '../model/grouping/keys.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { OLDER } from '../model/tables/frames.ts'
import type { Tables } from '../model/tables/tables.ts'
import { rewriteFrames } from './rewrite-frames.ts'

/** File of what was allocated without any frame of the program itself among its callers. */
export const NOT_APP = '<not app>'

/** Files of runtimes themselves, besides those that are no package: Deno's, Electron's, old Node's, extensions of Chrome. */
const RUNTIME = /^(ext|deno|electron|chrome-extension|chrome|devtools):|^(node:)?internal\/|^electron\/js2c\//

/**
 * The same snapshots with the program's own frames only: those of packages (`node_modules`), of Node and of the runtime are
 * left out, so that what they allocated belongs to the nearest caller that stays. Nothing is lost: where no caller stays,
 * the bytes are in the file `<not app>`.
 */
export function appFrames(snapshots: readonly Snapshot[]): Snapshot[] {
  const rewritten = rewriteFrames(snapshots, (from, id, into) => {
    const { functionName, filename, lineno, column, exact } = from.frames.get(id)
    return isApp(filename) ? into.frames.intern(functionName, filename, lineno, column, exact) : -1
  })
  const placeholders = new Map<Tables, number>()
  return rewritten.map((snapshot, row) => {
    const before = snapshots[row].columns.stack
    const { tables, columns } = snapshot
    let placeholder = placeholders.get(tables)
    if (placeholder === undefined) {
      placeholder = tables.stacks.intern(0, tables.frames.intern('', NOT_APP, 0, 0, true))
      placeholders.set(tables, placeholder)
    }
    // A row that had no frames before is untraced, and stays so.
    const stack = columns.stack.map((id, i) => (id === 0 && before[i] !== 0 ? placeholder : id))
    return snapshot.with({ columns: { stack } })
  })
}

/** Does a file belong to the program, not to a package or the runtime? What is older than the tracker may. */
export function isApp(filename: string): boolean {
  return filename === OLDER || (packageOf(filename) === '<app>' && !RUNTIME.test(filename))
}
