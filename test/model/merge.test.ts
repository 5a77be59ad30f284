import { describe, expect, test } from 'vitest'
import { frameText, parseFrame } from '../../src/model/frame-text.ts'
import { metaJson, parseMeta } from '../../src/model/meta-json.ts'
import { differenceOf, merged } from '../../src/transform/merge.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { exactMeta, sampledMeta, snapshotOf } from '../support/snapshots.ts'

describe('differenceOf', () => {
  const old = snapshotOf('100 2: a.js:1 > b.js:2\n50 1: c.js:3\n7 1: d.js:4')
  const now = snapshotOf('160 3: a.js:1 > b.js:2\n20 1: e.js:5\n7 1: d.js:4')

  test('is new less old, by stack', () => {
    const difference = differenceOf(now, old)
    checkSnapshot(difference)
    const rows = [...difference.traces].map(t => [`${t.traceback.frames.join('>')}`, t.size, t.count])
    expect(rows).toEqual([
      ['a.js:1>b.js:2', 60, 1],
      ['e.js:5', 20, 1],
      ['c.js:3', -50, -1],
    ])
    expect(difference.total).toEqual({ size: 30, count: 1 })
  })

  test('the other way round is its negative, of itself it is nothing', () => {
    expect(differenceOf(old, now).total).toEqual({ size: -30, count: -1 })
    expect(differenceOf(now, now).length).toBe(0)
  })

  test('its groups are those of compareTo', () => {
    const groups = differenceOf(now, old).statistics('lineno')
    for (const diff of now.compareTo(old, 'lineno')) {
      expect(groups.find(group => group.label === diff.label)?.size ?? 0).toBe(diff.sizeDiff)
    }
  })

  test('takes the weaker facts, and none of a single read', () => {
    const sampled = old.with({ meta: { ...sampledMeta, session: 's', read: 1, memory: { rss: 1 } } })
    const { meta } = differenceOf(now.with({ meta: { session: 's', read: 2, memory: { rss: 9 } } }), sampled)
    expect(meta).toMatchObject({ accuracy: 'sampled', counts: 'estimated', name: 'difference' })
    for (const fact of ['session', 'read', 'memory', 'skipped']) expect(meta).not.toHaveProperty(fact)
    checkSnapshot(differenceOf(now, sampled))
  })
})

test('merged adds rows that differ in what is lost, and leaves no other name', () => {
  const snapshot = snapshotOf(
    '10 1: a.js:1 > b.js:2\n5 1: c.js:3\n3 1: a.js:1 > f@b.js:2\n2 1: a.js:1 > b.js:2',
  )
  const all = merged(snapshot)
  expect([...all.traces].map(t => t.size)).toEqual([12, 5, 3])
  const part = merged(snapshot.withRows([1]))
  expect([part.tables.stacks.length, part.tables.frames.length]).toEqual([2, 1])
  const names = Array.from({ length: part.tables.strings.length }, (_, i) => part.tables.strings.get(i))
  expect(names.sort()).toEqual(['', 'c.js'])
})

test.each([
  [{ functionName: 'f', filename: '/a.js', lineno: 3, column: 7 }, 'f (/a.js:3:7)'],
  [{ functionName: 'f', filename: '/a.js', lineno: 3, column: 0 }, 'f (/a.js:3)'],
  [{ functionName: '', filename: '/a.js', lineno: 3, column: 7 }, '/a.js:3:7'],
  [{ functionName: 'push', filename: '<native>', lineno: 0, column: 0 }, 'push (<native>)'],
  [{ functionName: '', filename: '<native>', lineno: 0, column: 0 }, '<native>:0'],
  [{ functionName: 'main', filename: '<unknown>', lineno: 0, column: 0 }, 'main'],
  [{ functionName: 'a;b', filename: 'x;y', lineno: 1, column: 0 }, 'a\\u{3b}b (x\\u{3b}y:1)'],
  [{ functionName: 'f', filename: 'http://h:80', lineno: 0, column: 0 }, 'f (http://h:80:0:0)'],
])('a frame %j is %s', (frame, text) => {
  expect(frameText(frame)).toBe(text)
  expect(parseFrame(text)).toEqual(frame)
})

test('a long frame that is none takes no time to read', () => {
  expect(parseFrame(' ('.repeat(500_000)).functionName.length).toBe(1_000_000)
  expect(parseFrame(`${':1'.repeat(500_000)}`).lineno).toBe(1)
})

describe('facts as JSON', () => {
  test('come back', () => {
    const meta = { ...sampledMeta, time: 1e12, notes: ['a'], memory: { rss: 1 }, isolate: 'worker 3' }
    const snapshot = snapshotOf('1 1: a.js:1').with({ meta })
    const parsed = parseMeta(JSON.parse(JSON.stringify(metaJson(snapshot))), 'x')
    expect(parsed).toEqual({ meta: { ...meta, source: 'x' }, tracebackLimit: snapshot.tracebackLimit })
  })

  test.each([
    [null],
    [[]],
    ['x'],
    [{}],
    [{ ...exactMeta }],
    [{ ...exactMeta, tracebackLimit: -1 }],
    [{ ...exactMeta, tracebackLimit: 1, measure: 'dead' }],
    [{ ...exactMeta, tracebackLimit: 1, interval: 512 }],
    [{ ...sampledMeta, tracebackLimit: 1, interval: '512' }],
    [{ ...exactMeta, tracebackLimit: 1, memory: { rss: 'x' } }],
    [{ ...exactMeta, tracebackLimit: 1, notes: [1] }],
  ])('%j are refused', facts => {
    expect(parseMeta(facts, 'x')).toBe(undefined)
  })

  test('no unknown ones, nor prototypes, are taken over', () => {
    const facts = JSON.parse(
      '{"measure":"live","accuracy":"exact","counts":"exact","tracebackLimit":1,"__proto__":{"x":1},"source":"evil","constructor":1}',
    )
    const meta = parseMeta(facts, 'x')?.meta as object
    expect(Object.keys(meta).sort()).toEqual(['accuracy', 'counts', 'measure', 'source'])
    expect(Object.getPrototypeOf(meta)).toBe(Object.prototype)
    expect(meta).toMatchObject({ source: 'x' })
  })
})
