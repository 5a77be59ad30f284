import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { dumpSnapshots } from '../formats/files.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** Files of a baseline folder. */
const NAME = /^baseline-\d+\.pb\.gz$/

/**
 * Makes snapshots the baseline: one file, or a folder with one for each run (always, where there are several). Runs of an
 * earlier baseline that are too many are removed, when the new ones are written. Returns the paths.
 */
export async function writeBaseline(path: string, snapshots: readonly Snapshot[]): Promise<string[]> {
  const isFolder = await stat(path).then(
    info => info.isDirectory(),
    () => snapshots.length > 1 || !/\.[a-z]+(\.gz)?$/i.test(path),
  )
  if (!isFolder) {
    await dumpSnapshots(snapshots, path)
    return [path]
  }
  await mkdir(path, { recursive: true })
  const written: string[] = []
  for (const [i, snapshot] of snapshots.entries()) {
    const name = `baseline-${i + 1}.pb.gz`
    await dumpSnapshots([snapshot], join(path, name))
    written.push(name)
  }
  for (const name of await readdir(path)) {
    if (NAME.test(name) && !written.includes(name)) await rm(join(path, name))
  }
  return written.map(name => join(path, name))
}
