// assertLeavesAtMost and toLeaveAtMost over forty functions, in node:test, vitest and Jest on every Node. Each run tries a part of them
// on one Node, which changes with the day; RUNNER_REPEATS=20 tries all of them that often everywhere, and prints a line for each.
import { describe, expect, it } from 'vitest'
import { RUNNER_NAMES, runCases } from './runners/runners.ts'
import { NODES } from './support/nodes.ts'

const repeats = Number(process.env.RUNNER_REPEATS ?? 0)
const day = Math.floor(Date.now() / 86_400_000)
const PARTS = 5

const all = NODES.flatMap(([major, node]) => RUNNER_NAMES.map(runner => ({ major, node, runner })))
const today = RUNNER_NAMES.map((runner, i) => {
  const [major, node] = NODES[(day + i) % NODES.length]
  return { major, node, runner }
})

describe('assertLeavesAtMost', () => {
  for (const { major, node, runner } of repeats > 0 ? all : today) {
    it(`tells leaks from innocents in ${runner} on Node ${major}`, { timeout: 36_000_000 }, async () => {
      const share = repeats > 0 ? { part: 0, parts: 1, repeats } : { part: day, parts: PARTS, repeats: 1 }
      const start = performance.now()
      expect(await runCases(node, runner, share)).toBe(undefined)
      if (repeats > 0) {
        const seconds = Math.round((performance.now() - start) / 1000)
        process.stdout.write(`${runner} on Node ${major}: all right ${repeats} times, in ${seconds} s\n`)
      }
    })
  }
})
