// File names in profiles and maps, and the local paths they stand for. Works on text and opens nothing. Paths
// are written with `/`.

import { fileName } from '../model/names/file-name.ts'
import { decoded, normalize } from '../model/names/paths.ts'

/** What a name in a map stands for. */
export interface SourceName {
  /** What to show if no local file is known. */
  name: string
  /** Paths to try in the given folders, relative to them, best first; empty if `name` is already a path. */
  relative: readonly string[]
}

const SCHEME = /^([a-z][a-z0-9+.-]+):/i // at least two letters: a single one is a Windows drive
/** Number of parts of a path tried as its ending: longer endings add nothing. */
const MOST_PARTS = 32

/**
 * What a map's name for an original file stands for:
 * - `file:` URLs are the path in them;
 * - `http:` and `https:` URLs are tried by their path and each ending of it, and stay URLs if nothing is
 * found;
 * - other schemes (`webpack://app/./src/a.ts?1a2b`, `vite:`, `ng:` ...) lose scheme, host and query: the rest
 * is a
 *   path relative to the project, tried in the given folders;
 * - absolute paths stay, other names are relative to the folder of the map.
 * @param source the name, with its map's `sourceRoot` in front
 * @param mapPath local path of the map, or of the script that holds it
 */
export function sourceName(source: string, mapPath: string): SourceName {
  const file = fileName(source)
  const scheme = SCHEME.exec(file)?.[1].toLowerCase()
  if (scheme === 'http' || scheme === 'https')
    return { name: dropQuery(file), relative: endings(splitUrl(file).path) }
  if (isAbsolute(file) || file.startsWith('//')) return { name: normalize(file), relative: [] }
  if (!SCHEME.test(source)) return { name: normalize(`${folderOf(mapPath)}${decoded(file)}`), relative: [] }
  const name = scheme === undefined ? file : normalize(splitUrl(file).path.replace(/^\/+/, ''))
  return { name, relative: name.startsWith('../') ? [] : [name] }
}

/**
 * Where the script of a frame may be: its own path if it has one (`path`), and below the given folders, the
 * longest ending of the path first (`relative`): for `/srv/app/dist/x.js` the paths `srv/app/dist/x.js` ...
 * `x.js`.
 */
export function scriptPaths(filename: string): { path: string | undefined; relative: readonly string[] } {
  const name = fileName(filename)
  if (SCHEME.test(name)) return { path: undefined, relative: endings(splitUrl(name).path) }
  const path = normalize(name)
  return { path: isAbsolute(path) ? path : undefined, relative: endings(path) }
}

/** Is the name a URL that needs a network? */
export function needsNetwork(url: string): boolean {
  return url.startsWith('//') || (SCHEME.test(url) && !/^file:/i.test(url))
}

/** The path for a map's URL, as given in a script's comment; the script is at `scriptPath`. */
export function mapPathOf(url: string, scriptPath: string): string {
  if (/^file:/i.test(url)) return pathOfFileUrl(url)
  const path = toSlashes(decoded(dropQuery(url)))
  return normalize(isAbsolute(path) ? path : `${folderOf(scriptPath)}${path}`)
}

/** Last part of a path or URL, without the query. */
export function baseName(path: string): string {
  const plain = dropQuery(path)
  return plain.slice(Math.max(plain.lastIndexOf('/'), plain.lastIndexOf('\\')) + 1)
}

/** Endings of a path, longest first, except any that goes up. */
function endings(path: string): string[] {
  const parts = normalize(path)
    .replace(/^([a-z]:)?\//i, '')
    .split('/')
    .filter(part => part !== '..' && part !== '')
    .slice(-MOST_PARTS)
  return parts.map((_, i) => parts.slice(i).join('/'))
}

/** Path of a `file:` URL, percent-decoded: `/srv/a b.js`, `C:/a.js`. */
function pathOfFileUrl(url: string): string {
  const path = toSlashes(decoded(splitUrl(url).path))
  return normalize(/^\/[a-z]:\//i.test(path) ? path.slice(1) : path)
}

/** Path of a URL, without its host and query. A name without `//` (`webpack:src/a.ts`) has no host. */
function splitUrl(url: string): { path: string } {
  const rest = dropQuery(url.slice(url.indexOf(':') + 1))
  if (!rest.startsWith('//')) return { path: rest }
  const slash = rest.indexOf('/', 2)
  return { path: slash < 0 ? '' : rest.slice(slash) }
}

function dropQuery(url: string): string {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

function isAbsolute(path: string): boolean {
  return /^([a-z]:)?\//i.test(path)
}

function toSlashes(path: string): string {
  return /^([a-z]:\\|\\\\)/i.test(path) ? path.replaceAll('\\', '/') : path
}
