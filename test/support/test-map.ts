// The table source file -> tests of test/README.md, made from names, imports and calls of the command.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './cli.ts'
import { filesIn, targetsOf } from './imports.ts'

/** At most so many tests are named for a file. */
const MOST = 3
/** Files that another one starts, as a thread or as a process. */
const STARTED: Record<string, string> = {
  'src/capture/run.ts': 'src/register.ts',
  'src/capture/agent/watcher.ts': 'src/capture/agent/watcher-thread.ts',
  'src/inspector/node-process.ts': 'src/inspector/lease/opener.ts',
  'src/batch/pool.ts': 'src/batch/worker.ts',
}
/** The package's doors, as programs of tests name them. */
const DOORS = { '': 'src/index.ts', '/register': 'src/register.ts', '/vitest': 'src/vitest.ts' }

/** A Markdown table of all source files, each with the tests to run first when it is changed. */
export function testMap(): string {
  const tests = filesIn('test').filter(path => path.endsWith('.test.ts'))
  const sources = filesIn('src', 'converters')
  const fromTests = tests.map(path => ({ path, distances: distancesFrom(path) }))
  const commands = sources
    .filter(path => path.startsWith('src/cli/commands/'))
    .map(path => ({ tests: testsOfCommand(path, tests), distances: distancesFrom(path) }))

  const lines = sources.map(source => {
    const importing = nearest(fromTests, source).map(({ path }) => path)
    const calling = nearest(commands, source)
      .slice(0, 2)
      .flatMap(command => command.tests)
    const own = [...importing, ...calling].filter(path => basename(path, '.test.ts') === subject(source))
    const found = [...own, ...importing, ...calling]
    // Nothing imports the command's own file: it is built and run.
    const named = tests.filter(path => basename(path, '.test.ts') === subject(source))
    const chosen = [...new Set(found.length > 0 ? found : named)].slice(0, MOST)
    return `| ${source} | ${chosen.map(path => path.slice('test/'.length, -'.test.ts'.length)).join(', ')} |`
  })
  return ['| source | tests |', '| --- | --- |', ...lines].join('\n')
}

/** What a file is about, as tests name it: a folder's `index.ts` is about the folder. */
function subject(source: string): string {
  const name = basename(source, '.ts')
  return name === 'index' ? basename(join(source, '..')) : name
}

/** Those that reach a file by imports, the nearest first. */
function nearest<T extends { distances: ReadonlyMap<string, number> }>(all: readonly T[], file: string): T[] {
  const distance = ({ distances }: T) => distances.get(file) ?? Infinity
  return all.filter(from => distance(from) < Infinity).sort((a, b) => distance(a) - distance(b))
}

/** The tests that run a command, those that run it most first. */
function testsOfCommand(source: string, tests: readonly string[]): string[] {
  const call = new RegExp(`[([]\\s*'${basename(source, '.ts')}'[,\\]]`, 'g')
  return tests
    .map(path => ({ path, calls: [...readFileSync(join(root, path), 'utf8').matchAll(call)].length }))
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.calls - a.calls)
    .map(({ path }) => path)
}

/** How many imports away each file is. */
function distancesFrom(start: string): Map<string, number> {
  const distances = new Map([[start, 0]])
  for (const [path, distance] of distances)
    for (const target of nextTo(path)) if (!distances.has(target)) distances.set(target, distance + 1)
  return distances
}

/** What a file imports, starts or, in a test, names in a program that it writes. */
function nextTo(path: string): string[] {
  const started = STARTED[path] ? [STARTED[path]] : []
  const named: string[] = []
  if (path.startsWith('test/')) {
    const text = readFileSync(join(root, path), 'utf8')
    for (const [, built] of text.matchAll(/\bdist\/((?:src|converters)\/[\w/-]+)\.js/g))
      named.push(`${built}.ts`)
    for (const [, door] of text.matchAll(/['"`]tracemalloc(|\/register|\/vitest)['"`]/g))
      named.push(DOORS[door as keyof typeof DOORS])
  }
  const isCommand = (target: string) => target === 'src/cli/main.ts' && path.startsWith('test/')
  return [...targetsOf(path), ...started, ...named].filter(
    target => existsSync(join(root, target)) && !isCommand(target),
  )
}
