import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { readSampler, startSampler } from '../../src/capture/v8/sampler.ts'
import { samplerSettings } from '../../src/capture/v8/settings.ts'
import { loadSnapshot } from '../../src/formats/files.ts'
import { openTarget } from '../../src/inspector/target.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { type Chromium, startChromium } from '../support/chromium.ts'
import { folder, freePort, isRunning, it, NEWEST, OLDEST, run, tool, toolEnds } from '../support/nodes.ts'

/** Keeps objects from the start, and three more a turn from then on, made two calls deep. */
const KEEPER = `globalThis.kept = []
class Entry { constructor(i) { this.i = i } }
function entry(i) { return new Entry(i) }
function before() { for (let i = 0; i < 20000; i++) kept.push(entry(i)) }
before()
setInterval(function turn() { for (let i = 0; i < 3; i++) kept.push(entry(i)) }, 20)`

async function program(node: string, text: string) {
  const file = join(folder(), 'keeps.cjs')
  writeFileSync(file, text)
  const port = await freePort()
  const target = run(node, [`--inspect=127.0.0.1:${port}`, file])
  await target.says(/Debugger listening/)
  return { port, target }
}

/** Bytes and blocks of the entries, by the function that made them. */
function entriesOf(snapshot: Snapshot): Map<string, number> {
  const rows = snapshot.statistics(['function', 'type']).filter(({ key }) => key.type === 'Entry')
  return new Map(rows.map(({ key, count }) => [key.functionName || key.filename || 'untraced', count]))
}

/** What is said besides the cost of stable frames and of a read, and how long it takes, which come before the start. */
function withoutNotices(stderr: string): string[] {
  return stderr
    .trimEnd()
    .split('\n')
    .filter(line => !/keeping frames stable|a read pauses the target|samples for \d+ s:/.test(line))
}

describe.concurrent('attach --mode objects', () => {
  it.each([OLDEST, NEWEST])('takes a series with the calls that made each object (%s)', async node => {
    const { port, target } = await program(node, KEEPER)
    const out = folder()
    const series = await toolEnds([
      'attach',
      `${port}`,
      '--mode',
      'objects',
      '--stable-frames',
      '--every',
      '1',
      '--count',
      '2',
      '--out',
      out,
    ])
    expect(series.code, series.stderr).toBe(0)
    const names = [1, 2].map(n => `tracemalloc.${target.pid}.000000000${n}.heapsnapshot`)
    expect(readdirSync(out).sort()).toEqual(names)
    const [first, second] = await Promise.all(names.map(name => loadSnapshot(join(out, name))))
    expect(second.meta).toMatchObject({ measure: 'live', accuracy: 'exact', counts: 'exact' })
    const [was, is] = [entriesOf(first), entriesOf(second)]
    expect(is.get('<older>')).toBeGreaterThanOrEqual(20_000)
    expect(is.get('<older>')).toBe(was.get('<older>'))
    expect(is.get('entry')).toBeGreaterThan(was.get('entry') ?? 0)
    const tracebacks = [...second.traces]
      .filter(trace => trace.type === 'Entry')
      .map(({ traceback }) => traceback)
    const functions = tracebacks.map(({ frames }) => frames.map(frame => frame.functionName))
    expect(functions).toContainEqual(expect.arrayContaining(['turn', 'entry']))
    expect(isRunning(target.pid)).toBe(true)
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves the target as it was at %s', async signal => {
    const { port, target } = await program(
      NEWEST,
      `const v8 = require('v8')
const set = v8.setFlagsFromString
v8.setFlagsFromString = flag => { console.log(flag); set(flag) }
${KEEPER}`,
    )
    const out = folder()
    const attached = tool(['attach', `${port}`, '--mode', 'objects', '--duration', '60', '--out', out])
    await target.says(/--no-compact/)
    await sleep(500)
    attached.child.kill(signal)
    expect((await attached.ended).code).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal])
    await target.says(/--compact/)
    expect(readdirSync(out)).toEqual([])
    expect(isRunning(target.pid)).toBe(true)
  })

  it('does not end the tracker of the program itself', async () => {
    const file = join(folder(), 'own.mjs')
    writeFileSync(
      file,
      `import { start } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)}
start(10, { objects: true })
setInterval(() => {}, 1000)`,
    )
    const port = await freePort()
    const target = run(NEWEST, [`--inspect=127.0.0.1:${port}`, file])
    await target.says(/Debugger listening/)
    await sleep(500)
    const { code, stderr } = await toolEnds(['attach', `${port}`, '--mode', 'objects', '--duration', '1'])
    expect([code, stderr]).toEqual([4, expect.stringContaining('the program traces its objects itself')])
  })

  it('reads worker threads too, and writes one file with -o', async () => {
    const { port } = await program(
      NEWEST,
      `const { Worker, isMainThread } = require('node:worker_threads')
      if (isMainThread) new Worker(__filename)
      ${KEEPER}`,
    )
    const out = folder()
    const file = join(out, 'all.heapsnapshot')
    const attach = ['attach', `${port}`, '--mode', 'objects', '--stable-frames', '--duration', '1']
    const { code, stderr } = await toolEnds([...attach, '-o', file])
    expect(code, stderr).toBe(0)
    expect(readdirSync(out).sort()).toEqual(['all.heapsnapshot', 'all.worker-1.heapsnapshot'])
    for (const name of readdirSync(out)) {
      expect(entriesOf(await loadSnapshot(join(out, name))).get('entry')).toBeGreaterThan(0)
    }
  })

  it.each<[string[], string]>([
    [['--interval', '512'], 'leave out --interval'],
    [['-o', 'x.pb.gz'], 'writes a .heapsnapshot'],
  ])('refuses %j', async (options, why) => {
    const { code, stderr } = await toolEnds(['attach', '1', '--mode', 'objects', ...options])
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)])
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('leaves no half file when the target is killed while it streams', async () => {
    const { port, target } = await program(
      OLDEST,
      `globalThis.kept = Array.from({ length: 1e6 }, (_, i) => ({ i })); setInterval(() => {}, 1000)`,
    )
    const out = folder()
    const single = tool(['attach', `${port}`, '--mode', 'objects', '--duration', '0.1', '--out', out])
    while (!readdirSync(out).some(name => name.endsWith('.tmp'))) await sleep(10)
    target.child.kill('SIGKILL')
    expect((await single.ended).code).toBe(4)
    expect(withoutNotices(single.stderr)).toEqual([expect.stringMatching(/was (lost|closed)|has ended/)])
    expect(readdirSync(out)).toEqual([])
  })

  it('gives up a target that loops, after a minute', async () => {
    const { port, target } = await program(NEWEST, 'setTimeout(() => { for (;;); }, 2000)')
    const out = folder()
    const single = tool(['attach', `${port}`, '--mode', 'objects', '--duration', '4', '--out', out])
    expect((await single.ended).code).toBe(4)
    expect(withoutNotices(single.stderr)).toEqual([
      expect.stringContaining('no heap snapshot in 60 s: the target is in a loop or stopped'),
    ])
    expect(readdirSync(out)).toEqual([])
    expect(isRunning(target.pid)).toBe(true)
  }, 150_000)
})

it('says that the target was killed in the middle of reading a profile', async () => {
  const { port, target } = await program(
    OLDEST,
    `globalThis.kept = []
    setInterval(() => { for (let i = 0; i < 20000; i++) kept.push({ i }) }, 10)`,
  )
  const { main, close } = await openTarget({ kind: 'port', host: '127.0.0.1', port })
  await startSampler(main.session, samplerSettings({ mode: 'exact' }))
  await sleep(1000)
  const read = readSampler(main.session)
  target.child.kill('SIGKILL')
  await expect(read).rejects.toThrow(/was closed|has ended/)
  await close()
})

describe('attach --mode objects to Chromium', () => {
  let chromium: Chromium
  beforeAll(async () => {
    chromium = await startChromium({
      '/': `<!doctype html><title>objects</title><script>new Worker('/worker.js');${KEEPER}</script>`,
      '/worker.js': KEEPER,
    })
  })
  afterAll(() => chromium?.end())

  it('takes a page and its worker, five times', async () => {
    const { id } = await chromium.open('/')
    const out = folder()
    const attach = ['attach', `${chromium.port}`, '--match', 'objects', '--mode', 'objects', '--out', out]
    const { code, stderr } = await toolEnds([...attach, '--every', '0.5', '--count', '5'])
    expect(code, stderr).toBe(0)
    const names = readdirSync(out).sort()
    expect(names).toHaveLength(10)
    for (const name of [names[4], names[9]]) {
      const entries = entriesOf(await loadSnapshot(join(out, name)))
      expect(entries.get('<older>'), name).toBeGreaterThanOrEqual(20_000)
      expect(entries.get('entry'), name).toBeGreaterThan(0)
    }
    expect(chromium.isAlive()).toBe(true)
    await chromium.close(id)
  })
})
