import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { startSampler, stopSampler } from '../../src/capture/v8/sampler.ts'
import { samplerSettings } from '../../src/capture/v8/settings.ts'
import { loadSnapshot } from '../../src/formats/files.ts'
import { openTarget, parseTarget } from '../../src/inspector/target.ts'
import { root } from '../support/cli.ts'
import { dumps, folder, freePort, isRunning, it, run, toolEnds } from '../support/nodes.ts'

const DENO = join(root, 'node_modules/@deno/linux-x64-glibc/deno')

async function program() {
  const file = join(folder(), 'keeps.js')
  writeFileSync(
    file,
    `globalThis.kept = []
function inDeno() { for (let i = 0; i < 2000; i++) kept.push({ i, a: [i] }) }
setInterval(inDeno, 50)`,
  )
  const port = await freePort()
  const target = run(DENO, ['run', `--inspect=127.0.0.1:${port}`, file])
  await target.says(/Debugger listening/)
  return { port, target }
}

describe.concurrent('attach to Deno', () => {
  it('takes a snapshot and says what it is of', async () => {
    const { port, target } = await program()
    const out = folder()
    const { code, stderr } = await toolEnds(['attach', `${port}`, '--duration', '1', '--out', out])
    expect(code, stderr).toBe(0)
    const snapshot = await loadSnapshot(join(out, dumps(out)[0]))
    expect(snapshot.meta).toMatchObject({ runtime: 'deno', isolate: 'main', pid: target.pid })
    expect(snapshot.statistics('function')[0].label).toMatch(/^inDeno /)
    expect(isRunning(target.pid)).toBe(true)
  })

  it('survives five cycles of sampling', async () => {
    const { port, target } = await program()
    for (let i = 0; i < 5; i++) {
      const { main, close } = await openTarget(parseTarget(`${port}`))
      expect(await startSampler(main.session, samplerSettings({ interval: 4096 }))).toBe(true)
      await sleep(20)
      expect(await main.session.postText('HeapProfiler.getSamplingProfile')).toMatch(/^\{"profile":\{"head":/)
      await stopSampler(main.session)
      await close()
    }
    expect(isRunning(target.pid)).toBe(true)
  })
})
