import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSnapshots } from '../../src/check/check.ts'
import { parseConfig } from '../../src/check/config.ts'
import { dumpSnapshots, loadSnapshots } from '../../src/formats/files.ts'
import { parseSize } from '../../src/text/units.ts'
import { cli, root } from '../support/cli.ts'
import { exactMeta, snapshotOf } from '../support/snapshots.ts'

const FIRST = join(root, 'samples', 'series', 'leak-01.pb.gz')
const LAST = join(root, 'samples', 'series', 'leak-12.pb.gz')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-check-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function config(document: object): string {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.json`)
  writeFileSync(path, JSON.stringify(document))
  return path
}

describe('check', () => {
  it('fails on growth with the offending rows, and passes without', async () => {
    const fails = await cli(['check', FIRST, LAST])
    expect(fails.status).toBe(1)
    expect(fails.stdout.split('\n')[0]).toMatch(/^FAIL .*leak\.js:7 \(onEvent\): growth \+/)
    const passes = await cli(['check', LAST, LAST])
    expect([passes.status, passes.stdout]).toEqual([0, 'ok total: growth +0 B\n'])
  })

  it('holds to budgets, and counts no allowance', async () => {
    const budgets = [{ total: true, size: '64 MiB', growth: '1 MiB' }]
    const fails = await cli(['check', FIRST, LAST, '--config', config({ budgets })])
    expect(fails.status).toBe(1)
    expect(fails.stdout).toMatch(/^ok total: size 3\d\.\d MiB/m)
    expect(fails.stdout).toMatch(/^FAIL total: growth .*limit 1024 KiB\n {2}\S*leak\.js:7/m)
    const allow = [{ path: '*/leak.js', reason: 'known, being mended' }]
    const passes = await cli(['check', FIRST, LAST, '--config', config({ budgets, allow })])
    expect(passes.status).toBe(0)
    expect(passes.stdout).toMatch(/^allowed .*leak\.js: \d.*: known, being mended$/m)
  })

  it('cannot judge a budget that matches nothing', async () => {
    for (const scope of [{ path: 'lek.js' }, { package: 'expres' }, { line: 'leak.js:8' }]) {
      const { status, stdout } = await cli([
        ...['check', LAST, LAST, '--config'],
        config({ budgets: [{ ...scope, size: '9 GiB', growth: '9 GiB' }] }),
      ])
      expect(status).toBe(5)
      expect(stdout.match(/it matches nothing in these snapshots/g)).toHaveLength(2)
    }
    const allow = [{ path: '*', reason: 'all of it' }]
    for (const scope of [{ total: true }, { each: true }]) {
      const budgets = [{ ...scope, growth: '9 GiB' }]
      const { status, stdout } = await cli(['check', LAST, LAST, '--config', config({ budgets, allow })])
      expect(status).toBe(5)
      expect(stdout).toMatch(/a new snapshot has nothing that a budget counts/)
    }
  })

  it('writes GitHub annotations, a comment, JUnit and JSON', async () => {
    const github = await cli(['check', FIRST, LAST, '--format', 'github'])
    expect(github.stdout).toMatch(/^::error file=[^,]+leak\.js,line=7,title=tracemalloc::.*onEvent/)
    expect((await cli(['check', FIRST, LAST, '--format', 'markdown'])).stdout).toMatch(/^### Memory grew\n/)
    const junit = (await cli(['check', FIRST, LAST, '--format', 'junit'])).stdout
    expect(junit).toMatch(/<testsuite name="tracemalloc" tests="(\d+)" failures="\1" errors="0">/)
    const json = JSON.parse((await cli(['check', FIRST, LAST, '--format', 'json'])).stdout)
    expect(json).toMatchObject({ schema: 'tracemalloc.check/2', outcome: 'fail' })
    expect(json.findings[0].rows[0]).toMatchObject({ function: 'onEvent', lineno: 7 })
  })

  it('makes the new snapshots the baseline', async () => {
    const baseline = join(folder, 'baseline')
    expect((await cli(['check', baseline, FIRST, LAST, '--update'])).status).toBe(0)
    expect(readdirSync(baseline)).toEqual(['baseline.pb.gz'])
    expect(await loadSnapshots(join(baseline, 'baseline.pb.gz'))).toHaveLength(2)
    expect((await cli(['check', baseline, LAST, '--update'])).status).toBe(0)
    expect(await loadSnapshots(join(baseline, 'baseline.pb.gz'))).toHaveLength(1)
    expect((await cli(['check', baseline, LAST])).status).toBe(0)
    const file = join(folder, 'one.pb.gz')
    await cli(['check', file, LAST, '--update'])
    expect(existsSync(file)).toBe(true)
  })

  it('replaces a baseline that `run --out` has made', async () => {
    const baseline = join(folder, 'by-run')
    mkdirSync(baseline)
    copyFileSync(FIRST, join(baseline, 'tracemalloc.123.0000000001.pb.gz'))
    copyFileSync(FIRST, join(baseline, 'baseline-1.pb.gz')) // an older version wrote such names
    writeFileSync(join(baseline, 'tracemalloc.123.manifest.ndjson'), '{}\n')
    expect((await cli(['check', baseline, LAST])).status).toBe(1)
    expect((await cli(['check', baseline, LAST, '--update'])).status).toBe(0)
    expect(readdirSync(baseline)).toEqual(['baseline.pb.gz'])
    expect((await cli(['check', baseline, LAST])).status).toBe(0)
  })

  it('passes what it has just been given, whatever was picked of it and made of it', async () => {
    const several = join(folder, 'several.ndjson')
    await dumpSnapshots([...(await loadSnapshots(FIRST)), ...(await loadSnapshots(LAST))], several)
    for (const [i, options] of [
      ['--snapshot', '2'],
      ['--redact=hash'],
      ['--from', 'ndjson'],
      ['--app'],
    ].entries()) {
      const words = ['check', join(folder, `prepared-${i}`), several, ...options]
      expect((await cli([...words, '--update'])).status, options.join(' ')).toBe(0)
      const { status, stdout } = await cli(words)
      expect([status, stdout.slice(0, 21)], options.join(' ')).toEqual([0, 'ok total: growth +0 B'])
    }
  })

  it('counts the new baseline alone, where the old one is left for what else is in the folder', async () => {
    const baseline = join(folder, 'shared')
    mkdirSync(baseline)
    copyFileSync(FIRST, join(baseline, 'old.pb.gz'))
    writeFileSync(join(baseline, 'notes.txt'), '')
    const { stderr } = await cli(['check', baseline, LAST, '--update'])
    expect(stderr).toMatch(/old\.pb\.gz is ignored from now on; you can delete it\n/)
    expect(readdirSync(baseline)).toEqual(['baseline.pb.gz', 'notes.txt', 'old.pb.gz'])
    const again = await cli(['check', baseline, LAST])
    expect(again.status).toBe(0)
    expect(again.stderr).toMatch(/baseline\.pb\.gz is the baseline: the 1 other snapshots in its folder/)
  })

  it('says how a baseline is made where there is none', async () => {
    const { status, stderr } = await cli(['check', join(folder, 'nothing'), LAST])
    expect(status).toBe(3)
    expect(stderr).toMatch(/no baseline .*nothing; --update makes the new snapshots the baseline\n$/)
  })

  it('refuses a config that says something else', async () => {
    const wrong = async (document: object) => {
      const { status, stderr } = await cli(['check', FIRST, LAST, '--config', config(document)])
      expect(status).toBe(2)
      return stderr
    }
    expect(await wrong({ budgtes: [] })).toMatch(/unknown key 'budgtes'; known: budgets, allow/)
    expect(await wrong({ budgets: [{ total: true }] })).toMatch(/budgets\[0\] needs a limit/)
    expect(await wrong({ budgets: [{ total: true, growth: 'much' }] })).toMatch(
      /budgets\[0\]\.growth must be a size/,
    )
    expect(await wrong({ budgets: [{ total: true, path: 'x', growth: 1 }] })).toMatch(/needs one of/)
    expect(await wrong({ allow: [{ path: 'x' }] })).toMatch(/allow\[0\]\.reason is missing/)
    expect(await wrong([])).toMatch(/must be an object/)
    expect((await cli(['check', FIRST, LAST, '--config', join(folder, 'none.json')])).stderr).toMatch(
      /no such file/,
    )
  })
})

describe('what cannot be judged', () => {
  const sampled = (size: number, interval: number) =>
    snapshotOf(`${size} ${Math.round(size / 100)}: f@/app/a.js:1`, {
      source: 'test',
      measure: 'live',
      accuracy: 'sampled',
      counts: 'estimated',
      interval,
      intervalSource: 'recorded',
    })
  const growth = parseConfig({ budgets: [{ total: true, growth: '256 KiB' }] })

  it('is too coarse an interval, and the answer says which is fine enough', () => {
    const coarse = checkSnapshots([sampled(9e6, 524288)], [sampled(9e6, 524288)], growth, ['lineno'])
    expect(coarse.outcome).toBe('unknown')
    const [, needed] = /--interval (\d+) or less/.exec(coarse.findings[0].advice ?? '') as RegExpExecArray
    const fine = Number(needed)
    expect(fine).toBeGreaterThan(16)
    expect(checkSnapshots([sampled(9e6, fine)], [sampled(9e6, fine)], growth, ['lineno']).outcome).toBe(
      'pass',
    )
    expect(
      checkSnapshots([sampled(9e6, fine * 8)], [sampled(9e6, fine * 8)], growth, ['lineno']).outcome,
    ).toBe('unknown')
    expect(checkSnapshots([sampled(12e6, fine)], [sampled(9e6, fine)], growth, ['lineno']).outcome).toBe(
      'fail',
    )
  })

  it('is what leaves no sample at so coarse an interval', () => {
    const nothing = snapshotOf('0 0: f@/app/a.js:1', sampled(0, 524288).meta).withRows([])
    const size = parseConfig({ budgets: [{ total: true, size: '256 KiB' }] })
    expect(checkSnapshots([nothing], [nothing], growth, ['lineno']).outcome).toBe('unknown')
    expect(checkSnapshots([nothing], [nothing], size, ['lineno']).outcome).toBe('unknown')
    expect(checkSnapshots([sampled(9e3, 4096)], [nothing], size, ['lineno']).outcome).toBe('pass')
  })

  it('is an empty new snapshot, and an exact one against a sampled one, without budgets', () => {
    const none = parseConfig({})
    const empty = sampled(0, 4096).withRows([])
    const [blind] = checkSnapshots([empty], [sampled(9e6, 4096)], none, ['lineno']).findings
    expect(blind).toMatchObject({
      outcome: 'unknown',
      advice: expect.stringMatching(/empty: a smaller --interval/),
    })
    const exact = snapshotOf('9000000 10: /a.js:1', exactMeta)
    const [mixed] = checkSnapshots([sampled(12e6, 4096)], [exact], none, ['lineno']).findings
    expect(mixed).toMatchObject({
      outcome: 'unknown',
      advice: expect.stringMatching(/measure both the same way/),
    })
  })

  it('is one exact run against another without budgets', () => {
    const result = checkSnapshots(
      [snapshotOf('2000000 10: /a.js:1', exactMeta)],
      [snapshotOf('1000000 10: /a.js:1', exactMeta)],
      { budgets: [], allow: [] },
      ['lineno'],
    )
    expect(result.outcome).toBe('unknown')
    expect(result.findings[0].advice).toMatch(/three old runs/)
  })
})

it('sizes are read as people write them', () => {
  expect(['4096', '64 KiB', '1.5MiB', '2 g', '10 kb', 'x', '-1', '1 XiB', ''].map(parseSize)).toEqual([
    4096,
    65536,
    1572864,
    2147483648,
    10240,
    ...[undefined, undefined, undefined, undefined],
  ])
})
