import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './support/cli.ts'

/** Who may import whom, by folder or file; what is not named here imports nothing of ours. */
const ALLOWED: Record<string, readonly string[]> = {
  units: [],
  escape: [],
  errors: [],
  io: ['errors'],
  model: ['units', 'errors', 'escape'],
  statistics: ['model', 'units', 'errors'],
  sourcemap: ['model', 'errors'],
  converter: ['io', 'model'],
  converters: ['converter', 'model', 'io', 'errors', 'units', 'escape'],
  detect: ['converter', 'errors'],
  heap: ['io', 'model', 'errors', 'units'],
  report: ['statistics', 'heap', 'model', 'units', 'errors', 'escape'],
  capture: ['model', 'load', 'report', 'escape', 'errors', 'units', 'io', 'statistics'],
  load: ['converters', 'converter', 'detect', 'io', 'statistics', 'model', 'errors'],
}
/** Tops of the graph: they may import everything. */
const TOPS = ['cli', 'index', 'tracemalloc', 'register', 'growth', 'vitest', 'batch']
/** Where Node's own modules may be used. */
const NODE = [
  'io/node.ts',
  'capture/',
  'cli/',
  'load.ts',
  'sourcemap/files.ts',
  'tracemalloc.ts',
  'register.ts',
  'batch/',
  'growth.ts',
  'vitest.ts',
]

const files = ['src', 'converters'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name)),
)

/** `src/model/frame.ts` -> `model`; `converters/pprof.ts` -> `converters`; `src/load.ts` -> `load`. */
function roomOf(path: string): string {
  const parts = path.split('/')
  return parts[0] === 'src' ? parts[1].replace(/\.ts$/, '') : parts[0]
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [
    ...text.matchAll(
      /(?:^|\n)(?:import|export)[^'"\n]*?(?:\n[^'"]*?)?from '([^']+)'|import\('([^']+)'\)|\nimport '([^']+)'/g,
    ),
  ].map(m => m[1] ?? m[2] ?? m[3])
}

describe('the dependency rule', () => {
  it('sees the imports', () => {
    expect(files.length).toBeGreaterThan(30)
    expect(importsOf('src/load.ts')).toContain('../converters/index.ts')
    expect(importsOf('src/cli/commands/top.ts')).toContain('../input.ts')
  })

  it.each(files)('%s', path => {
    const room = roomOf(path)
    for (const name of importsOf(path)) {
      if (name.startsWith('.')) {
        const target = relative(root, join(root, dirname(path), name))
        const to = roomOf(target)
        const isOwn = to === room && room !== 'converters'
        const isPart = room === 'converters' && to === room && sameConverter(path, target)
        const isAllowed = TOPS.includes(room) || isOwn || isPart || ALLOWED[room]?.includes(to)
        expect(isAllowed, `${path} imports ${target}`).toBe(true)
      } else if (name.startsWith('node:')) {
        expect(
          NODE.some(allowed => path.startsWith(`src/${allowed}`)),
          `${path} imports ${name}`,
        ).toBe(true)
      }
    }
  })

  it('keeps files under 500 lines', () => {
    const long = files.filter(path => readFileSync(join(root, path), 'utf8').split('\n').length > 500)
    expect(long).toEqual([])
  })
})

/** Converters never import each other: only the list imports them, and a converter's folder its own files. */
function sameConverter(from: string, to: string): boolean {
  return (
    from === 'converters/index.ts' ||
    (dirname(from) !== 'converters' && dirname(from) === dirname(to)) ||
    to.startsWith(`${from.replace(/\.ts$/, '')}/`)
  )
}
