// What lines cost: CPU time of five programs of which most work is in packages, under `run` with each choice of files, against
// the same programs untraced. Medians of interleaved repeats. npm run build && node bench/lines-run.mjs [repeats=5]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROGRAMS } from './lines-run/programs.mjs'

const repeats = Number(process.argv[2] ?? 5)
const round = fileURLToPath(new URL('lines-run/round.mjs', import.meta.url))
const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'tracemalloc-bench-'))
const env = { ...process.env, XDG_CACHE_HOME: dir }

const command = options => (options ? [main, 'run', '--out', dir, ...options] : [])
const WAYS = {
  untraced: undefined,
  functions: ['--no-lines'],
  auto: ['--lines=auto'],
  own: ['--lines=own'],
  all: ['--lines=all'],
}

const measure = (program, options) =>
  Number(
    execFileSync(process.execPath, [...command(options), round, program], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', process.env.SHOW ? 'inherit' : 'ignore'],
    }),
  )
const median = list => list.slice().sort((a, b) => a - b)[list.length >> 1]
const mean = list => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length)

const programs = Object.keys(PROGRAMS)
const times = {}
for (const program of programs) {
  for (const options of Object.values(WAYS)) measure(program, options) // what is rewritten is then in the cache
  for (let i = 0; i < repeats; i++)
    for (const [way, options] of Object.entries(WAYS))
      ((times[program] ??= {})[way] ??= []).push(measure(program, options))
}
rmSync(dir, { recursive: true, force: true })

console.log(`Node ${process.versions.node}, medians of ${repeats}\n`)
console.log(`| CPU time, untraced = 1 | ${programs.join(' | ')} | geometric mean |`)
console.log(`|---|${'---|'.repeat(programs.length + 1)}`)
for (const way of Object.keys(WAYS).slice(1)) {
  const ratios = programs.map(name =>
    median(times[name][way].map((time, i) => time / times[name].untraced[i])),
  )
  console.log(`| ${way} | ${[...ratios, mean(ratios)].map(x => x.toFixed(2)).join(' | ')} |`)
}
