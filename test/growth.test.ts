import { describe, expect, it } from 'vitest'
import { assertLeavesAtMost, GrowthError, isOver, measureGrowth } from '../src/library/growth.ts'
import '../src/vitest.ts'

const kept: unknown[] = []
/** Leaves an array of 23 numbers: 200 bytes and a place in `kept`. */
function leaky() {
  kept.push(new Array(23).fill(1))
}

const cache = new Map<number, unknown>()
let calls = 0
/** Keeps a hundred values, whatever the number of calls. */
function bounded() {
  cache.set(calls++ % 100, { list: [1, 2, 3], text: `call ${calls}` })
}

const options = { calls: 500 }

describe('toLeaveAtMost', () => {
  it('finds 200 bytes per call, and nothing where nothing stays', { timeout: 120_000 }, async () => {
    for (let i = 0; i < 5; i++) {
      await expect(bounded).toLeaveAtMost(100, options)
      await expect(leaky).not.toLeaveAtMost(100, options)
      kept.length = 0
    }
  })

  it('says what stayed, and how sure it is', async () => {
    const failure = await expect(leaky)
      .toLeaveAtMost(100, options)
      .catch(error => error as Error)
    expect(failure?.message).toMatch(
      /^each call leaves \d+ B, more than 100 B \(in each of 5 rounds of 100 calls: 96 % confidence\)/,
    )
    expect(failure?.message).toMatch(/growth\.test\.ts", line \d+, in leaky/)
  })
})

describe('assertLeavesAtMost', () => {
  it('throws with the figures', async () => {
    const error = await assertLeavesAtMost(leaky, 100, options).catch(e => e)
    expect(error).toBeInstanceOf(GrowthError)
    expect((error as GrowthError).growth.bytesPerCall).toBeGreaterThan(150)
    await assertLeavesAtMost(leaky, 1000, options)
  })

  it('awaits asynchronous functions', async () => {
    let active = 0
    let most = 0
    await assertLeavesAtMost(
      async () => {
        most = Math.max(most, ++active)
        await null
        active--
      },
      10_000,
      { calls: 20 },
    )
    expect(most).toBe(1)
  })

  it('refuses numbers that make no sense', async () => {
    await expect(measureGrowth(leaky, { calls: 0 })).rejects.toThrow(/calls is not a positive integer: 0/)
    await expect(measureGrowth(leaky, { rounds: 1.5 })).rejects.toThrow(/rounds/)
  })

  it('lets a cache fill in the first rounds', () => {
    const growth = { bytesPerCall: 500, rounds: [900, 800, 500, 0, 0], calls: 500, rows: [] }
    expect(isOver(growth, 100)).toBe(false)
    expect(isOver({ ...growth, rounds: [900, 800, 500, 200, 101] }, 100)).toBe(true)
  })
})
