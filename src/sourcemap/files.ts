// Reads maps and sources from disk. The only file of this folder that needs Node.
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { resolve, sep } from 'node:path'
import { asFileError, FormatError, systemReason, UsageError } from '../errors.ts'
import type { MapFiles, MapText, MissReason } from './apply.ts'
import { baseName, mapPathOf, needsNetwork, scriptPaths } from './paths.ts'
import { decodeDataUrl, sourceMappingURL } from './url.ts'

/** Longest script, map or source that is read, in bytes. */
const MAX_SIZE = 256 << 20

type FileRead =
  | { bytes: Buffer; reason?: undefined }
  | { bytes?: undefined; reason: MissReason; detail?: string }

/**
 * Maps and sources in the given folders and nowhere else: a path that leaves them, also through `..` or a
 * symbolic link, is not opened, and URLs are never fetched.
 * @throws UsageError if a path is not a folder, FileError if it cannot be read
 */
export function mapFiles(
  folders: readonly string[],
  maxSize = MAX_SIZE,
): MapFiles & { changed(filename: string): number | undefined } {
  const roots = folders.map(openRoot)
  const readBytes = (path: string) => readInside(path, roots, maxSize)

  /** The map for a script at `path`: from its comment, or else by its own name and `.map`. */
  const mapOfScript = (path: string): MapText | { reason: MissReason; detail?: string } => {
    const script = readBytes(path)
    const url = script.bytes && urlOf(script.bytes)
    if (url !== undefined && /^data:/i.test(url)) return inlineMap(url, path)
    const names =
      url === undefined ? [] : [needsNetwork(url) ? mapPathOf(baseName(url), path) : mapPathOf(url, path)]
    let worst: { reason: MissReason; detail?: string } = script.bytes ? { reason: 'no map' } : script
    if (url !== undefined && needsNetwork(url)) worst = { reason: 'remote', detail: url.slice(0, 200) }
    for (const mapPath of [...names, `${path}.map`]) {
      const map = readBytes(mapPath)
      if (map.bytes) return { text: map.bytes.toString('utf8').replace(/^\ufeff/, ''), path: mapPath }
      worst = worse(worst, map)
    }
    return worst
  }

  const find = (relative: string): string | undefined => {
    for (const root of roots) {
      const path = `${root.path}/${relative}`
      try {
        if (isBelow(realpathSync(path), root.real) && statSync(path).isFile()) return path
      } catch {
        // not there
      }
    }
    return undefined
  }

  const sourcePath = (filename: string): string | undefined => {
    const { path, relative } = scriptPaths(filename)
    return path ?? find(relative[0] ?? '')
  }

  return {
    mapOf(filename) {
      const { path, relative } = scriptPaths(filename)
      const paths = path === undefined ? [] : [path]
      for (const ending of relative) for (const root of roots) paths.push(`${root.path}/${ending}`)
      let worst: { reason: MissReason; detail?: string } = { reason: 'no file' }
      for (const candidate of paths) {
        if (candidate === path && !isInside(resolve(candidate), roots)) continue // it is searched for in the folders
        const found = mapOfScript(candidate)
        if ('text' in found) return found
        worst = worse(worst, found)
      }
      return worst
    },
    find,
    read(filename) {
      const found = sourcePath(filename)
      return found === undefined ? undefined : readBytes(found).bytes?.toString('utf8')
    },
    /** When a source that can be read was changed, in milliseconds since 1970. */
    changed(filename) {
      const found = sourcePath(filename)
      if (found === undefined || !isInside(resolve(found), roots)) return undefined
      return statSync(found, { throwIfNoEntry: false })?.mtimeMs
    },
  }
}

/** Errors of a path that leads to no file, for any reason. */
const NOWHERE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'])

/** A folder as it was given, and where it really lies. */
interface Root {
  readonly path: string
  readonly real: string
}

function isInside(path: string, roots: readonly Root[]): boolean {
  return roots.some(r => isBelow(path, r.real) || isBelow(path, r.path))
}

function readInside(path: string, roots: readonly Root[], maxSize: number): FileRead {
  const asked = resolve(path)
  if (!isInside(asked, roots)) return { reason: 'outside' } // nothing outside is even looked up
  let file: number | undefined
  try {
    const real = realpathSync(asked)
    if (!roots.some(r => isBelow(real, r.real))) return { reason: 'outside' }
    // Does not block, as a named pipe would wait for ever. The real path has no link at its end.
    file = openSync(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0))
    const stats = fstatSync(file)
    if (!stats.isFile()) return { reason: 'no file' }
    if (stats.size > maxSize) return { reason: 'unreadable', detail: `${stats.size} bytes are too large` }
    return { bytes: readFileSync(file) }
  } catch (error) {
    if (NOWHERE.has((error as NodeJS.ErrnoException).code ?? '')) return { reason: 'no file' }
    return { reason: 'unreadable', detail: systemReason(error)?.reason }
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function openRoot(folder: string): Root {
  try {
    if (!statSync(folder).isDirectory()) throw new UsageError(`not a folder: ${folder}`)
    accessSync(folder, constants.R_OK | constants.X_OK)
    return { path: resolve(folder), real: realpathSync(folder) }
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new UsageError(`no such folder: ${folder}`, { cause: error })
    throw asFileError(`read the folder ${folder}`, error)
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

/** The URL in the comment. Only the end of a script, from the last such comment on, is made a string. */
function urlOf(script: Buffer): string | undefined {
  const mark = script.lastIndexOf('sourceMappingURL=')
  if (mark < 0) return undefined
  return sourceMappingURL(script.toString('utf8', Math.max(0, mark - 16)))
}

function inlineMap(url: string, path: string): MapText | { reason: MissReason; detail: string } {
  try {
    return { text: decodeDataUrl(url), path }
  } catch (error) {
    if (error instanceof FormatError) return { reason: 'unreadable', detail: error.message }
    throw error
  }
}

const BY_WEIGHT: readonly MissReason[] = ['no file', 'no map', 'remote', 'outside', 'unreadable']

/** Of two reasons the more informative. */
function worse<T extends { reason?: MissReason }>(
  a: T & { reason: MissReason },
  b: T,
): T & { reason: MissReason } {
  const weight = (r: MissReason | undefined) => (r === undefined ? -1 : BY_WEIGHT.indexOf(r))
  return weight(b.reason) > weight(a.reason) ? (b as T & { reason: MissReason }) : a
}
