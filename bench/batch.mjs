// `tracemalloc batch` of many .heapprofile files of 100 KB on one processor and on two: wall time, CPU time and largest resident memory of the whole command.
//   npm run build && node bench/batch.mjs [files=1000] [repeats=3]
// Runs take turns and are bound to processors with taskset; on a machine with other work the wall times say little.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
const INTERVAL = 40320
const PER_SERIES = 20
const SIZES = [16, 24, 32, 40, 48, 56, 64, 72, 88, 104, 152, 208, 512, 1040, 4112, 16400, 100000]

const [files = 1000, repeats = 3] = process.argv.slice(2).map(Number)

let seed = 1
const random = n => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % n
const blocks = size => 1 / (1 - Math.exp(-size / INTERVAL))

/** The functions of one program: a tree of three levels. Each allocates objects of some sizes. */
function program() {
  return Array.from({ length: 12 }, (_, a) => ({
    name: `handle${a}`,
    callees: Array.from({ length: 4 }, (_, b) => ({
      name: `step${a}${b}`,
      callees: Array.from({ length: 1 + random(8) }, (_, c) => ({
        name: `make${c}`,
        callees: [],
        sizes: Array.from({ length: 1 + random(3) }, () => SIZES[random(SIZES.length)]),
      })),
    })),
  }))
}

/** A profile of it with V8's arithmetic, `number` being its place in its series: one function in eight grows. */
function profile(functions, number) {
  let id = 0
  let ordinal = number * 1000
  const samples = []
  const node = ({ name, callees, sizes = [] }, line) => {
    const callFrame = {
      functionName: name,
      scriptId: '7',
      url: `file:///srv/app/src/${name[0]}.js`,
      lineNumber: line,
      columnNumber: 4,
    }
    const made = { callFrame, selfSize: 0, id: ++id, children: [] }
    for (const size of sizes) {
      const n = random(5) + (line % 8 === 0 ? number : 0)
      made.selfSize += size * Math.floor(n * blocks(size) + 0.5)
      for (let i = 0; i < n; i++)
        samples.push({ size: size * Math.floor(blocks(size) + 0.5), nodeId: made.id, ordinal: ++ordinal })
    }
    made.children = callees.map((callee, i) => node(callee, line * 10 + i))
    return made
  }
  const head = node({ name: '(root)', callees: functions }, 0)
  return JSON.stringify({ head, samples })
}

const folder = mkdtempSync(join(tmpdir(), 'batch-'))
let bytes = 0
for (let i = 0, functions; i < files; i++) {
  if (i % PER_SERIES === 0) functions = program()
  const series = join(folder, `run${Math.floor(i / PER_SERIES)}`)
  mkdirSync(series, { recursive: true })
  const text = profile(functions, i % PER_SERIES)
  bytes += text.length
  writeFileSync(join(series, `${i % PER_SERIES}.heapprofile`), text)
}

/** Seconds, CPU seconds, those of the main thread alone, and MB of one run on these processors. */
function measure(processors) {
  const report = `const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const [, fields] = require('fs').readFileSync('/proc/self/task/' + process.pid + '/stat', 'utf8').split(') ')
    const [user, system] = fields.split(' ').slice(11, 13).map(Number) // in ticks of 10 ms
    require('fs').writeSync(3, JSON.stringify([(userCPUTime + systemCPUTime) / 1e6, (user + system) / 100, maxRSS / 1024]))`
  const script = `process.argv.push('${MAIN}', 'batch', '${folder}', '--interval', '${INTERVAL}', '--format', 'json');
    process.on('exit', () => { ${report} }); import('${MAIN}')`
  const start = performance.now()
  const { status, stderr, output } = spawnSync(
    'taskset',
    ['-c', processors, process.execPath, '-e', script],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(stderr)
  return [(performance.now() - start) / 1000, ...JSON.parse(output[3])]
}

const ways = { one: '0', two: '0,1' }
const runs = { one: [], two: [] }
for (let i = 0; i < repeats; i++)
  for (const [name, processors] of Object.entries(ways)) runs[name].push(measure(processors))
rmSync(folder, { recursive: true })

const sorted = (name, k) => runs[name].map(run => run[k]).sort((a, b) => a - b)
const median = (name, k) => sorted(name, k)[repeats >> 1]
const ratio = of => (of('one') / of('two')).toFixed(2)
console.log(`${files} files of ${Math.round(bytes / files / 1024)} KB, ${repeats} runs each`)
console.log(`Node ${process.versions.node}, ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`)
console.log(
  '| processors | wall, s | best wall, s | CPU, s | of the main thread, s | RSS, MB |\n|:--|--:|--:|--:|--:|--:|',
)
for (const name of Object.keys(ways)) {
  const [wall, cpu, main, rss] = [0, 1, 2, 3].map(k => median(name, k))
  console.log(
    `| ${name} | ${wall.toFixed(2)} | ${sorted(name, 0)[0].toFixed(2)} | ${cpu.toFixed(2)} | ${main.toFixed(2)} | ${rss.toFixed(0)} |`,
  )
}
console.log(
  `two processors: ${ratio(name => median(name, 0))} times as fast, by the best runs ${ratio(name => sorted(name, 0)[0])}`,
)
// What is shared out evenly, unless the main thread has more than half of it.
const expected = median('one', 1) / Math.max(median('two', 1) / 2, median('two', 2))
console.log(`on an idle machine, by CPU time: ${expected.toFixed(2)}`)
