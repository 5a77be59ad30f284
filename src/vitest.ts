// `import 'tracemalloc/vitest'` adds a matcher to vitest's `expect`.
import { expect } from 'vitest'
import { type GrowthOptions, growthMessage, isOver, measureGrowth } from './library/growth.ts'

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own declaration must be repeated as it is
  interface Matchers<T = any> {
    /** The function does not leave more than `maxBytes` bytes per call. Await it. */
    toLeaveAtMost(maxBytes: number, options?: GrowthOptions): Promise<void>
  }
}

expect.extend({
  async toLeaveAtMost(fn: () => unknown, maxBytes: number, options?: GrowthOptions) {
    const growth = await measureGrowth(fn, options)
    return {
      pass: !isOver(growth, maxBytes),
      message: () =>
        isOver(growth, maxBytes)
          ? growthMessage(growth, maxBytes)
          : `each call leaves ${Math.round(growth.bytesPerCall)} bytes, not more than ${maxBytes}`,
    }
  },
})
