// Which files are the baseline, for reading and for replacing it.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../bytes/disk.ts'
import { asFileError, systemReason } from '../errors.ts'
import { dumpSnapshots, isSnapshotName, MANIFEST, snapshotsIn } from '../formats/files.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** The file that `check --update` writes into a folder. Only it counts: renaming it replaces the baseline. */
const NAME = 'baseline.pb.gz'

/** A baseline on disk. */
export interface Baseline {
  /** Its files: the file itself; for a folder, the one written by an update, or else all its snapshots. */
  readonly files: readonly string[]
  /** Was it written by an update? If so, its contents were chosen and prepared at that time. */
  readonly isUpdated: boolean
  /** Snapshots in the folder that no longer count, since an update has replaced them. */
  readonly replaced: readonly string[]
}

/** The baseline at a path; undefined if there is none. Throws FileError. */
export async function findBaseline(path: string): Promise<Baseline | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], isUpdated: false, replaced: [] }
    const files = (await snapshotsIn(path)).map(name => join(path, name))
    const own = join(path, NAME)
    if (files.includes(own))
      return { files: [own], isUpdated: true, replaced: files.filter(file => file !== own) }
    return files.length > 0 ? { files, isUpdated: false, replaced: [] } : undefined
  } catch (error) {
    if (systemReason(error) && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw asFileError(`read the baseline ${path}`, error)
  }
}

/**
 * Makes snapshots the baseline: one file, or a folder with one file. The previous baseline is removed once
 * the new one is complete. Returns the path, and what is left of the old one, which no longer counts. Throws
 * FileError.
 */
export async function writeBaseline(
  path: string,
  snapshots: readonly Snapshot[],
): Promise<{ path: string; left: string[] }> {
  const isFolder = await stat(path).then(
    info => info.isDirectory(),
    () => !/\.[a-z]+(\.gz)?$/i.test(path),
  )
  if (!isFolder) {
    await dumpSnapshots(snapshots, path)
    return { path, left: [] }
  }
  makeFolder(path)
  const own = join(path, NAME)
  await dumpSnapshots(snapshots, own)
  return { path: own, left: await removeOld(path) }
}

/** Removes the previous baseline. Returns what is left: everything, if the folder also holds other things. */
async function removeOld(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => !name.startsWith('.'))
  const isOfSeries = (name: string) => isSnapshotName(name) || name.endsWith(MANIFEST)
  const old = names.filter(name => name !== NAME && isOfSeries(name)).map(name => join(folder, name))
  if (!names.every(isOfSeries)) return old
  const left: string[] = []
  for (const path of old) await rm(path, { force: true }).catch(() => left.push(path))
  return left
}
