// Adds a matcher to vitest: `import 'tracemalloc/vitest'`.
import { expect } from 'vitest'
import { type GrowthOptions, growthMessage, judgeGrowth } from './library/growth.ts'

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own declaration must be repeated exactly
  interface Matchers<T = any> {
    /** The function does not leave more than `maxBytes` bytes per call. Await it. */
    toLeaveAtMost(maxBytes: number, options?: GrowthOptions): Promise<void>
  }
}

expect.extend({
  async toLeaveAtMost(fn: () => unknown, maxBytes: number, options?: GrowthOptions) {
    const { growth, isOver } = await judgeGrowth(fn, maxBytes, options)
    return {
      pass: !isOver,
      message: () =>
        isOver
          ? growthMessage(growth, maxBytes)
          : `each call leaves ${Math.round(growth.bytesPerCall)} bytes, not more than ${maxBytes}`,
    }
  },
})
