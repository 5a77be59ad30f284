// Reduces snapshots to the program's own frames, for `--app`.
import { APP, packageOf } from '../model/names/package.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { OLDER } from '../model/tables/frames.ts'
import type { Tables } from '../model/tables/tables.ts'
import { rewriteFrames } from './rewrite-frames.ts'

/** File for allocations without any frame of the program itself among their callers. */
export const NOT_APP = '<not app>'

/**
 * The same snapshots with only the program's own frames: those of packages (`node_modules`), Node and the
 * runtime are removed, so their allocations count for the nearest caller that remains. No bytes are lost: if
 * no caller remains, they are in the file `<not app>`.
 */
export function appFrames(snapshots: readonly Snapshot[]): Snapshot[] {
  const rewritten = rewriteFrames(snapshots, (from, id, into) => {
    const frame = from.frames.get(id)
    return isApp(frame.filename) ? into.frames.internFrame(frame) : -1
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

/** Does a file belong to the program, not to a package or the runtime? Objects older than the tracker may. */
export function isApp(filename: string): boolean {
  if (filename === OLDER) return true
  return packageOf(filename) === APP && !isOurs(filename)
}

const HERE = decodeURIComponent(new URL('../', import.meta.url).pathname).replace(/^\/(?=\w:)/, '')
/** In a bundle this file is part of the program's, so the folder around it is, too. */
const IS_BUNDLED = !/\/transform\/app-frames\.[jt]s$/.test(new URL(import.meta.url).pathname)

/** Is it this package's own code, linked (`npm link`) rather than below `node_modules`, here or elsewhere? */
function isOurs(filename: string): boolean {
  const name = filename.replaceAll('\\', '/')
  return name.includes('/dist/src/capture/agent/') || (!IS_BUNDLED && name.startsWith(HERE))
}
