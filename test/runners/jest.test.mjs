// assertLeavesAtMost in Jest: in a context of its own, with other globals than Node's modules have.
import { assertLeavesAtMost } from '../../dist/src/index.js'
import { LIMIT, settings, wrongAnswers } from './functions.mjs'

test('assertLeavesAtMost in Jest', async () => {
  const passes = fn => assertLeavesAtMost(fn, LIMIT).then(() => undefined, error => error) // biome-ignore format: one line
  const { asked, wrong } = await wrongAnswers(passes, settings())
  expect(asked).toBeGreaterThan(0)
  expect(wrong).toEqual([])
}, 36_000_000)
