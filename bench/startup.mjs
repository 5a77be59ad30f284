// `tracemalloc top` on a small file, against a bare `node -e 0`.
// npm run build && node bench/startup.mjs [repeats=20]
// Starts take turns; CPU time is user and system time of the whole process, as `getrusage` of the children adds it up.

import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(
  new URL('../samples/heapprofile/leak-node26-i1024-after.heapprofile', import.meta.url),
)
const MAIN = new URL('../dist/src/cli/main.js', import.meta.url)
const report = `const u = process.cpuUsage(); require('fs').writeSync(3, String((u.user + u.system) / 1e3))`
/** The command line in a process that then says what it used; no module of the benchmark is loaded there. */
const command = (...args) => [
  '-e',
  `process.argv.push(...${JSON.stringify([fileURLToPath(MAIN), ...args])}); import('${MAIN}').then(() => { ${report} })`,
]

const ways = {
  'node -e 0': ['-e', report],
  'tracemalloc top': command('top', FILE),
  'tracemalloc --version': command('--version'),
}

function measure(args) {
  const { status, stderr, output } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return Number(output[3])
}

function main(repeats) {
  const runs = new Map(Object.keys(ways).map(way => [way, []]))
  for (let i = 0; i < repeats; i++) {
    for (const [way, args] of Object.entries(ways)) runs.get(way).push(measure(args))
  }
  const medianOf = way => runs.get(way).sort((a, b) => a - b)[repeats >> 1]
  const base = medianOf('node -e 0')
  console.log(
    `${repeats} repeats, Node ${process.version}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}\n`,
  )
  console.log('| start | CPU ms | of node -e 0 |\n|---|---|---|')
  for (const way of runs.keys()) {
    console.log(`| ${way} | ${medianOf(way).toFixed(0)} | ${(medianOf(way) / base).toFixed(2)} |`)
  }
}

main(Number(process.argv[2] ?? 20))
