// Removes this library's own allocations from snapshots of the program it runs in, and nothing of the
// program's.
import { fileURLToPath } from 'node:url'
import type { Snapshot } from '../../model/snapshot.ts'
import { NATIVE, V8 } from '../../model/tables/frames.ts'

const HERE = new URL(import.meta.url)
/** In a bundle this file is part of the program's, so no frame can be recognized as ours. */
const IS_BUNDLED = !/\/capture\/series\/without-profiler\.[jt]s$/.test(HERE.pathname)

const pathOf = (relative: string) => fileURLToPath(new URL(relative, HERE))
/** Where this library's code is, as frames of this process name it. */
const FOLDERS = IS_BUNDLED ? [] : ['../../', '../../../converters/'].map(pathOf)

/**
 * Our files that call the program: its modules, its constructors, the function whose growth is measured. V8
 * may inline the callee, so none of their bytes are certainly ours; they count for the caller.
 */
const CALLERS = [
  '../agent/keep-scripts',
  '../agent/array-buffers',
  '../../library/growth',
  '../../vitest',
].map(pathOf)

/** Their name in the counts of skipped records. */
const SKIPPED = 'rows of tracemalloc itself'

/**
 * The snapshot without what this library allocated in the program's heap, such as the inspector's answers:
 * rows whose innermost frame outside of built-ins and Node is ours. Their number is added to `skipped`.
 */
export function withoutProfiler(snapshot: Snapshot): Snapshot {
  const { frames, stacks, strings } = snapshot.tables
  const kinds = new Map<number, Kind>()
  const kindOf = (file: number) => {
    let kind = kinds.get(file)
    if (kind === undefined) kinds.set(file, (kind = kindOfFile(strings.get(file))))
    return kind
  }
  const isOwn = new Uint8Array(stacks.length)
  for (let s = 1; s < stacks.length; s++) {
    const kind = kindOf(frames.filename[stacks.frame[s]])
    isOwn[s] = kind === 'see caller' ? isOwn[stacks.parent[s]] : Number(kind === 'ours')
  }
  const { stack } = snapshot.columns
  const rows: number[] = []
  for (let row = 0; row < stack.length; row++) if (!isOwn[stack[row]]) rows.push(row)
  if (rows.length === stack.length) return snapshot
  const before = snapshot.meta.skipped ?? {}
  const skipped = { ...before, [SKIPPED]: (before[SKIPPED] ?? 0) + stack.length - rows.length }
  return snapshot.withRows(rows).with({ meta: { skipped } })
}

/** Does V8's profile, as text, name a file that is neither ours nor Node's? */
export function hasProgram(profile: string): boolean {
  for (const [, url] of profile.matchAll(/"url":"([^"]+)"/g)) {
    if (kindOfFile(url.startsWith('file://') ? fileURLToPath(url) : url) === 'other') return true
  }
  return false
}

type Kind = 'ours' | 'see caller' | 'other'

function kindOfFile(file: string): Kind {
  if (file === NATIVE || file === V8 || file.startsWith('node:')) return 'see caller'
  if (!FOLDERS.some(folder => file.startsWith(folder))) return 'other'
  return CALLERS.some(path => file.startsWith(path)) ? 'see caller' : 'ours'
}
