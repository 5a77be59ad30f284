// Names of files as profiles and maps have them, and the local paths they stand for. Text only: nothing is opened here.
// Paths are written with `/`.

/** What a name in a map stands for. */
export interface SourceName {
  /** What to show where no local file is known. */
  name: string
  /** Paths to look for in the given folders, relative to them, best first; none where `name` is a path already. */
  relative: readonly string[]
}

const SCHEME = /^([a-z][a-z0-9+.-]+):/i // two letters at least: one is a Windows drive
/** Parts of a path that are tried as its ending: a longer path says no more. */
const MOST_PARTS = 32

/**
 * What a map's name for an original file stands for:
 * - `file:` addresses are the path in them;
 * - `http:` and `https:` addresses are looked for by their path and each ending of it, and stay addresses where nothing is found;
 * - other schemes (`webpack://app/./src/a.ts?1a2b`, `vite:`, `ng:` ...) lose scheme, host and query: what is left is a path
 *   relative to the project, looked for in the given folders;
 * - absolute paths stay, other names are relative to the folder of the map.
 * @param source the name, its map's `sourceRoot` in front
 * @param mapPath local path of the map, or of the script that holds it
 */
export function sourceName(source: string, mapPath: string): SourceName {
  const scheme = SCHEME.exec(source)?.[1].toLowerCase()
  if (scheme === undefined) {
    const path = toSlashes(source)
    const isWhole = isAbsolute(path)
    return { name: normalize(isWhole ? path : `${folderOf(mapPath)}${decoded(path)}`), relative: [] }
  }
  if (scheme === 'file') return { name: pathOfFileUrl(source), relative: [] }
  const { path } = splitAddress(source)
  if (scheme === 'http' || scheme === 'https') return { name: dropQuery(source), relative: endings(path) }
  const name = normalize(path.replace(/^\/+/, ''))
  return { name, relative: name.startsWith('../') ? [] : [name] }
}

/**
 * Where the script of a frame may lie: its own path where it has one (`path`), and below the given folders, the longest
 * ending of the path first (`relative`): for `/srv/app/dist/x.js` the paths `srv/app/dist/x.js` ... `x.js`.
 */
export function scriptPaths(filename: string): { path: string | undefined; relative: readonly string[] } {
  const scheme = SCHEME.exec(filename)?.[1].toLowerCase()
  if (scheme === undefined || scheme === 'file') {
    const path = scheme ? pathOfFileUrl(filename) : normalize(toSlashes(filename))
    return { path: isAbsolute(path) ? path : undefined, relative: endings(path) }
  }
  return { path: undefined, relative: endings(splitAddress(filename).path) }
}

/** Is the name an address that only a network could follow? */
export function isRemote(url: string): boolean {
  return url.startsWith('//') || (SCHEME.test(url) && !/^file:/i.test(url))
}

/** The path that a map's address, as a script's comment has it, stands for; the script lies at `scriptPath`. */
export function mapPathOf(url: string, scriptPath: string): string {
  if (/^file:/i.test(url)) return pathOfFileUrl(url)
  const path = toSlashes(decoded(dropQuery(url)))
  return normalize(isAbsolute(path) ? path : `${folderOf(scriptPath)}${path}`)
}

/** Last part of a path or address, query dropped. */
export function baseName(path: string): string {
  const plain = dropQuery(path)
  return plain.slice(Math.max(plain.lastIndexOf('/'), plain.lastIndexOf('\\')) + 1)
}

/** Resolves `.`, `..` and doubled slashes, as text. What goes above an absolute path's root stays there. */
export function normalize(path: string): string {
  const root = /^([a-z]:)?\//i.exec(path)?.[0] ?? ''
  const parts: string[] = []
  for (const part of path.slice(root.length).split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (root === '') parts.push('..')
  }
  return root + parts.join('/')
}

/** Endings of a path, the longest first, without any that goes up. */
function endings(path: string): string[] {
  const parts = normalize(path)
    .replace(/^([a-z]:)?\//i, '')
    .split('/')
    .filter(part => part !== '..' && part !== '')
    .slice(-MOST_PARTS)
  return parts.map((_, i) => parts.slice(i).join('/'))
}

/** Path of a `file:` address, percent signs decoded: `/srv/a b.js`, `C:/a.js`. */
function pathOfFileUrl(url: string): string {
  const path = toSlashes(decoded(splitAddress(url).path))
  return normalize(/^\/[a-z]:\//i.test(path) ? path.slice(1) : path)
}

/** Path of an address, without its host and query. A name without `//` (`webpack:src/a.ts`) has no host. */
function splitAddress(url: string): { path: string } {
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

/** Percent signs decoded, where that gives text. */
function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
