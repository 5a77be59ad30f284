import { fileURLToPath } from 'node:url'
import type { Snapshot } from '../../model/snapshot.ts'
import { NATIVE, V8 } from '../../model/tables/frames.ts'

/** Where this library's code is, as frames of this process name it. */
const FOLDERS = ['../../', '../../../converters/'].map(path => fileURLToPath(new URL(path, import.meta.url)))
/** Is on the stack of the program's own modules. */
const SCRIPTS = fileURLToPath(new URL('../agent/keep-scripts', import.meta.url))

/**
 * The snapshot without what this library allocated in the program's own heap, such as the answers of the inspector: rows whose
 * innermost frame outside of built-ins and Node is ours. How many there were is among `skipped`.
 */
export function withoutOwn(snapshot: Snapshot): Snapshot {
  const { frames, stacks, strings } = snapshot.tables
  const kinds = new Map<number, 'ours' | 'runtime' | 'other'>()
  const kindOf = (file: number) => {
    let kind = kinds.get(file)
    if (kind === undefined) kinds.set(file, (kind = kindOfFile(strings.get(file))))
    return kind
  }
  const isOwn = new Uint8Array(stacks.length)
  for (let s = 1; s < stacks.length; s++) {
    const kind = kindOf(frames.filename[stacks.frame[s]])
    isOwn[s] = kind === 'runtime' ? isOwn[stacks.parent[s]] : Number(kind === 'ours')
  }
  const { stack } = snapshot.columns
  const rows: number[] = []
  for (let row = 0; row < stack.length; row++) if (!isOwn[stack[row]]) rows.push(row)
  if (rows.length === stack.length) return snapshot
  const skipped = { ...snapshot.meta.skipped, 'rows of tracemalloc itself': stack.length - rows.length }
  return snapshot.withRows(rows).with({ meta: { skipped } })
}

function kindOfFile(file: string): 'ours' | 'runtime' | 'other' {
  if (file === NATIVE || file === V8 || file.startsWith('node:')) return 'runtime'
  return FOLDERS.some(folder => file.startsWith(folder)) && !file.startsWith(SCRIPTS) ? 'ours' : 'other'
}
