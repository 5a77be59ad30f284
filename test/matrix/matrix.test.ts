// A tenth of the matrix, another one each day, and the cells that have found something. All of it: npm run matrix.
import pLimit from 'p-limit'
import { describe, expect, it } from 'vitest'
import { root } from '../support/cli.ts'
import { nodeBinaries } from '../support/node-binaries.ts'
import { runCell } from './cell.ts'
import { cellsOf, nameOf, PROGRAMS, tenthOf } from './programs.ts'

const binaries = nodeBinaries(root)
const cells = cellsOf([...binaries.keys()])
/** The tenth of the day; MATRIX_TENTH=0 to 9 chooses another. */
const tenth = Number(process.env.MATRIX_TENTH ?? Math.floor(Date.now() / 86_400_000) % 10)
/** Run always: a cache that was full before tracing began, and callbacks of a package that are inlined once they are hot. */
const ALWAYS = ['caches/lru-large.mjs attach 20', 'text/csv-records.mjs library 24']
const chosen = cells.filter((cell, i) => tenthOf(i) === tenth || ALWAYS.includes(nameOf(cell)))
/** Cells at the same time. */
const limit = pLimit(2)

it('has twenty programs with a leak and twenty without', () => {
  expect(PROGRAMS.filter(program => program.leak !== undefined)).toHaveLength(20)
  expect(PROGRAMS).toHaveLength(40)
  expect(new Set(cells.map((_, i) => tenthOf(i))).size).toBe(10)
})

describe.concurrent(`tenth ${tenth} of the matrix`, () => {
  it.each(chosen.map(cell => [nameOf(cell), cell] as const))(
    '%s',
    async (_name, cell) => {
      const run = () => limit(() => runCell(cell, binaries.get(cell.node)!))
      const first = await run()
      // A cell in fifty may be wrong by chance: twice in a row it is a fault.
      const last = first.right ? first : await run()
      expect(last.right, `${first.said}\n${last.said}`).toBe(true)
    },
    900_000,
  )
})
