import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type Chromium, startChromium } from '../support/chromium.ts'
import { folder, freePort, isRunning, it, NEWEST, OLDEST, run, toolEnds } from '../support/nodes.ts'

/** Plants an object that is there from the start, and another half a second after the tracker has started. */
const PROGRAM = `class Victim { constructor(n) { this.n = n } }
function inner(n) { return new Victim(n) }
function makeVictim(n) {
  return inner(n)
}
globalThis.old = makeVictim(1)
globalThis.turned = makeVictim(2)
globalThis.text = 'text'
globalThis.noise = []
setInterval(function turn() {
  globalThis.turned = makeVictim(3)
  for (let i = 0; i < 100; i++) noise.push({ i })
}, 1000)`

/** The one line that the command says: what stable frames cost, or what is missing without. */
const ONLY_THE_COST = /^tracemalloc: (keeping frames stable|functions may be inlined)[^\n]*\n$/

async function program(node: string) {
  const file = join(folder(), 'planted.cjs')
  writeFileSync(file, PROGRAM)
  const port = await freePort()
  const target = run(node, [`--inspect=127.0.0.1:${port}`, file])
  await target.says(/Debugger listening/)
  return { port, target, file }
}

describe.concurrent('object', () => {
  it('prints the calls that made an object, function by function', async () => {
    const { port, target, file } = await program(NEWEST)
    const { code, stdout, stderr } = await toolEnds([
      'object',
      `${port}`,
      'globalThis.turned',
      '--wait',
      '30',
    ])
    expect(stderr).toMatch(ONLY_THE_COST)
    expect(code).toBe(0)
    const [what, ...calls] = stdout.trimEnd().split('\n')
    expect(what).toMatch(/^Victim, \d+ B$/)
    const own = calls.filter(line => line.includes('planted.cjs'))
    expect(own).toEqual([
      expect.stringContaining(`File "${file}", line 2, in inner`),
      expect.stringContaining(`File "${file}", line 3, in makeVictim`),
      expect.stringContaining(`File "${file}", line 10, in turn`),
    ])
    // three times in all, and it goes on
    for (let i = 0; i < 2; i++) {
      expect((await toolEnds(['object', `${port}`, 'globalThis.turned', '--wait', '30'])).code).toBe(0)
    }
    expect(isRunning(target.pid)).toBe(true)
  })

  it('says that Node before 25 cannot be trusted', async () => {
    const { port } = await program(OLDEST)
    const { stdout, stderr } = await toolEnds(['object', `${port}`, 'globalThis.turned', '--wait', '30'])
    expect(stdout).toMatch(/^Victim, \d+ B\n/)
    expect(stderr).toContain('Node before 25')
  })

  it('says that an object is older than the tracker', async () => {
    const { port } = await program(NEWEST)
    const { code, stdout, stderr } = await toolEnds(['object', `${port}`, 'old', '--wait', '0.3'])
    expect([code, stdout]).toEqual([4, expect.stringMatching(/^Victim, \d+ B\n$/)])
    expect(stderr).toContain('older than the tracker')
  })

  it('refuses what is no object', async () => {
    const { port } = await program(NEWEST)
    const says = async (expression: string) => (await toolEnds(['object', `${port}`, expression])).stderr
    expect(await says('text')).toContain('text is a string, not an object')
    expect(await says('1 + 1')).toContain('is 2, not an object')
    expect(await says('nowhere')).toContain('ReferenceError: nowhere is not defined')
    expect(await says('oh no')).toContain('SyntaxError')
  })
})

describe('object in Chromium', () => {
  let chromium: Chromium
  beforeAll(async () => {
    chromium = await startChromium({
      '/': `<!doctype html><title>planted</title><script>${PROGRAM}</script>`,
      '/works': `<!doctype html><title>works</title><script>new SharedWorker('/planted.js')</script>`,
      '/planted.js': PROGRAM,
    })
  })
  afterAll(() => chromium?.end())

  it.each([
    ['page', '/', 'planted'],
    ['shared worker', '/works', '/planted.js'],
  ])('prints the calls that made an object of a %s', async (_, path, match) => {
    const { id } = await chromium.open(path)
    const object = ['object', `${chromium.port}`, 'globalThis.turned', '--match', match, '--wait', '30']
    const { code, stdout, stderr } = await toolEnds(object)
    expect([code, stderr]).toEqual([0, expect.stringMatching(ONLY_THE_COST)])
    const calls = [...stdout.matchAll(/, line (\d+), in (\w+)/g)].map(([, line, name]) => `${name} ${line}`)
    expect(calls).toEqual(['inner 2', 'makeVictim 3', 'turn 10'])
    await chromium.close(id)
  })
})
