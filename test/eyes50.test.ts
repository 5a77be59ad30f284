import { expect, it } from 'vitest'
import '../src/vitest.ts'

const kept: unknown[] = []
function leaky() {
  kept.push(new Array(23).fill(1))
}
const cache = new Map<number, unknown>()
let calls = 0
function bounded() {
  cache.set(calls++ % 100, { list: [1, 2, 3], text: `call ${calls}` })
}
it('50', { timeout: 300_000 }, async () => {
  let caught = 0,
    passed = 0
  for (let i = 0; i < 50; i++) {
    passed += await expect(bounded)
      .toLeaveAtMost(100)
      .then(
        () => 1,
        () => 0,
      )
    caught += await expect(leaky)
      .toLeaveAtMost(100)
      .then(
        () => 0,
        () => 1,
      )
    kept.length = 0
  }
  process.stderr.write(`passed ${passed} caught ${caught}\n`)
})
