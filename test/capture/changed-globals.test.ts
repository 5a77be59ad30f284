// Programs that change what our code inside of them would use: it takes what it needs first, and is never in their way.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { BREAK, FREEZE } from '../support/changed-globals.ts'
import { dumps, folder, it, NODES, run, toolEnds } from '../support/nodes.ts'

const ses = createRequire(import.meta.url).resolve('ses')

function script(text: string): string {
  const path = join(folder(), 'app.cjs')
  writeFileSync(path, text)
  return path
}

const GROW = `const kept = []
  function grow() { for (let i = 0; i < 60000; i++) kept[kept.length] = { i, a: [i] } }
  grow(); process.on('exit', () => kept)`

describe.concurrent.each(NODES)('programs that change their globals, on Node %s', (_, node) => {
  it.each([
    ['freeze built-ins', `${FREEZE}; ${GROW}; require('path'); setTimeout(() => console.log('went on'), 10)`],
    [
      'lock down with SES',
      `require(${JSON.stringify(ses)}); lockdown(); ${GROW}; setTimeout(() => console.log('went on'), 10)`,
    ],
  ])('%s', async (_, text) => {
    const app = script(text)
    const out = folder()
    const { code, stdout, stderr } = await toolEnds(['run', '--out', out, app], node)
    expect(
      stderr
        .split('\n')
        .filter(line => !/size=|wrote|traced memory/.test(line))
        .join(''),
    ).toBe('')
    expect([code, stdout]).toEqual([0, 'went on\n'])
    expect(
      (await loadSnapshot(join(out, dumps(out)[0]))).statistics('function')[0].traceback.at(0)!.functionName,
    ).toBe('grow')
  })

  it('break what they can, in the main thread and in one that ends', async () => {
    const app = script(`const { Worker, isMainThread } = require('worker_threads')
      ${GROW}
      const change = () => { ${BREAK} }
      if (isMainThread) new Worker(__filename).on('exit', code => { process.exitCode = 3 + code; change() })
      else { setTimeout(() => {}, 100); change() }`)
    const bare = run(node, [app])
    expect(await bare.ended).toEqual({ code: 3, signal: null })
    const out = folder()
    const { code, stderr } = await toolEnds(['run', '--out', out, app], node)
    expect(stderr).not.toContain('changed')
    expect(code).toBe(3)
    expect(dumps(out)).toHaveLength(2)
    for (const name of dumps(out)) {
      const [first] = (await loadSnapshot(join(out, name))).statistics('function')
      expect(first.traceback.at(0)!.functionName).toBe('grow')
    }
  })

  it('freeze all intrinsics', async () => {
    const app = script(GROW)
    const out = folder()
    const { code, stderr } = await toolEnds(
      ['run', '--node-options', '--frozen-intrinsics', '--out', out, app],
      node,
    )
    expect(stderr).not.toContain('tracemalloc: the')
    expect(code).toBe(0)
    expect(
      (await loadSnapshot(join(out, dumps(out)[0]))).statistics('function')[0].traceback.at(0)!.functionName,
    ).toBe('grow')
  })

  it('lose a worker thread that runs out of memory', async () => {
    const app = script(`const { Worker, isMainThread } = require('worker_threads')
      if (isMainThread) {
        const worker = new Worker(__filename, { resourceLimits: { maxOldGenerationSizeMb: 48 } })
        worker.on('error', error => console.log(error.code))
        setInterval(() => {}, 1000).unref()
      } else {
        const held = []
        function workerLeak() { for (let i = 0; i < 1000; i++) held.push({ i, text: 'w' + i }) }
        setInterval(workerLeak, 2)
      }`)
    const out = folder()
    const { code, stdout, stderr } = await toolEnds(['run', '--out', out, app], node)
    expect([code, stdout]).toEqual([0, 'ERR_WORKER_OUT_OF_MEMORY\n'])
    expect(stderr).not.toContain('illegal access')
    const last = dumps(out)
      .filter(name => name.includes('.worker-2.'))
      .at(-1)!
    const snapshot = await loadSnapshot(join(out, last))
    expect(snapshot.statistics('function')[0].traceback.at(0)!.functionName).toBe('workerLeak')
    for (const value of Object.values(snapshot.meta.memory ?? {})) expect(value).toBeTypeOf('number')
  })
})
