// Every public name of the installed CPython's tracemalloc has its row in the docs, and is exported here under the name that the row gives.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import * as tracemalloc from '../../src/index.ts'
import { root } from '../support/cli.ts'

/** Public, and made by the module itself or its C half. */
const LIST = `
import json, tracemalloc
print(json.dumps([n for n in dir(tracemalloc) if not n.startswith('_')
  and getattr(getattr(tracemalloc, n), '__module__', '') in ('tracemalloc', '_tracemalloc')]))`

it('has a row for every name of CPython, and what the row names', () => {
  const { stdout, stderr } = spawnSync('python3', ['-c', LIST], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const names: string[] = JSON.parse(stdout)
  expect(names.length).toBeGreaterThan(15)
  const page = readFileSync(join(root, 'docs/differences-from-python.md'), 'utf8')
  const [table] = page.slice(page.indexOf('## Every name')).split('\n## ', 1)
  const rows = [...table.matchAll(/^\| `(\w+)`\s*\| (the type )?`(\w+)`/gm)]
  expect(rows.map(row => row[1]).sort()).toEqual(names.sort())
  const values = rows.filter(row => row[2] === undefined).map(row => row[3])
  expect(values.filter(name => !(name in tracemalloc))).toEqual([])
})
