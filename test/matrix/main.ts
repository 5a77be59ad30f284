// Runs the matrix: npm run matrix -- [--only 'caches attach 20'] [--failed] [--fresh] [--jobs N]; writes its table into
// docs/accuracy.md. Results are kept in node_modules/.cache/matrix.json: cells that are there are not run again, unless --failed
// (those that are wrong) or --fresh (all) says so.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { nodeBinaries } from '../support/node-binaries.ts'
import { type Result, runCell } from './cell.ts'
import { cellsOf, nameOf } from './programs.ts'
import { score, writeTable } from './table.ts'

const KEPT = 'node_modules/.cache/matrix.json'
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '1' },
    failed: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
})

const NODES = nodeBinaries(process.cwd())
const kept = readKept()
const words = values.only.split(' ')
const cells = cellsOf([...NODES.keys()])
const chosen = cells.filter(cell => words.every(word => nameOf(cell).includes(word)))
const due = chosen.filter(cell => {
  const result = kept[nameOf(cell)]
  return values.fresh || !result || (values.failed && !result.right)
})
console.log(`${due.length} of ${cells.length} cells`)
await Promise.all(Array.from({ length: Number(values.jobs) }, work))

async function work(): Promise<void> {
  for (let cell = due.shift(); cell; cell = due.shift()) {
    const start = Date.now()
    const result = await runCell(cell, NODES.get(cell.node)!).catch(
      (error): Result => ({ right: false, said: `error: ${error.message.trim().slice(-600)}` }),
    )
    kept[nameOf(cell)] = result
    writeFileSync(KEPT, JSON.stringify(kept, undefined, 1))
    const time = ((Date.now() - start) / 1000).toFixed(1)
    console.log(
      `${result.right ? 'right' : 'WRONG'} ${nameOf(cell)} (${time} s) ${result.right ? '' : result.said}`,
    )
  }
}

/** What earlier runs came to. */
function readKept(): Record<string, Result> {
  mkdirSync('node_modules/.cache', { recursive: true })
  try {
    return JSON.parse(readFileSync(KEPT, 'utf8'))
  } catch {
    return {} // the first run
  }
}

writeTable(cells, kept)
console.log(`leaking: ${score(chosen, kept, true)} right, steady: ${score(chosen, kept, false)} right`)
