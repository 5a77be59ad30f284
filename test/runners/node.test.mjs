// assertLeavesAtMost in node:test. The environment says which part of the cases, and how often.
import { test } from 'node:test'
import { assertLeavesAtMost } from '../../dist/src/index.js'
import { LIMIT, settings, wrongAnswers } from './functions.mjs'

test('assertLeavesAtMost in node:test', async () => {
  const passes = fn => assertLeavesAtMost(fn, LIMIT).then(() => undefined, error => error) // biome-ignore format: one line
  const { asked, wrong } = await wrongAnswers(passes, settings())
  if (wrong.length > 0 || asked === 0) throw new Error(`${asked} asked, wrong:\n${wrong.join('\n')}`)
})
