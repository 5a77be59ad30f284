import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { folder, it, NODES, run } from '../support/nodes.ts'

const LIBRARY = new URL('../../dist/src/index.js', import.meta.url).href

const APP = `import * as tracemalloc from ${JSON.stringify(LIBRARY)}
tracemalloc.start(128, { interval: 512, lines: 'own' })
const { leak } = await import('./leak.mjs')
await tracemalloc.assertLeavesAtMost(leak, 10, { calls: 200 }).catch(error => console.log(error.message))
tracemalloc.stop()
`

const LEAK = `const kept = []
export function leak() {
  const text = 'x'.repeat(3)
  kept.push({
    list: [text, text, text, text],
  })
}
`

describe.concurrent.each([NODES[0], NODES.at(-1)!])('the library with lines on Node %s', (_, node) => {
  it('names the line in what an assertion says', async () => {
    const dir = folder()
    writeFileSync(join(dir, 'app.mjs'), APP)
    writeFileSync(join(dir, 'leak.mjs'), LEAK)
    const app = run(node, [join(dir, 'app.mjs')], { env: { XDG_CACHE_HOME: join(dir, 'cache') } })
    expect(await app.ended).toEqual({ code: 0, signal: null })
    expect(app.stdout).toMatch(/leak\.mjs", line 5$/m)
    expect(app.stderr).toBe('')
  })
})
