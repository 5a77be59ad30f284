// Finds the snapshot files that command line arguments name.
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asFileError, FileError, FormatError } from '../errors.ts'
import { isSnapshotName } from '../formats/files.ts'
import { compileGlob } from '../model/glob.ts'

/**
 * The snapshot files that arguments name: files themselves, folders with everything below them, patterns
 * (`runs/*.pb.gz`; `*` also crosses folders, as in fnmatch). Each file once, numbers in names in natural
 * order. An unreadable folder below is returned as if it were a file, so that reading it reports the error.
 * Throws FormatError for an argument that names nothing, and FileError for one that cannot be read.
 */
export async function findSnapshots(args: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const arg of args) {
    const paths = await filesOf(arg)
    if (paths.length === 0) throw new FormatError('unrecognized', `no snapshots found in ${arg}`)
    for (const path of paths.sort(naturalOrder)) found.add(path)
  }
  return [...found]
}

const collator = new Intl.Collator('en', { numeric: true })

/** `snap-9` before `snap-10`; names that differ only otherwise are ordered by code unit. */
export function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0)
}

async function filesOf(arg: string): Promise<string[]> {
  const info = await stat(arg).catch(error => {
    if (error.code !== 'ENOENT') throw asFileError(`read ${arg}`, error)
  })
  if (info && !info.isDirectory()) return [arg]
  if (info) return below(arg, path => isSnapshotName(basename(path)))
  if (!/[*?[]/.test(arg)) return []
  let base = dirname(arg.slice(0, arg.search(/[*?[]/) + 1))
  while (!existsSync(base)) base = dirname(base)
  return below(base, compileGlob(arg))
}

/** Files below a folder. Links to folders are not followed, so there can be no cycle. */
async function below(folder: string, isWanted: (path: string) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(error => {
    throw asFileError(`read the folder ${folder}`, error)
  })
  const found: string[] = []
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await below(path, isWanted).catch(error => itself(path, error))))
    else if (!entry.name.startsWith('.') && (entry.isFile() || entry.isSymbolicLink()) && isWanted(path))
      found.push(path)
  }
  return found
}

function itself(folder: string, error: unknown): string[] {
  if (error instanceof FileError) return [folder]
  throw error
}
