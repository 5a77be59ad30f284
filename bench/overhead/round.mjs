// node [--import tracemalloc/register] round.mjs <program> [stopped | objects] : CPU time of one round, in µs, on standard output.
import { start, stop } from '../../dist/src/index.js'
import { BUFFER_PROGRAMS } from './buffer-programs.mjs'
import { PROGRAMS } from './programs.mjs'

/** CPU time that is measured, and that warms up before, in µs. */
const BUDGET = 400_000
const WARM_UP = 200_000

const [name, how] = process.argv.slice(2)
const round = { ...PROGRAMS, ...BUFFER_PROGRAMS }[name]()
let sink = 0
function spend(budget) {
  const from = process.cpuUsage()
  for (let rounds = 1; ; rounds++) {
    sink += round()
    if (rounds % 8 !== 0) continue
    const { user, system } = process.cpuUsage(from)
    if (user + system >= budget) return (user + system) / rounds
  }
}

if (how === 'objects') start(128, { objects: true })
if (how === 'stopped') {
  start(128, { interval: 4096 })
  spend(WARM_UP)
  stop()
}
spend(WARM_UP)
process.stdout.write(`${spend(BUDGET)}\n`)
process.exit(sink < 0 ? 1 : 0)
