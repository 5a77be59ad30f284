// The package that a file belongs to.
import { NATIVE, OLDER, V8 } from '../tables/frames.ts'
import { fileName } from './file-name.ts'

/** Package of the program's own files. */
export const APP = '<app>'
/** Package of files that a bundler made of several dependencies. */
const DEPENDENCIES = '<dependencies>'

/** Runtimes and what they are called, by the beginning of a name. Node's had no scheme before version 16. */
const RUNTIMES: readonly (readonly [RegExp, string])[] = [
  [/^node:/, 'node:'],
  [
    /^internal\/(bootstrap|main|modules|per_context|process|deps|streams|fs|util|crypto)\/[\w/-]+\.js$/,
    'node:',
  ],
  [/^internal\/(errors|event_target|fs|timers|url|util|validators)\.js$/, 'node:'],
  [/^(ext|deno):/, 'deno:'],
  [/^bun:/, 'bun:'],
  [/^electron:|^electron\/js2c\//, 'electron:'],
  [/^(chrome|chrome-extension|devtools):/, 'chrome:'],
]

const NAME = '((?:@[^/@]+/)?[^/@]+)'
/** Where packages lie that are in no `node_modules`: caches of runtimes, and servers of packages. */
const ELSEWHERE: readonly RegExp[] = [
  new RegExp(`/npm/registry\\.npmjs\\.org/${NAME}/`), // Deno
  new RegExp(`/install/cache/${NAME}@`), // Bun
  new RegExp(`^https?://[a-z.]*jsdelivr\\.net/npm/${NAME}`),
  new RegExp(`^https?://(?:www\\.)?unpkg\\.com/${NAME}`),
  new RegExp(`^https?://esm\\.(?:sh|run)/(?:v\\d+/|stable/|\\*)?${NAME}`),
  new RegExp(`^https?://cdn\\.skypack\\.dev/(?:-/|pin/)?${NAME}`),
  new RegExp(`^https?://ga\\.jspm\\.io/npm:${NAME}`),
  /^https?:\/\/jsr\.io\/(@[^/]+\/[^/]+)\//,
  /^https?:\/\/deno\.land\/(?:x\/)?([^/@]+)@/,
  /^https?:\/\/(?:cdnjs\.cloudflare\.com|ajax\.googleapis\.com)\/ajax\/libs\/([^/]+)\//,
]

/** Vite's own scripts in a page, and those that webpack and Turbopack add to a bundle. */
const BUNDLERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:https?:\/\/[^/]+)?(?:\/[\w-]+)*\/@vite\//, 'vite'],
  [
    /^webpack\/(bootstrap|startup|before-startup|after-startup|universalModuleDefinition|runtime\/[^.]*)$/,
    'webpack',
  ],
  [/^\[turbopack\]/, 'turbopack'],
]

/**
 * Package of a file: `express`, `@scope/name`, `<native>`, `<older>`; a runtime as `node:`; `<app>` for the
 * program's own files, `<dependencies>` for several packages in one.
 */
export function packageOf(filename: string): string {
  if (filename === NATIVE || filename === V8 || filename === OLDER) return filename
  const name = fileName(filename)
  const known = [...RUNTIMES, ...BUNDLERS].find(([pattern]) => pattern.test(name))
  if (known) return known[1]
  return prebundled(name) ?? installed(name) ?? chunk(name) ?? elsewhere(name) ?? APP
}

/**
 * Vite's copies of dependencies: `node_modules/.vite/deps/@vue_reactivity.js`, also in the caches of Nuxt and
 * Angular.
 */
function prebundled(name: string): string | undefined {
  const [folder, file] = name.split('/').slice(-2)
  if (!file || !/^deps(_\w+)?$/.test(folder) || !/\.m?js$/.test(file)) return undefined
  if (!/(^|\/)(node_modules\/\.|\.vite\/|\.angular\/cache\/)/.test(name)) return undefined
  if (file.startsWith('chunk-')) return DEPENDENCIES
  return unflattened(
    file
      .replace(/\.m?js$/, '')
      .split('___')
      .at(-1) as string,
  )
}

/** Vite writes `/` as `_` and `.` as `__`. One package of the browser's Node modules has a `_` of its own. */
function unflattened(flat: string): string {
  if (/^string_decoder(_|$)/.test(flat)) return 'string_decoder'
  const parts = flat.replaceAll('__', '.').split('_')
  return parts[0].startsWith('@') && parts.length > 1 ? `${parts[0]}/${parts[1]}` : parts[0]
}

/** A file below `node_modules`. A folder there with a dot is no package, but can be named after one. */
function installed(name: string): string | undefined {
  const at = name.lastIndexOf('/node_modules/')
  const rest = at >= 0 ? name.slice(at + 14) : name.startsWith('node_modules/') ? name.slice(13) : ''
  if (rest === '') return undefined
  const [first, second] = rest.split('/')
  if (!first.startsWith('.')) return first.startsWith('@') && second ? `${first}/${second}` : first
  if (first === '.prisma') return '@prisma/client'
  if (/^\.(pnpm|deno|bun|store)$/.test(first)) return /^(@?[^@]+)@/.exec(second ?? '')?.[1].replace('+', '/')
  return undefined
}

/**
 * A file that webpack or Turbopack named after the modules in it: `vendors-node_modules_lodash_lodash_js.js`.
 */
function chunk(name: string): string | undefined {
  const modules = name
    .slice(name.lastIndexOf('/') + 1)
    .split('node_modules_')
    .slice(1)
  if (modules.length === 0 || !/\.m?js$/.test(name)) return undefined
  const names = new Set(modules.filter(part => !/^\.pnpm_/.test(part)).map(unflattened))
  const [only] = names
  return names.size === 1 && !/^[\da-f]{6,}\b/.test(only) ? only : DEPENDENCIES
}

function elsewhere(name: string): string | undefined {
  for (const pattern of ELSEWHERE) {
    const found = pattern.exec(name)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}
