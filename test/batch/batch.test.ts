import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findSnapshots, naturalOrder } from '../../src/batch/find-snapshots.ts'
import { parseSeriesRule, seriesOf, shortNames } from '../../src/batch/series.ts'
import { buffersOf, packSnapshot, unpackSnapshot } from '../../src/batch/transfer.ts'
import { loadSnapshot } from '../../src/formats/files.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { batchReport } from '../../src/report/batch.ts'
import { write as tableOf } from '../../src/report/formats/table.ts'
import { compareSampled } from '../../src/statistics/compare.ts'
import { estimateRows } from '../../src/statistics/estimation/estimates.ts'
import { cli, root } from '../support/cli.ts'

const SERIES = join(root, 'samples', 'series')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-batch-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function batchJson(args: readonly string[]) {
  const { stdout, stderr, status } = await cli(['batch', ...args, '--format', 'json'])
  return { view: JSON.parse(stdout), stderr, status }
}

describe('inputs', () => {
  it('are files, folders with all below them, and patterns, in natural order', async () => {
    const all = await findSnapshots([SERIES])
    expect(all).toHaveLength(12)
    expect(await findSnapshots([`${SERIES}/leak-0*`])).toEqual(all.slice(0, 9))
    expect(await findSnapshots([all[3], SERIES])).toEqual([all[3], ...all.filter((_, i) => i !== 3)])
    expect(['a10', 'a9', 'a09'].sort(naturalOrder)).toEqual(['a09', 'a9', 'a10'])
    await expect(findSnapshots([join(folder, 'none*')])).rejects.toThrow(/no snapshots found/)
  })

  it('become series by folder, isolate, session or pattern', () => {
    const by = (text: string, path: string) => seriesOf(path, parseSeriesRule(text))
    expect(by('folder', '/runs/a/x.pb.gz')).toBe('/runs/a')
    expect(by('folder', '/runs/tracemalloc.7.worker-3.0000000002.pb.gz')).toBe('/runs/tracemalloc.7.worker-3')
    expect(by('([^/]+)/([^/]+)$', '/runs/a/x.pb.gz')).toBe('a/x.pb.gz')
    expect(() => parseSeriesRule('abc')).toThrow(/needs a group/)
    expect(() => parseSeriesRule('(')).toThrow(/regular expression/)
    expect(shortNames(['/r/a/x', '/r/b/x'])).toEqual(['a/x', 'b/x'])
    expect(shortNames(['/r/a'])).toEqual(['a'])
  })
})

it('a snapshot sent to another thread is the same', async () => {
  const snapshot = await loadSnapshot(join(SERIES, 'leak-05.pb.gz'))
  const again = unpackSnapshot(structuredClone(packSnapshot(snapshot)), new Tables())
  expect(again.traces.equals(snapshot.traces)).toBe(true)
  expect(again.columns.samples).toEqual(snapshot.columns.samples)
  expect(again.meta).toEqual(snapshot.meta)
  expect(estimateRows(again)).toEqual(estimateRows(snapshot))
})

it('a packed snapshot owns its memory, and takes along what was worked out of its samples', async () => {
  const packed = packSnapshot(await loadSnapshot(join(SERIES, 'leak-05.pb.gz')))
  const buffers = buffersOf(packed)
  expect(new Set(buffers).size).toBe(buffers.length)
  const moved = structuredClone(packed, { transfer: buffers })
  expect(packed.columns.size).toHaveLength(0)
  const again = unpackSnapshot(moved, new Tables())
  expect(estimateRows(again)).toBe(moved.estimates)
})

describe('a series', () => {
  it('ranks the leak first, with growth, interval and p-value', async () => {
    const { view, status } = await batchJson([SERIES])
    expect(status).toBe(0)
    expect(view.schema).toBe('tracemalloc.batch/2')
    const [series] = view.series
    expect(series.snapshots).toHaveLength(12)
    expect(series.steps).toHaveLength(11)
    const [first] = series.rows
    expect(first).toMatchObject({ function: 'onEvent', significant: true })
    expect(first.sizeDiffLow).toBeLessThan(first.sizeDiff)
    expect(first.sizeDiffHigh).toBeGreaterThan(first.sizeDiff)
    expect(first.pValue).toBeLessThan(0.001)
    expect(first.sizes).toHaveLength(12)
    expect(first.sizes[11] - first.sizes[0]).toBe(first.sizeDiff)
    expect(first.ages.reduce((a: number, b: number) => a + b, 0)).toBe(first.size)
    expect(first.ages.every((bytes: number) => bytes > 0)).toBe(true) // every snapshot's share is kept
    const steps = series.steps.map((step: { sizeDiff: number }) => step.sizeDiff)
    expect(steps.reduce((a: number, b: number) => a + b, 0)).toBe(series.total.sizeDiff)
    const markdown = (await cli(['batch', SERIES, '--format', 'markdown'])).stdout
    expect(markdown.split('\n').find(line => line.startsWith('| `'))).toMatch(
      /leak\.js:7 \(onEvent\).*&lt; 0\.0001.*grew/,
    )
  })

  it('is the same with one thread and with two', async () => {
    const one = await cli(['batch', SERIES, '--format', 'json', '--threads', '1'])
    const two = await cli(['batch', SERIES, '--format', 'json', '--threads', '2'])
    expect(two.stdout).toBe(one.stdout)
    expect(one.stdout).toMatch(/onEvent/)
  })

  it.each(['text', 'table', 'csv', 'ndjson', 'markdown'])('is written as %s', async format => {
    const { stdout } = await cli(['batch', SERIES, '--format', format])
    expect(stdout.split('\n').find(line => line.includes('leak.js'))).toMatch(/onEvent/)
  })

  it('fits into a narrow terminal: names lose their beginning, intervals are left out', async () => {
    const [old, now] = await Promise.all(
      ['leak-01.pb.gz', 'leak-12.pb.gz'].map(name => loadSnapshot(join(SERIES, name))),
    )
    const growth = compareSampled([now], [old], 'lineno')
    const points = [old, now].map((s, i) => ({ path: `${i}`, ...s.total }))
    const rows = growth.rows.map(diff => ({ diff }))
    const one = {
      name: 'a',
      points,
      steps: [],
      rows,
      packages: [],
      against: [],
      groups: rows.length,
      notes: [],
    }
    const view = { keyType: 'lineno', series: [{ ...one, total: growth.total }], failed: [] }
    const lines = (width: number) => [...tableOf(batchReport(view), { width, colour: false, folder: '/srv' })]
    expect(lines(80).every(line => line.length <= 80)).toBe(true)
    expect(lines(80)[1]).not.toMatch(/interval/)
    expect(lines(80)[2]).toMatch(/ \.\/app\/leak\.js:7 \(onEvent\)$/)
    expect(lines(80).some(line => line.includes('…'))).toBe(true)
    expect(lines(120)[1]).toMatch(/95 % interval/)
  })

  it('of one snapshot is its total and a note', async () => {
    const { stdout, stderr, status } = await cli(['batch', join(SERIES, 'leak-01.pb.gz')])
    expect(stdout).toMatch(/^one snapshot: size=4790 KiB, count=\d+\n$/)
    expect(stderr).toMatch(/only one snapshot in this series/)
    expect(status).toBe(0)
  })

  it('may have thousands of files with next to nothing in them', async () => {
    const tiny = join(folder, 'tiny')
    mkdirSync(tiny)
    const frame = { functionName: 'f', scriptId: '1', url: 'file:///a.js', lineNumber: 1, columnNumber: 1 }
    const file = (n: number) =>
      JSON.stringify({
        head: { callFrame: frame, selfSize: 40352 * n, id: 1, children: [] },
        samples: Array.from({ length: n }, (_, i) => ({ size: 40352, nodeId: 1, ordinal: i + 1 })),
      })
    for (let i = 0; i < 2000; i++) writeFileSync(join(tiny, `${i}.heapprofile`), file(i % 3))
    const { view, status } = await batchJson([tiny, '--interval', '40320'])
    expect(status).toBe(0)
    const sizes = view.series[0].snapshots.map((s: { size: number }) => s.size)
    expect(sizes).toEqual(Array.from({ length: 2000 }, (_, i) => 40352 * (i % 3)))
    expect(view.series[0].notes).toContain('a snapshot is empty')
  }, 120_000)

  it('goes on after a bad file, and says so at the end', async () => {
    const mixed = join(folder, 'mixed')
    cpSync(SERIES, mixed, { recursive: true })
    writeFileSync(join(mixed, 'leak-06.pb.gz'), 'not a profile')
    const { view, stderr, status } = await batchJson([mixed])
    expect(status).toBe(3)
    expect(view.series[0].snapshots).toHaveLength(11)
    expect(view.failed).toHaveLength(1)
    expect(stderr).toMatch(/leak-06\.pb\.gz: .*not a profile/)
    expect(stderr).toMatch(/1 of 12 files could not be read/)
    expect((await batchJson([mixed, '--keep-going'])).status).toBe(0)
    expect((await cli(['batch', join(mixed, 'leak-06.pb.gz')])).status).toBe(3) // not one that can be read
  })

  it('says when the clock runs backwards, and compares a snapshot with itself', async () => {
    const back = join(folder, 'back')
    mkdirSync(back)
    cpSync(join(SERIES, 'leak-02.pb.gz'), join(back, 'a.pb.gz'))
    cpSync(join(SERIES, 'leak-01.pb.gz'), join(back, 'b.pb.gz'))
    cpSync(join(SERIES, 'leak-01.pb.gz'), join(back, 'c.pb.gz'))
    const { view } = await batchJson([back])
    expect(view.series[0].notes.join()).toMatch(/clock runs backwards/)
    expect(view.series[0].steps[1].sizeDiff).toBe(0)
  })

  it('takes any mix of formats', async () => {
    const mix = join(folder, 'mix')
    mkdirSync(mix)
    cpSync(join(SERIES, 'leak-01.pb.gz'), join(mix, '1.pb.gz'))
    const out = join(mix, '2.heapprofile')
    expect((await cli(['convert', join(SERIES, 'leak-12.pb.gz'), out])).status).toBe(0)
    const { view } = await batchJson([mix, '--interval', '40320'])
    expect(view.series[0].rows[0]).toMatchObject({ function: 'onEvent', significant: true })
  })
})

describe('series', () => {
  it('make a matrix of builds and scenarios, and compare with a baseline of the same names', async () => {
    const runs = join(folder, 'runs')
    const names = readdirSync(SERIES).sort()
    for (const [build, picks] of [
      ['v1', [0, 1]],
      ['v2', [0, 11]],
    ] as const) {
      for (const scenario of ['login', 'search']) {
        mkdirSync(join(runs, build, scenario), { recursive: true })
        for (const i of picks) cpSync(join(SERIES, names[i]), join(runs, build, scenario, names[i]))
      }
    }
    const { view } = await batchJson([runs])
    expect(view.series.map((s: { name: string }) => s.name)).toEqual([
      'v1/login',
      'v1/search',
      'v2/login',
      'v2/search',
    ])
    expect(view.matrix).toMatchObject({ builds: ['v1', 'v2'], scenarios: ['login', 'search'] })
    expect(view.matrix.cells[1][0].growth).toBeGreaterThan(20 << 20)
    const against = await batchJson([join(runs, 'v2'), '--baseline', join(runs, 'v1')])
    for (const series of against.view.series) {
      expect(series.baseline[0]).toMatchObject({ function: 'onEvent', significant: true })
    }
    const one = join(runs, 'v2', 'login', names[11])
    for (const format of ['text', 'table', 'csv', 'markdown']) {
      const { stdout } = await cli([
        'batch',
        one,
        '--baseline',
        join(runs, 'v1', 'login'),
        '--format',
        format,
      ])
      expect(stdout).toMatch(/baseline\b.*leak\.js:7 \(onEvent\)/)
    }
  })
})
