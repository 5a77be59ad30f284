import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './support/cli.ts'
import { filesIn, importsOf, roomOf, targetsOf } from './support/imports.ts'

/** Who may import whom, by folder or file; what is not named here imports nothing of ours. */
const ALLOWED: Record<string, readonly string[]> = {
  errors: [],
  text: [],
  lines: [],
  bytes: ['errors'],
  model: ['text', 'errors'],
  transform: ['model', 'lines', 'errors'],
  sourcemap: ['model', 'transform', 'errors'],
  heapsnapshot: ['bytes', 'model', 'errors'],
  heap: ['heapsnapshot', 'bytes', 'model', 'errors'],
  statistics: ['model', 'text'],
  converters: ['heapsnapshot', 'transform', 'bytes', 'lines', 'model', 'text', 'errors'],
  formats: ['converters', 'heap', 'statistics', 'bytes', 'model', 'text', 'errors'],
  inspector: ['errors'],
  capture: ['inspector', 'formats', 'sourcemap', 'transform', 'lines', 'bytes', 'model', 'text', 'errors'],
  check: ['bytes', 'formats', 'statistics', 'model', 'text', 'errors'],
  report: ['check', 'heap', 'statistics', 'model', 'text'],
  batch: ['report', 'formats', 'statistics', 'model', 'errors'],
  library: ['batch', 'capture', 'formats', 'heap', 'statistics', 'model', 'text', 'errors'],
}
/** Tops of the graph: they may import everything. */
const TOPS = ['cli', 'index', 'register', 'vitest']
/** Where Node's own modules may be used. */
const NODE = [
  'bytes/disk.ts',
  'formats/files.ts',
  'formats/memory.ts',
  'inspector/',
  'capture/',
  'sourcemap/files.ts',
  'check/baseline.ts',
  'check/config.ts',
  'batch/',
  'library/',
  'cli/',
  'register.ts',
  'vitest.ts',
]
/** Where the time of day is taken for, or shown to, a person. */
const WALL_CLOCK = [
  'converters/markdown.ts',
  'src/capture/series/metadata.ts',
  'src/cli/series-log.ts',
  'src/report/info.ts',
]
/** A folder with more files than this is hard to find one's way in. */
const MOST_FILES = 15

const files = filesIn('src', 'converters')

describe('the dependency rule', () => {
  it('sees the imports', () => {
    expect(files.length).toBeGreaterThan(30)
    expect(importsOf('src/formats/files.ts')).toContain('../../converters/index.ts')
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

  it('has no circle of files, types included', () => {
    const targets = new Map(files.map(path => [path, targetsOf(path)]))
    // Files that import nothing that is left are taken away, until only circles remain.
    for (let taken = true; taken; ) {
      taken = false
      for (const [path, imports] of targets)
        if (!imports.some(target => targets.has(target))) taken = targets.delete(path)
    }
    expect([...targets.keys()]).toEqual([])
  })

  it(`keeps folders to ${MOST_FILES} files`, () => {
    const counts = new Map<string, number>()
    for (const path of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
    expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([])
  })

  it('measures and waits by a clock that nobody sets: the wall clock is only shown', () => {
    const readers = files.filter(path =>
      /\bDate\.now\b|\bnew Date\(|\bDate\(\)/.test(readFileSync(join(root, path), 'utf8')),
    )
    expect(readers.sort()).toEqual(WALL_CLOCK)
  })

  it('says in one to three lines what each file is for', () => {
    const silent = files.filter(path => {
      const { length } = headOf(readFileSync(join(root, path), 'utf8'))
      return length === 0 || (length > 3 && !path.startsWith('converters/')) // a format's head describes the format
    })
    expect(silent).toEqual([])
  })

  it('keeps comments to 110 columns', () => {
    const isLong = (line: string) => line.length > 110 && /^ *(\/\*\*|\*|\/\/)/.test(line)
    const long = files.filter(path => readFileSync(join(root, path), 'utf8').split('\n').some(isLong))
    expect(long).toEqual([])
  })

  it('keeps files under 500 lines', () => {
    const long = files.filter(path => readFileSync(join(root, path), 'utf8').split('\n').length > 500)
    expect(long).toEqual([])
  })
})

/** The lines of the comment that a file begins with; a comment on the first declaration is none. */
function headOf(text: string): string[] {
  const lines = text.replace(/^#!.*\n/, '').split('\n')
  const end = lines.findIndex(line => !line.startsWith('//') || line.startsWith('// biome-ignore'))
  return lines.slice(0, end).map(line => line.replace(/^\/\/ ?/, ''))
}

/** Converters never import each other: only the list imports them, and a converter's folder its own files. */
function sameConverter(from: string, to: string): boolean {
  return (
    from === 'converters/index.ts' ||
    to === 'converters/converter.ts' ||
    (dirname(from) !== 'converters' && dirname(from) === dirname(to)) ||
    to.startsWith(`${from.replace(/\.ts$/, '')}/`)
  )
}
