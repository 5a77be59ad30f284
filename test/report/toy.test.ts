// What docs/architecture.md says of adding an output format and a figure, done in a copy of the project that is then compiled.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../support/cli.ts'

const LONG = 240_000
const [OLD, NEW] = ['leak-01.pb.gz', 'leak-12.pb.gz'].map(name => join(root, 'samples/series', name))
const HEAP = join(root, 'samples/heapsnapshot/made.heapsnapshot')
let copy: string

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'tracemalloc-toy-output-'))
  for (const name of ['src', 'converters', 'package.json', 'tsconfig.json', 'tsconfig.build.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
})
afterAll(() => rmSync(copy, { recursive: true }))

function edit(path: string, before: string, after: string): void {
  const text = readFileSync(join(copy, path), 'utf8')
  expect(text.split(before), `${path}: ${before}`).toHaveLength(2)
  writeFileSync(join(copy, path), text.replace(before, after))
}

/** The files that the compiler complains about. */
function compile(): string[] {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: copy,
    encoding: 'utf8',
  })
  return [...new Set(stdout.match(/^[^\s(]+(?=\()/gm))].sort()
}

function run(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(copy, 'dist/src/cli/main.js'), ...args], {
    encoding: 'utf8',
  })
  return stdout + stderr
}

test('an output format is one file and one line, a figure three files', { timeout: LONG }, () => {
  const source = readFileSync(join(root, 'test/report/toy/toy.ts'), 'utf8')
  const moved = source.replaceAll('../../../src/report/', '../').replaceAll('../../../src/', '../../')
  writeFileSync(join(copy, 'src/report/formats/toy.ts'), moved)
  edit('src/report/formats/index.ts', '  text: () =>', "  toy: () => import('./toy.ts'),\n  text: () =>")

  // A figure begins with the type of a row: the compiler leads to where it is worked out and to where it is shown.
  edit('src/statistics/results.ts', 'interface SampledDiff extends ErrorBar {', '$&\n  readonly toy: number')
  expect(compile()).toEqual(['src/report/rows.ts', 'src/statistics/compare.ts'])
  edit('src/statistics/compare.ts', '  get pValue()', '  get toy(): number {\n    return 12345\n  }\n\n$&')
  edit('src/report/rows.ts', '  pValue: true,', '  toy: true,\n$&')
  edit('src/report/rows.ts', "    column('+/-'", "    column('toy', 'count', row => row.toy),\n$&")
  expect(compile()).toEqual([])

  for (const command of [
    ['diff', OLD, NEW],
    ['batch', OLD, NEW],
    ['check', OLD, NEW],
  ]) {
    expect(run(...command, '--format', 'json'), command[0]).toContain('"toy": 12345')
    expect(run(...command, '--format', 'toy'), command[0]).toMatch(/<td>[^<]*leak\.js:7 \(onEvent\)<\/td>/)
  }
  for (const format of ['table', 'markdown', 'csv', 'ndjson', 'toy'])
    expect(run('diff', OLD, NEW, '--format', format), format).toMatch(/\b12345\b/)
  expect(run('top', NEW, '--format', 'toy')).toContain('<tr><th>lineno</th><th>size</th>')
  expect(run('heap', HEAP, '--format', 'toy')).toContain('<td>Session</td>')
  expect(run('info', NEW, '--format', 'toy')).toContain('<tr><td>format</td><td>pprof')
})

test('a command is one file and one line, a group key one file', { timeout: LONG }, () => {
  const command = `// Greets.
import type { Command } from 'commander'

export function register(program: Command): void {
  program
    .command('hello')
    .description('greet')
    .addHelpText('after', '\\nExample: tracemalloc hello')
    .action(() => void process.stdout.write('hello\\n'))
}
`
  writeFileSync(join(copy, 'src/cli/commands/hello.ts'), command)
  edit(
    'src/cli/main.ts',
    "  top: () => import('./commands/top.ts'),",
    "$&\n  hello: () => import('./commands/hello.ts'),",
  )

  // A group key begins with its name: the compiler leads to what it is.
  edit('src/model/grouping/keys.ts', "'domain', 'package'] as const", "'domain', 'package', 'line'] as const")
  expect(compile()).toEqual(['src/model/grouping/keys.ts'])
  const key = `  line: {
    width: 1,
    fill:
      ({ frames }) =>
      (tuple, i) =>
        (tuple[0] = frames.lineno[i]),
    describe(frames, [first]) {
      return { label: String(frames.lineno[first]), key: {}, traceback: new Traceback([]) }
    },
  },
`
  edit('src/model/grouping/keys.ts', '  package: {\n', `${key}$&`)
  expect(compile()).toEqual([])

  expect(run('hello')).toBe('hello\n')
  expect(run('--help')).toMatch(/^ {2}hello +greet$/m)
  expect(run('hello', '--help')).toContain('Example: tracemalloc hello')
  expect(run('top', NEW, '--group-by', 'line')).toMatch(/(^| )7: size=/m)
  expect(run('diff', OLD, NEW, '--group-by', 'line,type', '--format', 'json')).toContain('"sizeDiff"')
  expect(run('top', NEW, '--help').replaceAll(/\s+/g, ' ')).toContain('package, line')
})

test('the compiler leads from a new rule of comparison to all places that must know it', {
  timeout: LONG,
}, () => {
  edit('src/statistics/results.ts', "  | 'repeats'", "  | 'toy'\n$&")
  expect(compile()).toEqual(['src/statistics/compare.ts', 'src/statistics/notes.ts'])
})
