// toLeaveAtMost, the matcher for vitest.
import { expect, test } from 'vitest'
import '../../dist/src/vitest.js'
import { LIMIT, settings, wrongAnswers } from './functions.mjs'

test('toLeaveAtMost in vitest', { timeout: 36_000_000 }, async () => {
  const passes = fn => expect(fn).toLeaveAtMost(LIMIT).then(() => undefined, error => error) // biome-ignore format: one line
  const { asked, wrong } = await wrongAnswers(passes, settings())
  expect(asked).toBeGreaterThan(0)
  expect(wrong).toEqual([])
})
