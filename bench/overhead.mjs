// What tracing costs: CPU time of four programs under V8's sampler, against the same programs untraced, and the talk's benchmark
// in CPython beside it. Medians of interleaved repeats; every run is a process of its own. node bench/overhead.mjs [repeats]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUFFER_PROGRAMS } from './overhead/buffer-programs.mjs'
import { PROGRAMS } from './overhead/programs.mjs'

const repeats = Number(process.argv[2] ?? 7)
const here = name => fileURLToPath(new URL(name, import.meta.url))
const register = new URL('../dist/src/register.js', import.meta.url).href
const dir = mkdtempSync(join(tmpdir(), 'tracemalloc-bench-'))

/** How a program is run: environment variables when it is traced. */
const WAYS = {
  untraced: undefined,
  '512 KiB': { TRACEMALLOC_INTERVAL: '524288', TRACEMALLOC_STABLE_FRAMES: '0' },
  '40320 B': { TRACEMALLOC_STABLE_FRAMES: '0' },
  '4 KiB': { TRACEMALLOC_INTERVAL: '4096', TRACEMALLOC_STABLE_FRAMES: '0' },
  allocated: { TRACEMALLOC_MODE: 'allocated', TRACEMALLOC_STABLE_FRAMES: '0' },
  exact: { TRACEMALLOC_MODE: 'exact', TRACEMALLOC_STABLE_FRAMES: '0' },
  'as run does': { TRACEMALLOC_DIR: dir },
  'after stop': undefined,
  objects: undefined,
}

/** The same for programs of Buffers. */
const BUFFER_WAYS = {
  untraced: undefined,
  '40320 B': { TRACEMALLOC_STABLE_FRAMES: '0' },
  buffers: { TRACEMALLOC_BUFFERS: '1', TRACEMALLOC_STABLE_FRAMES: '0' },
}

/** What round.mjs does itself. */
const OWN = { 'after stop': 'stopped', objects: 'objects' }

function measure(program, way, env) {
  const args = [...(env ? ['--import', register] : []), here('overhead/round.mjs'), program, OWN[way] ?? '']
  return Number(
    execFileSync(process.execPath, args.filter(Boolean), {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    }),
  )
}

const median = list => list.slice().sort((a, b) => a - b)[list.length >> 1]
const mean = list => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length)

const times = {}
const python = []
for (let i = 0; i < repeats; i++) {
  for (const [programs, ways] of [
    [PROGRAMS, WAYS],
    [BUFFER_PROGRAMS, BUFFER_WAYS],
  ]) {
    for (const program of Object.keys(programs)) {
      for (const [way, env] of Object.entries(ways)) {
        ;((times[program] ??= {})[way] ??= []).push(measure(program, way, env))
      }
    }
  }
  python.push(
    execFileSync('python3', [here('overhead/talk.py')], { encoding: 'utf8' })
      .trim()
      .split(' ')
      .map(Number),
  )
}
rmSync(dir, { recursive: true, force: true })

const ratio = (program, way) =>
  median(times[program][way].map((time, i) => time / times[program].untraced[i]))
const text = x => x.toFixed(2)
function table(programs, ways) {
  const names = Object.keys(programs)
  console.log(`| CPU time, untraced = 1 | ${names.join(' | ')} | geometric mean |`)
  console.log(`|---|${'---|'.repeat(names.length + 1)}`)
  for (const way of Object.keys(ways).slice(1)) {
    const ratios = names.map(program => ratio(program, way))
    console.log(`| ${way} | ${ratios.map(text).join(' | ')} | ${text(mean(ratios))} |`)
  }
}
console.log(`Node ${process.versions.node}, medians of ${repeats}\n`)
table(PROGRAMS, WAYS)
const [off, on, again] = [0, 1, 2].map(i => median(python.map(run => run[i] / run[0])))
console.log(`| CPython, tracemalloc off / on / off | ${text(off)} / ${text(on)} / ${text(again)} | | | | |`)
console.log()
table(BUFFER_PROGRAMS, BUFFER_WAYS)
