import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startSampler, stopSampler } from '../../src/capture/v8/sampler.ts'
import { samplerSettings } from '../../src/capture/v8/settings.ts'
import { loadSnapshot } from '../../src/formats/files.ts'
import type { Target } from '../../src/inspector/isolate.ts'
import { openTarget, parseTarget } from '../../src/inspector/target.ts'
import { connect } from '../../src/inspector/websocket.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { type Chromium, startChromium, until } from '../support/chromium.ts'
import { dumps, folder, it, tool, toolEnds } from '../support/nodes.ts'

const page = (title: string, body: string) => `<!doctype html><title>${title}</title><script>${body}</script>`

/** A function that keeps objects, ever more of them. */
const keeper = (name: string) => `self.kept = []
function ${name}() { for (let i = 0; i < 2000; i++) kept.push({ i, a: [i] }) }
${name}(); setInterval(${name}, 100)`

const PAGES = {
  '/one': page('first title', `new Worker('/worker.js'); ${keeper('onPageOne')}`),
  '/two': page('second title', `new Worker('/worker.js'); ${keeper('onPageTwo')}`),
  '/worker.js': keeper('inWorker'),
  '/all': page(
    'all kinds',
    `new SharedWorker('/shared.js'); navigator.serviceWorker.register('/service.js')
     const frame = document.createElement('iframe'); frame.src = location.href.replace('127.0.0.1', 'localhost').replace('/all', '/frame')
     addEventListener('load', () => document.body.append(frame)); new Worker('/worker.js'); ${keeper('onPage')}`,
  ),
  '/frame': page('a frame', keeper('inFrame')),
  '/shared.js': keeper('inShared'),
  '/service.js': keeper('inService'),
  '/quiet': page('quiet', ''),
  '/busy': page('busy', ''),
}

let chromium: Chromium

beforeAll(async () => {
  chromium = await startChromium(PAGES)
})
afterAll(() => chromium?.end())

const load = (dir: string) => Promise.all(dumps(dir).map(name => loadSnapshot(join(dir, name))))
const functionsOf = (snapshot: Snapshot) =>
  snapshot.statistics('function').map(({ label }) => label.split(' ')[0])
const openPage = (id: string): Promise<Target> =>
  openTarget(parseTarget(`ws://127.0.0.1:${chromium.port}/devtools/page/${id}`))

describe('attach to Chromium', () => {
  it('takes a series of a page and its worker across a navigation to another site', async () => {
    const { id } = await chromium.open('/one')
    const out = folder()
    const series = tool([
      'attach',
      `${chromium.port}`,
      '--match',
      'first title',
      '--every',
      '1',
      '--count',
      '3',
      '--out',
      out,
    ])
    await series.says(/wrote[\s\S]*wrote/)
    const user = await connect(`ws://127.0.0.1:${chromium.port}/devtools/page/${id}`)
    await user.post('Page.navigate', { url: `${chromium.other}/two` })
    await user.close()
    expect(await series.ended).toEqual({ code: 0, signal: null })
    const snapshots = await load(out)
    const pages = snapshots.filter(s => s.meta.isolate === 'page')
    const workers = snapshots.filter(s => s.meta.isolate === 'worker worker.js')
    expect(pages).toHaveLength(3)
    expect(workers).toHaveLength(3)
    expect(pages[0].meta).toMatchObject({
      runtime: 'chrome',
      document: `${chromium.site}/one`,
      interval: 40320,
    })
    expect(pages[2].meta.document).toBe(`${chromium.other}/two`)
    expect(pages.flatMap(s => s.meta.notes ?? []).join()).toContain(`navigated from ${chromium.site}/one`)
    expect(functionsOf(pages[0])).toContain('onPageOne')
    expect(functionsOf(pages[2])).toContain('onPageTwo')
    // another process, so another life of the sampler: their samples must not pair
    expect(pages[2].meta.session).not.toBe(pages[0].meta.session)
    expect(workers[2].meta.session).not.toBe(workers[0].meta.session)
    for (const worker of workers) expect(functionsOf(worker)).toContain('inWorker')
    await chromium.close(id)
  })

  it('reads every kind of isolate, each as its own file, and with --no-workers the page alone', async () => {
    const { id } = await chromium.open('/all')
    await until(async () => (await chromium.list()).some(({ type }) => type === 'service_worker'))
    const out = folder()
    const attach = ['attach', `${chromium.port}`, '--match', 'all kinds', '--duration', '1', '--out', out]
    const { code, stderr } = await toolEnds(attach)
    expect(code, stderr).toBe(0)
    const found = new Map((await load(out)).map(s => [s.meta.isolate ?? '', s]))
    expect([...found.keys()].sort()).toEqual([
      expect.stringMatching(/^iframe localhost:\d+$/),
      'page',
      'service worker service.js',
      'shared worker shared.js',
      'worker worker.js',
    ])
    const names = ['inFrame', 'onPage', 'inService', 'inShared', 'inWorker']
    for (const [i, isolate] of [...found.keys()].sort().entries()) {
      expect(functionsOf(found.get(isolate)!)).toContain(names[i])
    }
    const alone = folder()
    expect((await toolEnds([...attach.slice(0, -1), alone, '--no-workers'])).code).toBe(0)
    expect((await load(alone)).map(s => s.meta.isolate)).toEqual(['page'])
    await chromium.close(id)
  })

  it('launches a browser of its own, and ends it', async () => {
    const out = folder()
    const { code, stderr } = await toolEnds([
      'attach',
      '--launch',
      `${chromium.site}/one?launched`,
      '--stable-frames',
      '--duration',
      '3',
      '--out',
      out,
    ])
    expect(code, stderr).toBe(0)
    const page = (await load(out)).find(s => s.meta.isolate === 'page')!
    expect(page.meta.document).toBe(`${chromium.site}/one?launched`)
    expect(functionsOf(page)).toContain('onPageOne')
    const { stderr: none } = await toolEnds(['attach'])
    expect(none).toContain('give a target, such as pid:1234, or --launch')
  })

  it('says that several pages match', async () => {
    const pages = [await chromium.open('/quiet'), await chromium.open('/quiet')]
    const { code, stderr } = await toolEnds(['attach', `${chromium.port}`, '--match', 'quiet'])
    expect(code).toBe(4)
    expect(stderr).toContain('several targets')
    for (const { id } of pages) await chromium.close(id)
  })

  it('survives five cycles of sampling, and so does the page', async () => {
    const { id } = await chromium.open('/one?cycles')
    for (let i = 0; i < 5; i++) {
      const target = await openPage(id)
      const isolates = await target.isolates()
      expect(isolates.map(({ name }) => name)).toEqual(expect.arrayContaining(['page', 'worker worker.js']))
      for (const { session } of isolates) {
        expect(await startSampler(session, samplerSettings({ interval: 4096 }))).toBe(true)
        expect(await session.postText('HeapProfiler.getSamplingProfile')).toMatch(/^\{"profile":\{"head":/)
        await stopSampler(session)
      }
      await target.close()
    }
    await chromium.close(id)
  })

  it('refuses what would end the target before it is sent', async () => {
    const { id } = await chromium.open('/quiet')
    const target = await openPage(id)
    const start = (params: object) => target.main.session.post('HeapProfiler.startSampling', params)
    await expect(start({ samplingInterval: 0.5 })).rejects.toThrow('would end the target')
    await expect(start({ samplingInterval: 1024, stackDepth: 148 })).rejects.toThrow('would end the target')
    await target.close()
    await chromium.close(id)
  })

  it('ends when the page is closed', () => endsWhen('closed', id => chromium.close(id)))

  it('ends when the page crashes', () =>
    endsWhen('crashed', async id => {
      const user = await connect(`ws://127.0.0.1:${chromium.port}/devtools/page/${id}`)
      user.post('Page.navigate', { url: 'chrome://crash' }).catch(() => {}) // nobody is left to answer
      return user
    }))

  it('says that a page loops', async () => {
    const { id } = await chromium.open('/busy')
    const page = await connect(`ws://127.0.0.1:${chromium.port}/devtools/page/${id}`)
    const answers = () => page.post('Runtime.evaluate', { expression: 'setTimeout(() => { for (;;); })' })
    while (await Promise.race([answers(), sleep(2000)])); // until the loop has begun
    const { code, stderr } = await toolEnds([
      'attach',
      `${chromium.port}`,
      '--match',
      'busy',
      '--duration',
      '1',
    ])
    expect(code).toBe(4)
    expect(stderr).toMatch(/has not answered for 10 s/)
    await page.close()
    await chromium.close(id)
  })

  it('leaves a page that begins to loop while it is attached to', async () => {
    const { id } = await chromium.open('/one?loops')
    const page = await connect(`ws://127.0.0.1:${chromium.port}/devtools/page/${id}`)
    const match = ['--match', '/one?loops']
    const single = tool(['attach', `${chromium.port}`, ...match, '--duration', '2', '--out', folder()])
    await until(() => hasSampler(id))
    await page.post('Runtime.evaluate', { expression: 'setTimeout(() => { for (;;); })' })
    const start = performance.now()
    expect((await single.ended).code).toBe(4)
    expect(performance.now() - start).toBeLessThan(60_000)
    expect(single.stderr).toMatch(/^tracemalloc: .*has not answered for 10 s: .*\n$/m)
    await page.close()
    await chromium.close(id)
  })
})

/** Ends a page that is being sampled: the command says so and the browser goes on. */
async function endsWhen(what: string, end: (id: string) => Promise<unknown>): Promise<void> {
  const { id } = await chromium.open(`/one?${what}`)
  const attach = [
    'attach',
    `${chromium.port}`,
    '--match',
    `/one?${what}`,
    '--duration',
    '60',
    '--out',
    folder(),
  ]
  const single = tool(attach)
  await until(() => hasSampler(id))
  await end(id)
  expect((await single.ended).code).toBe(4)
  expect(single.stderr).toMatch(/was lost/)
  expect(chromium.isAlive()).toBe(true)
  await chromium.close(id)
}

/** Does anybody sample the page? */
async function hasSampler(id: string): Promise<boolean> {
  const target = await openPage(id)
  try {
    await target.main.session.post('HeapProfiler.getSamplingProfile')
    return true
  } catch {
    return false
  } finally {
    await target.close()
  }
}
