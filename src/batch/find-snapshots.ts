import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asFileError, FileError, FormatError } from '../errors.ts'
import { isSnapshotName } from '../formats/files.ts'
import { compileGlob } from '../model/glob.ts'

/**
 * The snapshot files that arguments stand for: files as they are, folders with all that is below them, patterns (`runs/*.pb.gz`;
 * `*` also crosses folders, as in fnmatch). Each once, numbers in names in their natural order. A folder in them that cannot be
 * read stands for itself, so that it is told of where the files are read. Throws FormatError for an argument that stands for
 * nothing, and FileError for one that cannot be read.
 */
export async function findSnapshots(args: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const arg of args) {
    const paths = await filesOf(arg)
    if (paths.length === 0) throw new FormatError('unrecognized', `no snapshot is found as ${arg}`)
    for (const path of paths.sort(naturalOrder)) found.add(path)
  }
  return [...found]
}

const collator = new Intl.Collator('en', { numeric: true })

/** `snap-9` before `snap-10`; equal but for such numbers: by code unit. */
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

/** Files below a folder; links to folders are not followed, so there is no circle. */
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
