import { describe, expect, it } from 'vitest'
import { UsageError } from '../src/errors.ts'
import { assertLeavesAtMost, GrowthError, measureGrowth } from '../src/library/growth.ts'
import { type Stage, verdictOf } from '../src/library/judge-growth.ts'
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
    for (let i = 0; i < 2; i++) {
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
      /^each call leaves \d+ B, more than 100 B \(in 1700 calls; 10 of 10 rounds were over\)/,
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
    await expect(measureGrowth(leaky, { calls: 0 })).rejects.toThrow(
      /calls must be a positive integer, not 0/,
    )
    await expect(measureGrowth(leaky, { rounds: 1.5 })).rejects.toThrow(/rounds/)
  })

  it('refuses limits and options that it does not understand', async () => {
    for (const limit of [undefined, Number.NaN, '1 B', -1, Number.POSITIVE_INFINITY, null]) {
      const error = await assertLeavesAtMost(leaky, limit as number).catch(e => e)
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toMatch(/the limit must be a number of bytes per call/)
      await expect(expect(leaky).not.toLeaveAtMost(limit as number)).rejects.toThrow(/the limit must be/)
    }
    const misspelt = { call: 5 } as object
    await expect(assertLeavesAtMost(leaky, 5, misspelt)).rejects.toThrow(/unknown option 'call'/)
    await expect(assertLeavesAtMost(leaky, 1, { calls: 5 })).rejects.toThrow(
      /5 calls are too few to show 1 B per call/,
    )
    await expect(assertLeavesAtMost('leaky' as never, 5)).rejects.toThrow(/expected a function/)
  })

  it('waits for other measurements', async () => {
    const quiet = () => [1, 2, 3].map(x => x + 1)
    const both = [assertLeavesAtMost(leaky, 100, options), assertLeavesAtMost(quiet, 100, options)]
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  })

  it('goes on where a promise is never settled', async () => {
    const pending = new Promise(() => {})
    await assertLeavesAtMost(() => pending, 10, { calls: 100 })
    const stays = () => new Promise(resolve => kept.push(resolve))
    await expect(assertLeavesAtMost(stays, 10, { calls: 100 })).rejects.toThrow(
      /a promise that was not settled/,
    )
  })
})

describe('the rule', () => {
  const stage = (calls: number, rounds: number[], data = rounds): Stage => ({ calls, rounds, data })

  it('lets a cache fill, and what the compiler keeps come and go', () => {
    const filling = stage(1000, [900, 800, 500, 0, 0])
    expect(verdictOf([filling], 100)).toBe('more')
    expect(verdictOf([filling, stage(2400, [0, 0, 0, 0, 0])], 100)).toBe('within')
    const code = stage(1000, [0, 900, 0, 0, 0], [0, 0, 0, 0, 0])
    expect(verdictOf([code], 5)).toBe('within')
  })

  it('is not put off by an odd round', () => {
    const odd = [stage(1000, [20, 20, -900, 20, 20]), stage(2400, [20, 20, 20, -900, 20])]
    expect(verdictOf(odd.slice(0, 1), 5)).toBe('more')
    expect(verdictOf([...odd, stage(7200, [20, 20, 20, 20, 20])], 5)).toBe('over')
  })

  it('sees what doubles now and then, even if the heap falls meanwhile', () => {
    const doubles = stage(2400, [40, 0, 0, 0, 0])
    expect(verdictOf([stage(1000, [0, 0, 40, 0, 0]), doubles, stage(7200, [0, 40, 0, 0, 0])], 5)).toBe('over')
    expect(verdictOf([stage(1000, [0, 0, 40, -90, 0])], 5)).toBe('more')
  })

  it('lets a large cache come and go', () => {
    const cache = [900, -600, 500, -900, 400]
    expect(verdictOf([stage(1000, cache), stage(2400, cache), stage(7200, cache)], 5)).toBe('within')
  })
})
