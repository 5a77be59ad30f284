// Which files are a baseline, for reading it and for replacing it.
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asFileError, systemReason } from '../errors.ts'
import { dumpSnapshots, isSnapshotName, MANIFEST, snapshotsIn } from '../formats/files.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** The file of a baseline folder that `check --update` writes. It alone counts: to give it its name replaces the baseline. */
const NAME = 'baseline.pb.gz'

/**
 * The files of a baseline: the file itself; of a folder the one that an update has written, else all its snapshots. Undefined
 * where there is nothing at that path.
 */
export async function baselineFiles(path: string): Promise<string[] | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await snapshotsIn(path)
    return (names.includes(NAME) ? [NAME] : names).map(name => join(path, name))
  } catch (error) {
    if (systemReason(error) && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw asFileError(`read the baseline ${path}`, error)
  }
}

/**
 * Makes snapshots the baseline: one file, or a folder with one file. What was the baseline before is removed once the new one
 * is whole. Returns the path, and what of the old one was left, which does not count any more. Throws FileError.
 */
export async function writeBaseline(
  path: string,
  snapshots: readonly Snapshot[],
): Promise<{ path: string; left: string[] }> {
  const before = await baselineFiles(path)
  const isFile = before ? before.length === 1 && before[0] === path : /\.[a-z]+(\.gz)?$/i.test(path)
  if (isFile) {
    await dumpSnapshots(snapshots, path)
    return { path, left: [] }
  }
  await mkdir(path, { recursive: true }).catch(error => {
    throw asFileError(`make the folder ${path}`, error)
  })
  const own = join(path, NAME)
  await dumpSnapshots(snapshots, own)
  return { path: own, left: await removeOld(path) }
}

/** Removes what was the baseline, and returns what is left of it: all, in a folder that holds other things as well. */
async function removeOld(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => !name.startsWith('.'))
  const isOfSeries = (name: string) => isSnapshotName(name) || name.endsWith(MANIFEST)
  const old = names.filter(name => name !== NAME && isOfSeries(name)).map(name => join(folder, name))
  if (!names.every(isOfSeries)) return old
  const left: string[] = []
  for (const path of old) await rm(path, { force: true }).catch(() => left.push(path))
  return left
}
