// Every option of every command that reads files, from commander's own tables: each changes what comes out, or is refused.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliOptions, type CliResult, cli, root } from '../support/cli.ts'
import { commandTables } from '../support/command-tables.ts'

/** A command line without the option, and the option with its value. */
interface Case {
  readonly words: readonly string[]
  readonly option: readonly string[]
  /** How it is refused, where it is there for that. */
  readonly refused?: RegExp
  readonly env?: CliOptions['env']
  /** What of the outcome is looked at; all of it unless given. */
  shows?(outcome: CliResult): unknown
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tracemalloc-options-')))
const at = (name: string) => join(folder, name)
const BUNDLE = join(root, 'samples/programs/bundle')
const SAMPLES = join(root, 'samples')
const HEAP = join(SAMPLES, 'heapsnapshot/made.heapsnapshot')
const DOM = join(SAMPLES, 'heapsnapshot/chromium156-traces.heapsnapshot.gz')
const NODE = join(SAMPLES, 'heapsnapshot/node26-traces.heapsnapshot.gz')
const BEFORE = join(SAMPLES, 'heapprofile/leak-node26-i1024-before.heapprofile')
const AFTER = join(SAMPLES, 'heapprofile/leak-node26-i1024-after.heapprofile')

const TOO_LARGE = /too-large/

/** Frames oldest first; a file `x.js` is one of the program's own. */
function row(size: number, domain: number, type: string, ...calls: string[]) {
  const traceback = calls.map((call, i) => ({
    filename: call.includes('/') ? call : `/srv/${call}`,
    lineno: i + 1,
    column: 1,
    function: `f${i}`,
    exact: true,
  }))
  return { size, count: Math.abs(size / 8), domain, type, totalNframe: calls.length, traceback }
}

/** A file of snapshots, each so many times as large as the first. */
function writeSnapshots(name: string, ...factors: number[]): void {
  const lines = factors.flatMap((factor, i) =>
    [
      row(80 * factor, 0, 'Object', 'main.js'),
      row(8000 * factor, 0, 'Object', 'main.js', 'a.js'),
      row(800 * factor, 0, 'Array', 'main.js', 'b.js'),
      row(400 * factor, 1, 'ArrayBuffer', 'main.js', 'b.js'),
      row(4000 * factor, 0, 'Object', 'main.js', '/srv/node_modules/express/lib/x.js'),
      ...Array.from({ length: 12 }, (_, n) => row(8 * factor, 0, '', 'main.js', `${n}.js`)),
    ].map((line, n) => ({ snapshot: i + 1, ...(n === 0 ? { meta: META } : {}), ...line })),
  )
  const numbered = lines.map((line, n) => ({ ...line, following: lines.length - 1 - n }))
  writeFileSync(at(name), numbered.map(line => `${JSON.stringify(line)}\n`).join(''))
}

const META = {
  measure: 'live',
  accuracy: 'exact',
  counts: 'exact',
  tracebackLimit: 128,
  session: 'x',
}

beforeAll(() => {
  for (const name of ['base', 'series', 'several', 'mapped']) mkdirSync(at(name))
  writeSnapshots('base/s-1.ndjson', 1)
  writeSnapshots('series/s-1.ndjson', 1)
  writeSnapshots('series/s-2.ndjson', 3)
  writeSnapshots('several/s-1.ndjson', 1, 2)
  writeSnapshots('several/s-2.ndjson', 3, 5)
  const odd = 'of no format\n'.repeat(9) // most lines of a file tell its format
  writeFileSync(at('bare'), `${odd}/srv/a.js:1 5\n`)
  writeFileSync(at('series-bare'), `${odd}/srv/a.js:1 7\n`)
  writeFileSync(at('before.json'), `{"p":${readFileSync(BEFORE)}}`)
  writeFileSync(at('after.json'), `{"p":${readFileSync(AFTER)}}`)
  writeFileSync(at('heap.json'), `{"p":${readFileSync(HEAP)}}`)
  const budgets = [{ each: true, size: 1 }]
  writeFileSync(at('each.json'), JSON.stringify({ budgets }))
  const options = ['--heap-prof', '--heap-prof-interval=512', '--heap-prof-name=mapped/x.heapprofile']
  execFileSync(process.execPath, [...options, join(BUNDLE, 'app.min.mjs')], { cwd: folder })
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** How each command reads: an old file and a new one, where it takes two. */
const READERS: Record<string, (old: string, now: string) => string[]> = {
  top: (_, now) => ['top', now, '--group-by', 'traceback,type', '--limit', '0'],
  diff: (old, now) => ['diff', old, now, '--group-by', 'traceback,type', '--limit', '0'],
  tree: (_, now) => ['tree', now, '--limit', '0', '--min', '0'],
  annotate: (_, now) => ['annotate', now, '--limit', '0'],
  info: (_, now) => ['info', now],
  convert: (_, now) => ['convert', now, '-', '--to', 'ndjson'],
  check: (old, now) => ['check', old, now, '--config', at('each.json'), '--group-by', 'traceback,type'],
  batch: (old, now) => ['batch', old, now, '--format', 'json', '--limit', '0', '--series', '()'],
}

/** Options of all commands that read snapshots. */
function readCases(words: (old: string, now: string) => string[]): Record<string, Case> {
  const one = words(at('series/s-1.ndjson'), at('series/s-2.ndjson'))
  const several = words(at('several/s-1.ndjson'), at('several/s-2.ndjson'))
  const wrapped = words(at('before.json'), at('after.json'))
  const mapped = words(at('mapped/x.heapprofile'), at('mapped/x.heapprofile'))
  return {
    '--source-maps': { words: mapped, option: [`--source-maps=${BUNDLE}`] },
    '--app': { words: one, option: ['--app'] },
    '--redact': { words: one, option: ['--redact=hash'] },
    '--include': { words: one, option: ['--include', '*/a.js'] },
    '--exclude': { words: one, option: ['--exclude', '*/b.js:2'] },
    '--all-frames': { words: [...one, '--exclude', '*/main.js'], option: ['--all-frames'] },
    '--domain': { words: one, option: ['--domain', 'arraybuffer'] },
    '--interval': { words: words(BEFORE, AFTER), option: ['--interval', '512'] },
    '--snapshot': { words: several, option: ['--snapshot', '2'] },
    '--from': { words: words(at('bare'), at('series-bare')), option: ['--from', 'folded'] },
    '--pick': { words: [...wrapped, '--from', 'json'], option: ['--pick', 'p'] },
    '--max-size': { words: one, option: ['--max-size', '1000'], refused: TOO_LARGE },
    '--verbose': { words: words(at('none'), at('none')), option: ['--verbose'] },
  }
}

/** The options of each command beside those. */
const OWN: Record<string, Record<string, Case>> = {
  top: selectionCases('top', at('series/s-2.ndjson')),
  diff: {
    ...selectionCases('diff', at('series/s-1.ndjson'), at('series/s-2.ndjson')),
    '--significant': { words: ['diff', BEFORE, AFTER, '--limit', '0'], option: ['--significant'] },
    '--output': { words: ['diff', BEFORE, AFTER], option: ['-o', '-'] },
    '--to': { words: ['diff', BEFORE, AFTER, '-o', '-'], option: ['--to', 'folded'] },
  },
  tree: {
    '--diff': { words: ['tree', at('series/s-2.ndjson')], option: ['--diff', at('series/s-1.ndjson')] },
    '--limit': { words: ['tree', at('series/s-2.ndjson'), '--min', '0'], option: ['--limit', '1'] },
    '--depth': { words: ['tree', at('series/s-2.ndjson')], option: ['--depth', '1'] },
    '--min': { words: ['tree', at('series/s-2.ndjson')], option: ['--min', '50'] },
    '--format': { words: ['tree', at('series/s-2.ndjson')], option: ['--format', 'json'] },
  },
  annotate: {
    '--file': { words: ['annotate', at('series/s-2.ndjson')], option: ['--file', 'a.js'] },
    '--function': { words: ['annotate', at('series/s-2.ndjson')], option: ['--function', '^f0$'] },
    '--limit': { words: ['annotate', at('series/s-2.ndjson')], option: ['--limit', '1'] },
    '--sources': { words: ['annotate', at('mapped/x.heapprofile')], option: [`--sources=${BUNDLE}`] },
    '--format': { words: ['annotate', at('series/s-2.ndjson')], option: ['--format', 'json'] },
  },
  info: {
    '--format': { words: ['info', at('series/s-2.ndjson')], option: ['--format', 'json'] },
    '--strip-check': { words: ['info', at('series/s-2.ndjson')], option: ['--strip-check'] },
  },
  convert: {
    '--to': { words: ['convert', at('series/s-2.ndjson')], option: ['--to', 'csv'] },
    '--merge': { words: ['convert', at('series/s-2.ndjson'), '-', '--to', 'pickle'], option: ['--merge'] },
  },
  check: {
    '--group-by': {
      words: ['check', at('base'), at('series/s-2.ndjson'), '--config', at('each.json')],
      option: ['--group-by', 'type'],
    },
    '--config': {
      words: ['check', at('base'), at('series/s-2.ndjson')],
      option: ['--config', at('each.json')],
    },
    '--update': { words: ['check', at('updated'), at('series/s-2.ndjson')], option: ['--update'] },
    '--format': { words: ['check', at('base'), at('series/s-2.ndjson')], option: ['--format', 'junit'] },
  },
  batch: {
    '--group-by': { words: ['batch', at('series')], option: ['--group-by', 'type'] },
    '--cumulative': { words: ['batch', at('series')], option: ['--cumulative'] },
    '--limit': { words: ['batch', at('series')], option: ['--limit', '1'] },
    '--format': { words: ['batch', at('series')], option: ['--format', 'csv'] },
    '--series': { words: ['batch', at('series')], option: ['--series', '/(s-\\d)[.]'] },
    '--baseline': { words: ['batch', at('series')], option: ['--baseline', at('base')] },
    '--keep-going': { words: ['batch', at('series'), at('bare')], option: ['--keep-going'] },
    '--threads': {
      words: ['batch', at('series'), '--threads', '2'],
      option: ['--threads', '1'],
      env: { NODE_DEBUG: 'worker' }, // Node tells of each thread
      shows: ({ stderr }) => stderr.match(/create new worker/g)?.length,
    },
  },
  heap: {
    '--class': { words: ['heap', HEAP], option: ['--class', 'Session'] },
    '--retainers': { words: ['heap', HEAP], option: ['--retainers', '@7'] },
    '--detached': { words: ['heap', DOM], option: ['--detached'] },
    '--duplicates': { words: ['heap', DOM], option: ['--duplicates', 'strings'] },
    '--compare': { words: ['heap', DOM], option: ['--compare', NODE] },
    '--base': { words: ['heap', HEAP, '--target', HEAP], option: ['--base', HEAP] },
    '--target': { words: ['heap', HEAP, '--base', HEAP], option: ['--target', HEAP] },
    '--limit': { words: ['heap', HEAP], option: ['--limit', '1'] },
    '--format': { words: ['heap', HEAP], option: ['--format', 'json'] },
    '--from': { words: ['heap', at('heap.json'), '--pick', 'p'], option: ['--from', 'json'] },
    '--pick': { words: ['heap', at('heap.json'), '--from', 'json'], option: ['--pick', 'p'] },
    '--max-memory': { words: ['heap', DOM], option: ['--max-memory', '1'], refused: TOO_LARGE },
    '--max-size': { words: ['heap', HEAP], option: ['--max-size', '1000'], refused: TOO_LARGE },
    '--verbose': { words: ['heap', at('none')], option: ['--verbose'] },
  },
}

function selectionCases(...words: string[]): Record<string, Case> {
  return {
    '--group-by': { words, option: ['--group-by', 'type'] },
    '--cumulative': { words, option: ['--cumulative=per-frame'] },
    '--limit': { words, option: ['--limit', '1'] },
    '--sources': {
      words: [words[0], ...words.slice(1).map(() => at('mapped/x.heapprofile')), '--group-by', 'traceback'],
      option: [`--sources=${BUNDLE}`],
    },
    '--format': { words, option: ['--format', 'json'] },
  }
}

const commands = await commandTables()

const outcomes = new Map<string, Promise<CliResult>>()

/** What comes of the words without the option; many options share it. */
function outcomeOf({ words, env }: Case): Promise<CliResult> {
  const key = JSON.stringify([words, env])
  let outcome = outcomes.get(key)
  if (!outcome) outcomes.set(key, (outcome = cli(words, { env })))
  return outcome
}

/** Commands with targets of their own, whose options test/capture/options.test.ts tries. */
const CAPTURE = ['run', 'attach', 'object', 'targets']

describe.each([...commands].filter(([name]) => !CAPTURE.includes(name)))('%s', (name, options) => {
  const cases = { ...(READERS[name] && readCases(READERS[name])), ...OWN[name] }

  it('is tried with every option of its table, and with no other', () => {
    expect(Object.keys(cases).sort()).toEqual([...options].sort())
  })

  it('says the same each time, or a difference would tell nothing', { timeout: 120_000 }, async () => {
    const words = Object.values(cases)[0].words
    expect(await cli(words)).toEqual(await outcomeOf({ words, option: [] }))
  })

  it.concurrent.each(Object.entries(cases))('%s', { timeout: 120_000 }, async (_, tried) => {
    const { words, option, env, refused, shows = (all: CliResult) => all } = tried
    const base = await outcomeOf(tried)
    const changed = await cli([...words, ...option], { env })
    expect(shows(changed)).not.toEqual(shows(base))
    if (refused) expect(changed.stderr).toMatch(refused)
    else if (base.status !== 3) expect([0, 1, 5]).toContain(changed.status)
  })
})
