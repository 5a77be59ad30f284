// Reads the files of a command, as its request says.
import { inFile } from '../errors.ts'
import { expandPath, type Loaded, loadFile } from '../formats/files.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { progress } from './progress.ts'
import type { ReadRequest } from './request.ts'

/** A snapshot and its name in messages and titles. */
export interface Named {
  name: string
  snapshot: Snapshot
}

/** Reads and prepares the files that the paths stand for, in order. Errors name their file. */
export async function* readFiles(paths: readonly string[], request: ReadRequest): AsyncGenerator<Loaded> {
  for (const path of paths) {
    for (const file of await inFile(path, expandPath(path))) yield await readFile(file, request)
  }
}

async function readFile(path: string, { load, prepare }: ReadRequest): Promise<Loaded> {
  const bar = progress(path)
  try {
    const loaded = await inFile(path, loadFile(path, { ...load, onBytes: bar.add }))
    return { ...loaded, snapshots: await prepare(path, loaded.snapshots.map(noted)) }
  } finally {
    bar.stop()
  }
}

/** An empty snapshot says why: asked before filters, which may leave nothing of any. */
function noted(snapshot: Snapshot): Snapshot {
  const { notes = [] } = snapshot.meta
  return snapshot.length > 0 || notes.includes(EMPTY)
    ? snapshot
    : snapshot.with({ meta: { notes: [EMPTY, ...notes] } })
}

const EMPTY =
  'the file holds no samples: nothing that is still in use was sampled while it was recorded; record for longer, or with a smaller interval'

/** The snapshots of files. Each has a name of its own, also in a file of several. */
export async function readSnapshots(paths: readonly string[], request: ReadRequest): Promise<Named[]> {
  const named: Named[] = []
  for await (const { path, snapshots, total } of readFiles(paths, request)) {
    for (const [i, snapshot] of snapshots.entries()) {
      const title = snapshot.meta.name ? ` ${snapshot.meta.name}` : ''
      const part = total === 1 ? '' : ` [${request.load.snapshot ?? i + 1}${title}]`
      named.push({ name: `${path}${part}`, snapshot })
    }
  }
  return named
}
