// Takes what this library itself allocates out of snapshots of the program that it runs in, and nothing that the program did.
import { fileURLToPath } from 'node:url'
import type { Snapshot } from '../../model/snapshot.ts'
import { NATIVE, V8 } from '../../model/tables/frames.ts'

const HERE = new URL(import.meta.url)
/** In a bundle this file is the program's own: then nobody can tell whose a frame is, and none is ours. */
const IS_BUNDLED = !/\/capture\/series\/without-profiler\.[jt]s$/.test(HERE.pathname)

const pathOf = (relative: string) => fileURLToPath(new URL(relative, HERE))
/** Where this library's code is, as frames of this process name it. */
const FOLDERS = IS_BUNDLED ? [] : ['../../', '../../../converters/'].map(pathOf)

/**
 * Files of ours that call the program: its modules, its constructors, a function whose growth is measured. V8 may inline what is called
 * into the caller, so that no byte of theirs is surely ours: what they allocate counts for who called them.
 */
const CALLERS = [
  '../agent/keep-scripts',
  '../agent/array-buffers',
  '../../library/growth',
  '../../vitest',
].map(pathOf)

/** What they are called where losses are told. */
const SKIPPED = 'rows of tracemalloc itself'

/**
 * The snapshot without what this library allocated in the program's own heap, such as the answers of the inspector: rows whose
 * innermost frame outside of built-ins and Node is ours. How many there were is among `skipped`.
 */
export function withoutOwn(snapshot: Snapshot): Snapshot {
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

type Kind = 'ours' | 'see caller' | 'other'

function kindOfFile(file: string): Kind {
  if (file === NATIVE || file === V8 || file.startsWith('node:')) return 'see caller'
  if (!FOLDERS.some(folder => file.startsWith(folder))) return 'other'
  return CALLERS.some(path => file.startsWith(path)) ? 'see caller' : 'ours'
}
