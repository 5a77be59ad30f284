// Parts of pages that are made from the tree: the drawing of rooms and the table of tests.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './support/cli.ts'
import { drawing } from './support/drawing.ts'
import { testMap } from './support/test-map.ts'

const [BEGIN, END] = ['<!-- from the sources -->', '<!-- to here -->']

// `npm run drawing` writes them anew.
test.each([
  ['docs/architecture.md', drawing],
  ['test/README.md', testMap],
])('%s is as the sources are', (name, make) => {
  const path = join(root, name)
  const page = readFileSync(path, 'utf8')
  const [before, , after] = page.split(new RegExp(`${BEGIN}|${END}`))
  const expected = `${before}${BEGIN}\n\n${make()}\n\n${END}${after}`
  if (process.env.UPDATE_EXPECTED === '1') writeFileSync(path, expected)
  else expect(page, 'npm run drawing makes it anew').toBe(expected)
})
