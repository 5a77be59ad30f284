// The texts that `annotate` shows: of files and folders that the user names, never because a snapshot names
// them.
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { asFileError } from '../errors.ts'
import type { SourceOf } from '../report/annotate.ts'
import type { SourceFiles } from './frame-options.ts'

/** A file of `--file`. */
interface NamedFile {
  /** Undefined where there is no such file: the name chooses functions only. */
  readonly path: string | undefined
  /** Is it the file of frames with this name? */
  matches(filename: string): boolean
}

/** The files of `--file`. Throws FileError for one that cannot be read. */
export function namedFiles(paths: readonly string[]): NamedFile[] {
  return paths.map(given => {
    const path = resolve(given)
    const plain = given.replaceAll('\\', '/').replace(/^(\.\/)+/, '')
    const isThere = statSync(path, { throwIfNoEntry: false })?.isFile() === true
    return {
      path: isThere ? path : undefined,
      matches: filename => {
        const name = filename.replaceAll('\\', '/')
        return filename === path || name === plain || name.endsWith(`/${plain}`)
      },
    }
  })
}

/** Texts by the names of frames; each is read once. `time`: when the snapshot was taken, ms since 1970. */
export function sourceOf(
  files: readonly NamedFile[],
  folders: SourceFiles | undefined,
  time: number | undefined,
): SourceOf {
  const known = new Map<string, ReturnType<SourceOf>>()
  return filename => {
    if (!known.has(filename)) known.set(filename, read(filename))
    return known.get(filename)
  }

  function read(filename: string): ReturnType<SourceOf> {
    const named = files.find(file => file.path !== undefined && file.matches(filename))?.path
    const text = named === undefined ? folders?.read(filename) : readNamed(named)
    if (text === undefined) return { note: missing(filename) }
    const changed = named === undefined ? folders?.changed(filename) : statSync(named).mtimeMs
    const note =
      time !== undefined && changed !== undefined && changed > time
        ? `${filename} was changed after the snapshot was taken: its lines may be others`
        : undefined
    return { lines: text.split(/\r\n|[\n\r\u2028\u2029]/), note }
  }
}

/** Node's own files are nowhere to be found. */
function missing(filename: string): string | undefined {
  return /^(node:|<)/.test(filename)
    ? undefined
    : `${filename} is not in the folders and files that you named`
}

function readNamed(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw asFileError(`read ${path}`, error)
  }
}
