import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { converters } from '../converters/index.ts'
import { formatsTables } from './support/formats-tables.ts'

const PAGE = join(import.meta.dirname, '../docs/formats.md')
const [BEGIN, END] = ['<!-- from the list of converters -->', '<!-- to here -->']

// UPDATE_EXPECTED=1 npx vitest run test/formats.test.ts writes the tables anew.
test('the tables of docs/formats.md are those of the list of converters', () => {
  const page = readFileSync(PAGE, 'utf8')
  const [before, , after] = page.split(new RegExp(`${BEGIN}|${END}`))
  const expected = `${before}${BEGIN}\n\n${formatsTables(converters)}\n\n${END}${after}`
  if (process.env.UPDATE_EXPECTED === '1') writeFileSync(PAGE, expected)
  else expect(page).toBe(expected)
})

test('every format is described', () => {
  const page = readFileSync(PAGE, 'utf8')
  for (const { name } of converters) expect(page, name).toContain(`### ${name}\n`)
})
