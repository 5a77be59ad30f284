import { describe, expect, it } from 'vitest'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { FORMATS, type Format } from '../../src/report/formats/index.ts'
import type { OutputFormat } from '../../src/report/report.ts'
import { statisticsReport } from '../../src/report/statistics.ts'
import { diffView, topView, type ViewOptions } from '../../src/report/views.ts'
import { sampledMeta, snapshotOf } from '../support/snapshots.ts'

const old = snapshotOf(`
  100 1: /app/a.js:1 > /app/b.js:2
  50 2: /app/a.js:1`)
const now = snapshotOf(`
  300 3: /app/a.js:1 > /app/b.js:2
  50 2: /app/a.js:1
  10 1: /app/c.js:9`)
const sampled = snapshotOf('4096 2: main@/app/a.js:1 > onEvent@/app/z.js:10', sampledMeta)

const options: ViewOptions = { keyTypes: ['lineno'], cumulative: false, limit: 10 }
const page = { width: 80, colour: false, folder: '/app' }

async function lines(views: Parameters<typeof statisticsReport>[0], format: Format): Promise<string[]> {
  const { write }: OutputFormat = await FORMATS[format]()
  return [...write(statisticsReport(views), page)].flatMap(text => text.split('\n'))
}

describe('text', () => {
  it("is CPython's line", async () => {
    expect(await lines([topView(now, options)], 'text')).toEqual([
      '/app/b.js:2: size=300 B, count=3, average=100 B',
      '/app/a.js:1: size=50 B, count=2, average=25 B',
      '/app/c.js:9: size=10 B, count=1, average=10 B',
    ])
    expect(await lines([diffView([now], [old], options)], 'text')).toEqual([
      '/app/b.js:2: size=300 B (+200 B), count=3 (+2), average=100 B',
      '/app/c.js:9: size=10 B (+10 B), count=1 (+1), average=10 B',
      '/app/a.js:1: size=50 B (+0 B), count=2 (+0), average=25 B',
    ])
  })

  it('marks estimated counts and lines that are only the start of a function', async () => {
    expect(await lines([topView(sampled, options)], 'text')).toEqual([
      '/app/z.js:10 (onEvent): size=4096 B, count=~2, average=2048 B, error=±2048 B',
    ])
    expect(await lines([topView(sampled, { ...options, keyTypes: ['function'] })], 'text')).toEqual([
      'onEvent (/app/z.js:10): size=4096 B, count=~2, average=2048 B, error=±2048 B',
    ])
  })

  it('prints tracebacks below their rows, oldest first', async () => {
    expect(await lines([topView(sampled, { ...options, keyTypes: ['traceback'] })], 'text')).toEqual([
      '/app/a.js:1 (main): size=4096 B, count=~2, average=2048 B, error=±2048 B',
      '  File "/app/a.js", line 1, in main',
      '  File "/app/z.js", line 10, in onEvent',
    ])
  })
})

describe('--significant', () => {
  it('says what growth the interval can show, and nothing of it where all is exact', () => {
    const note = /^at an interval of 1024 bytes, a new row below [\d.]+ KiB is found/
    const only = { ...options, significantOnly: true }
    expect(diffView([sampled], [sampled], only).notes.filter(text => note.test(text))).toHaveLength(1)
    expect(diffView([sampled], [sampled], options).notes.filter(text => note.test(text))).toHaveLength(0)
    expect(diffView([now], [old], only).notes.join()).not.toMatch(/is found in/)
  })
})

describe('table', () => {
  it('aligns, shortens names to the folder, tells the total and what is hidden', async () => {
    expect(await lines([topView(now, { ...options, limit: 2 })], 'table')).toEqual([
      ' size     %              count  average  lineno',
      '300 B  83.3  ██████████      3    100 B  ./b.js:2',
      ' 50 B  13.9  █▋              2     25 B  ./a.js:1',
      'total 360 B in 6 blocks; 1 more row not shown (--limit 0 shows all)',
    ])
  })

  it('keeps the end of a long name', async () => {
    const long = snapshotOf(`8 1: /srv/${'x'.repeat(200)}/end.js:7`)
    const all = await lines([topView(long, options)], 'table')
    expect(all[1]).toHaveLength(80)
    expect(all[1]).toMatch(/…x+\/end\.js:7$/)
  })
})

describe('any number of rows', () => {
  const many = snapshotOf(Array.from({ length: 150_000 }, (_, i) => `${i + 1} 1: /app/${i}.js:1`).join('\n'))
  it.each(['table', 'markdown', 'text'] as const)('are a %s', async format => {
    const all = await lines([topView(many, { ...options, limit: 0 })], format)
    expect(all.filter(line => /\d\.js:1/.test(line))).toHaveLength(150_000)
  })
})

it('a name of a megabyte is cut in one go', async () => {
  const all = await lines([topView(snapshotOf(`8 1: ${'é'.repeat(1 << 20)}.js:7`), options)], 'table')
  expect(all[1]).toMatch(/…é+\.js:7$/)
  expect(all[1]).toHaveLength(80)
})

describe('no change', () => {
  const unchanged = (interval: number) => {
    const builder = new SnapshotBuilder()
    const row = builder.add(
      builder.tables.stacks.intern(0, builder.tables.frames.intern('f', '/app/a.js', 1, 1)),
      4096,
      1,
    )
    builder.addSample(row, 4096, 1)
    const meta = { ...sampledMeta, interval, session: 's', read: 0 }
    const before = builder.build(meta, 128)
    return diffView([before.with({ meta: { read: 1 } })], [before], options)
  }

  it('among samples is noise, also where they are the same samples', async () => {
    expect(unchanged(1024).rows[0]).toMatchObject({ significant: false, sizeDiffError: 0 })
    expect((await lines([unchanged(1024)], 'text'))[0]).toMatch(/ \(\+0 B\), .*, noise$/)
  })

  it('among all blocks is none', async () => {
    expect((await lines([unchanged(1)], 'text'))[0]).not.toMatch(/noise/)
  })
})

describe('json', () => {
  it('has whole counts, also where they are estimates or means', async () => {
    const third = snapshotOf('10 1: a.js:1', sampledMeta)
    third.columns.count[0] = 4 / 3
    const text = await lines([topView(third, options), diffView([third], [now], options)], 'json')
    const [top, diff] = JSON.parse(text.join('\n')).snapshots
    expect([top.total.count, top.rows[0].count, diff.total.count, diff.total.countDiff]).toEqual([
      1, 1, 1, -5,
    ])
  })

  it('has the whole traceback beside any other key', async () => {
    for (const key of ['filename', 'lineno', 'package', 'domain'] as const) {
      for (const keyTypes of [
        [key, 'traceback'],
        ['traceback', key],
      ] as const) {
        const text = (await lines([topView(now, { ...options, keyTypes })], 'json')).join('\n')
        expect(JSON.parse(text).snapshots[0].rows[0].traceback, key).toHaveLength(2)
      }
    }
  })

  it('has the documented keys', async () => {
    const text = (await lines([diffView([now], [old], options)], 'json')).join('\n')
    const { schema, snapshots } = JSON.parse(text)
    expect(schema).toBe('tracemalloc.diff/2')
    const [{ rows, notes, total, ...rest }] = snapshots
    expect(total).toMatchObject({ size: 360, count: 6, sizeDiff: 210, countDiff: 3, significant: null })
    expect(notes).toEqual([expect.stringContaining('one exact run against another')])
    expect(rest).toEqual({
      keyType: 'lineno',
      cumulative: false,
      rule: 'none',
      groups: 3,
      shown: 3,
    })
    expect(rows[0]).toMatchObject({
      filename: '/app/b.js',
      lineno: 2,
      size: 300,
      count: 3,
      sizeDiff: 200,
      countDiff: 2,
      sizeError: 0,
      countError: 0,
      traceback: [{ filename: '/app/b.js', lineno: 2, column: 0, function: '', exact: true }],
    })
  })

  it('is rows alone as ndjson, one document for several snapshots', async () => {
    const rows = (await lines([topView(now, options)], 'ndjson')).map(line => JSON.parse(line))
    expect(rows.map(row => row.size)).toEqual([300, 50, 10])
    const several = JSON.parse(
      (await lines([topView(now, options), topView(old, options)], 'json')).join('\n'),
    )
    expect(several.snapshots.map((d: { total: { size: number } }) => d.total.size)).toEqual([360, 150])
  })
})

describe('hostile names', () => {
  const evil = ['=cmd|1', '<script>', 'a|b', '\u001b[31mred', 'x\ny', '\u202egnp.js', '__proto__', '"q",r']
  it.each(Object.keys(FORMATS) as Format[])('cannot break out of %s', async format => {
    const snapshot = snapshotOf(
      evil.map((name, i) => `${i + 1} 1: f@${name.replace('\n', '\u0085')}:1`).join('\n'),
    )
    const all = (await lines([topView(snapshot, options)], format)).join('\n')
    expect(all).not.toContain('\u001b')
    expect(all).not.toContain('\u202e')
    if (format === 'markdown') expect(all).not.toMatch(/\| <script|a\|b/)
    if (format === 'csv') expect(all).not.toMatch(/^=|,=|"=/m)
  })
})
