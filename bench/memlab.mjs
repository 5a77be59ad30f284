// Retained sizes of a heap snapshot: memlab's loader against `tracemalloc heap`, each a process of its own, in turn.
// npm i --prefix DIR --ignore-scripts @memlab/heap-analysis && node bench/memlab.mjs FILE DIR [repeats=3]
import { spawnSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
const FIGURES = `const u = process.resourceUsage()
require('fs').writeSync(3, JSON.stringify([(u.userCPUTime + u.systemCPUTime) / 1e6, u.maxRSS / 1024]))`

const [file, folder, repeats = 3] = process.argv.slice(2)

/** Loads the file with memlab, which works out retained sizes as it does. */
async function memlab() {
  const require = createRequire(join(resolve(folder), 'x.js'))
  const heap = await require('@memlab/heap-analysis').getFullHeapFromFile(file)
  let most = 0
  heap.nodes.forEach(node => {
    most = Math.max(most, node.retainedSize)
  })
  if (!(most > 0)) throw new Error('memlab gives no retained sizes')
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  writeSync(3, JSON.stringify([(userCPUTime + systemCPUTime) / 1e6, maxRSS / 1024]))
  process.exit(0)
}

const ways = {
  memlab: [fileURLToPath(import.meta.url), file, folder, '--child'],
  'tracemalloc heap': [
    '-e',
    `process.argv.push('${MAIN}', 'heap', '${file}'); process.on('exit', () => { ${FIGURES} }); import('${MAIN}')`,
  ],
}

function measure(args) {
  const { status, stderr, output } = spawnSync(process.execPath, ['--max-old-space-size=16000', ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(output[3])
}

if (repeats === '--child') await memlab()
const runs = new Map(Object.keys(ways).map(way => [way, []]))
for (let i = 0; i < Number(repeats); i++)
  for (const [way, args] of Object.entries(ways)) runs.get(way).push(measure(args))
for (const [way, list] of runs) {
  const [cpu, rss] = [0, 1].map(k => list.map(run => run[k]).sort((a, b) => a - b)[list.length >> 1])
  console.log(`${way}: ${cpu.toFixed(1)} s of CPU time, ${rss.toFixed(0)} MB`)
}
