// The one name of a file. The same file has many names in profiles: a query for each version (`m.mjs?v=17`),
// a server's address, a bundler's scheme and loaders. Rows, filters, budgets, packages and source maps use
// the name made here.
import { decoded, normalize } from './paths.ts'

/** Scheme of an address, with at least two letters: a single one is a Windows drive. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i

/** How a name with this scheme is read. Other addresses only lose their query. */
const SCHEMES: Record<string, (name: string) => string> = {
  file: fileUrl,
  http: webAddress,
  https: webAddress,
  webpack: bundlerName,
  'webpack-internal': bundlerName,
  turbopack: bundlerName,
  // The rest of these is no path.
  node: same,
  data: same,
  blob: same,
  wasm: same,
  ext: same,
}

/**
 * The name of a file in reports: without query, loaders, the scheme of a bundler or `file:`, and with `/` on
 * Windows too. Names that say nothing of a file (`<native>`, `node:fs`, `data:`), and those of Python, stay
 * as they are. A name made here is unchanged.
 */
export function fileName(name: string): string {
  let shown = name
  for (let layers = 0; layers < MOST_LAYERS; layers++) {
    const inner = withoutLayer(shown)
    if (inner === shown) break
    shown = inner
  }
  return shown
}

/** A name within a name, such as a `file:` address behind a loader, is found as deep as this. */
const MOST_LAYERS = 8

function withoutLayer(name: string): string {
  if (/^<|\.py[cow]?$|^$/.test(name)) return name
  if (/ line \d+ > /.test(name)) return name // Firefox's name for a text that a script evaluated
  const plain = /^\0.+\?/s.test(name) ? name.slice(1) : name // Rollup's mark of what a plugin makes of a module
  const scheme = SCHEME.exec(plain)?.[1].toLowerCase()
  if (scheme === undefined) return pathName(plain)
  const read = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : withoutQuery
  return read(plain) || name
}

function same(name: string): string {
  return name
}

/** `file:///srv/a%20b.js?x`, `file://server/share/a.js`. */
function fileUrl(url: string): string {
  const [, host = '', path] = /^file:(?:\/\/([^/]*))?([^?#]*)/i.exec(url) as unknown as string[]
  const isHere = host === '' || host.toLowerCase() === 'localhost'
  return pathName(isHere ? decoded(path) : `//${host}${decoded(path)}`)
}

/**
 * `http://localhost:5173/src/App.vue?t=1`. Vite serves what lies outside of a project as `/@fs/` and its
 * path.
 */
function webAddress(url: string): string {
  const outside = url.indexOf('/@fs/')
  return outside < 0 ? withoutQuery(url) : outsidePath(url.slice(outside))
}

function outsidePath(path: string): string {
  return pathName(decoded(path.slice('/@fs'.length).replace(/[?#].*$/s, '')))
}

/**
 * The path in a name of webpack or Turbopack, relative to the project: `webpack://shop/./src/a.ts?1a2b`,
 * `webpack-internal:///(rsc)/./app/page.tsx`,
 * `webpack:///./node_modules/vue-loader/index.js??x!./src/Cart.vue?vue`.
 */
function bundlerName(name: string): string {
  const file = name.slice(Math.max(name.indexOf(':'), name.lastIndexOf('!')) + 1)
  const path = file
    .replace(/\?.*$/s, '')
    .replace(/^\/\/(@[^/]+\/[^/]+|[^/[]*)\/?/, '') // the project's name, which can have a scope
    .replace(/^\[project\]\//, '')
    .replace(/^\([\w-]+\)\/(?=\.)/, '') // a layer of Next.js
    .replace(/ \[[\w-]+\] \([\w ,.-]+\)$/, '') // Turbopack's layer and kind
    .replace(/ \+ \d+ modules$/, '')
    .replace(/^(webpack\/\w+) [\da-f]+$/, '$1')
  if (/^\d*$/.test(path)) return name // a module that only has a number
  return normalize(slashes(path))
}

function pathName(path: string): string {
  if (path.startsWith('/@fs/')) return outsidePath(path)
  const name = withoutQuery(slashes(withoutLoaders(path)))
  const real = name.includes('/__virtual__/') ? withoutVirtual(name) : name
  return /(^|\/)\.\.?\//.test(real) && !real.startsWith('//') ? normalize(real) : real
}

/** The file itself at the end of a chain of webpack's loaders. */
function withoutLoaders(name: string): string {
  const end = name.lastIndexOf('!')
  return end > 0 && /-loader|\?\?/.test(name.slice(0, end)) ? name.slice(end + 1) : name
}

/** Windows' paths with `/`: `c:\a`, `\\server\share\a`, `\\?\C:\a`, `..\src\a.ts`, `/C:/a`. */
function slashes(path: string): string {
  const long = path.replace(/^\\\\\?\\(UNC\\)?/i, (_, unc) => (unc ? '\\\\' : ''))
  const isWindows = /^(\/?[a-z]:[\\/]|\\\\|\.{1,2}\\)/i.test(long) || /^[^/]*\.[a-z]\w*$/i.test(long)
  if (!isWindows) return path
  return long.replaceAll('\\', '/').replace(/^\/?([a-z]):\//i, (_, drive) => `${drive.toUpperCase()}:/`)
}

/** Yarn's path of one instance of a package: `.yarn/__virtual__/ID/0/cache/x` is `.yarn/cache/x`. */
function withoutVirtual(path: string): string {
  return path.replace(/\/__virtual__\/[^/]+\/(\d)\//, (_, up) => `/${'../'.repeat(Number(up))}`)
}

/** What a server makes anew for each query is not one file. */
const MADE_BY_SERVERS = /\.(php|aspx?|ashx|axd|jsp|do|cgi|pl|rb)$/i

/**
 * Without what follows the ending of a file: `?v=17`, `#x`. On a disk both characters may be part of a name,
 * so there they must follow an ending, and no further folder may follow them.
 */
function withoutQuery(name: string): string {
  const at = name.search(/[?#]|\/\/&/) // Metro's `index.bundle//&dev=true`
  if (at < 0) return name
  const before = name.slice(0, at)
  const isAddress = SCHEME.test(name)
  const path = isAddress ? before.replace(/^[^:]+:(\/\/[^/]*)?/, '') : before
  if (!/\.[a-z][a-z0-9]{0,11}$/i.test(path) || MADE_BY_SERVERS.test(path)) {
    return /^[^?#]*\/@(vite|id)\//.test(name) ? before : name
  }
  const query = name.slice(at + 1)
  return isAddress || !query.includes('/') || (name[at] === '?' && /[=&]/.test(query)) ? before : name
}
