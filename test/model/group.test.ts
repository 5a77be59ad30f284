import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { Grouper, groupRows, type KeyType } from '../../src/model/grouping/group.ts'
import { KEY_TYPES } from '../../src/model/grouping/keys.ts'
import { domainName, parseDomain } from '../../src/model/meta.ts'
import { packageOf } from '../../src/model/names/package.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { exactMeta, sampledMeta, snapshotOf } from '../support/snapshots.ts'

const lines = (snapshot: Snapshot, key: KeyType | KeyType[], cumulative: boolean | 'per-frame' = false) =>
  snapshot.statistics(key, cumulative).map(String)

describe('labels', () => {
  it('name the function where the line is only its start', () => {
    const snapshot = snapshotOf(`
      40 1: f@a.js:1
      30 1: a.js:2
      20 1: @a.js:3
      10 1: (GC)@<v8>:0`)
    expect(lines(snapshot, 'lineno')).toEqual([
      'a.js:1 (f): size=40 B, count=1, average=40 B',
      'a.js:2: size=30 B, count=1, average=30 B',
      'a.js:3 (anonymous): size=20 B, count=1, average=20 B',
      '<v8>:0 (GC): size=10 B, count=1, average=10 B',
    ])
    expect(lines(snapshot, 'function')[0]).toBe('f (a.js:1): size=40 B, count=1, average=40 B')
    expect(lines(snapshot, 'traceback')[0]).toBe('a.js:1 (f): size=40 B, count=1, average=40 B')
    expect(snapshot.statistics('lineno')[0].key).toEqual({
      filename: 'a.js',
      lineno: 1,
      functionName: 'f',
      exact: false,
    })
  })

  it('say when more than one function starts on a line', () => {
    const [statistic] = snapshotOf('1 1: f@a.js:1\n1 1: g@a.js:1').statistics('lineno')
    expect(statistic.label).toBe('a.js:1 (f, ...)')
    expect(statistic.key).toEqual({ filename: 'a.js', lineno: 1, exact: false })
    expect(statistic.traceback.at(0)!.column).toBe(0)
  })

  it('speak only of functions in use', () => {
    const first = snapshotOf('1 1: f@a.js:1')
    const second = snapshotOf('1 1: g@a.js:1', exactMeta, first.tables)
    expect(first.statistics('lineno')[0].label).toBe('a.js:1 (f)')
    expect(second.statistics('lineno')[0].label).toBe('a.js:1 (g)')
    expect(second.compareTo(first, 'lineno').map(d => d.label)).toEqual(['a.js:1 (f, ...)'])
  })

  it('are those of all snapshots that one grouper grouped', () => {
    const first = snapshotOf('1 1: f@a.js:1')
    const second = snapshotOf('1 1: g@a.js:1', exactMeta, first.tables)
    const grouper = new Grouper(first.tables, 'lineno')
    const [id] = grouper.group(first).ids
    expect(grouper.describe(id).label).toBe('a.js:1 (f)')
    grouper.group(second)
    expect(grouper.describe(id).label).toBe('a.js:1 (f, ...)')
  })

  it('of memory without a frame', () => {
    const snapshot = snapshotOf('5 1:\n3 1: a.js:1')
    for (const key of ['lineno', 'filename', 'function', 'package', 'traceback'] as const) {
      expect(snapshot.statistics(key)[0].label, key).toBe('<untraced>')
      expect(snapshot.statistics(key)[0].traceback.length).toBe(0)
    }
    expect(lines(snapshot, 'lineno', true)[0]).toBe('<untraced>: size=5 B, count=1, average=5 B')
  })

  it('mark estimated counts, rounded', () => {
    const snapshot = snapshotOf('100 3: a.js:1', sampledMeta).with({
      columns: { count: Float64Array.of(2.6) },
    })
    expect(lines(snapshot, 'lineno')).toEqual(['a.js:1: size=100 B, count=~3, average=38 B'])
    expect(snapshot.compareTo(snapshotOf('40 1: a.js:1'), 'lineno').map(String)).toEqual([
      'a.js:1: size=100 B (+60 B), count=~3 (~+2), average=38 B',
    ])
  })
})

describe('the allocation frame', () => {
  const snapshot = snapshotOf(`
    10 1: f@a.js:1 > push@<native>:0
    20 1: push@<native>:0
    40 1: f@a.js:1 > map@<native>:0 > g@b.js:2 > concat@<native>:0`)

  it('is the caller of the built-in', () => {
    expect(lines(snapshot, 'filename')).toEqual([
      'b.js:0: size=40 B, count=1, average=40 B',
      '<native>:0: size=20 B, count=1, average=20 B',
      'a.js:0: size=10 B, count=1, average=10 B',
    ])
  })

  it('and its callers are what cumulative counts', () => {
    expect(lines(snapshot, 'filename', true)).toEqual([
      'a.js:0: size=50 B, count=2, average=25 B',
      'b.js:0: size=40 B, count=1, average=40 B',
      '<native>:0: size=20 B, count=1, average=20 B',
    ])
  })
})

describe('cumulative', () => {
  const recursive = snapshotOf('10 1: a.js:1 > a.js:2 > a.js:1 > b.js:1 > a.js:1')

  it('counts a trace once for each key, or once for each frame', () => {
    expect(lines(recursive, 'lineno', true)).toEqual([
      'b.js:1: size=10 B, count=1, average=10 B',
      'a.js:2: size=10 B, count=1, average=10 B',
      'a.js:1: size=10 B, count=1, average=10 B',
    ])
    expect(lines(recursive, 'lineno', 'per-frame')).toEqual([
      'a.js:1: size=30 B, count=3, average=10 B',
      'b.js:1: size=10 B, count=1, average=10 B',
      'a.js:2: size=10 B, count=1, average=10 B',
    ])
    expect(lines(recursive, 'filename', true)[0]).toBe('b.js:0: size=10 B, count=1, average=10 B')
    expect(lines(recursive, 'filename', 'per-frame')[0]).toBe('a.js:0: size=40 B, count=4, average=10 B')
  })

  it('is refused for keys without frames', () => {
    for (const key of ['traceback', 'type', 'domain'] as const) {
      expect(() => recursive.statistics(key, true), key).toThrow(UsageError)
      expect(() => recursive.compareTo(recursive, key, true), key).toThrow(`key type '${key}'`)
    }
    expect(() => recursive.statistics(['type', 'lineno'], true)).not.toThrow()
    expect(() => recursive.statistics(['type', 'traceback'], true)).toThrow(UsageError)
    expect(() => recursive.statistics('line' as KeyType)).toThrow("unknown key_type: 'line'")
    expect(() => recursive.statistics([])).toThrow(UsageError)
  })
})

describe('keys of rows', () => {
  const builder = new SnapshotBuilder()
  const { strings, frames, stacks } = builder.tables
  const at = (line: number) => stacks.intern(0, frames.intern('f', 'a.js', line, 0, true))
  builder.add(at(1), 10, 1, 0, strings.intern('Array'))
  builder.add(at(1), 20, 2, 1, strings.intern('Map'))
  builder.add(at(2), 40, 1, 9, strings.intern('Array'))
  builder.add(at(2), 5, 1, 0)
  const snapshot = builder.build(exactMeta, 1)

  it('are the type and the domain', () => {
    expect(lines(snapshot, 'type')).toEqual([
      'Array: size=50 B, count=2, average=25 B',
      'Map: size=20 B, count=2, average=10 B',
      '<unknown>: size=5 B, count=1, average=5 B',
    ])
    expect(lines(snapshot, 'domain').map(line => line.split(':')[0])).toEqual([
      'domain 9',
      'ArrayBuffer',
      'JS heap',
    ])
    expect(snapshot.statistics('domain')[0].key).toEqual({ domain: 9 })
  })

  it('combine with others, in the order given', () => {
    expect(lines(snapshot, ['type', 'lineno'])).toEqual([
      'Array a.js:2: size=40 B, count=1, average=40 B',
      'Map a.js:1: size=20 B, count=2, average=10 B',
      'Array a.js:1: size=10 B, count=1, average=10 B',
      '<unknown> a.js:2: size=5 B, count=1, average=5 B',
    ])
    const [first] = snapshot.statistics(['domain', 'filename', 'type'])
    expect(first.label).toBe('domain 9 a.js:0 Array')
    expect(first.key).toEqual({ domain: 9, filename: 'a.js', type: 'Array' })
    expect(first.traceback.toString()).toBe('a.js:0')
    expect(lines(snapshot, ['type', 'lineno'], true)).toEqual(lines(snapshot, ['type', 'lineno']))
  })

  it('compare over tables of their own', () => {
    const other = new SnapshotBuilder()
    const type = [other.tables.strings.intern('zzz'), other.tables.strings.intern('Array')][1]
    other.add(0, 15, 1, 0, type)
    expect(snapshot.compareTo(other.build(exactMeta, 1), 'type').map(String)[0]).toBe(
      'Array: size=50 B (+35 B), count=2 (+1), average=25 B',
    )
  })
})

it('every key adds up to the total, over shared tables and others', () => {
  const call = fc.constantFrom(
    'f@a.js:1',
    'g@a.js:1',
    'a.js:1',
    'b.js:2',
    'push@<native>:0',
    '(GC)@<v8>:0',
    'h@node_modules/x/i.js:4',
  )
  const row = fc
    .tuple(fc.nat(50), fc.nat(3), fc.array(call, { maxLength: 4 }))
    .map(([size, count, calls]) => `${size} ${count}: ${calls.join(' > ')}`)
  const text = fc.array(row, { minLength: 1, maxLength: 20 }).map(rows => rows.join('\n'))
  fc.assert(
    fc.property(text, text, (a, b) => {
      const now = snapshotOf(a)
      const alien = snapshotOf(b)
      const shared = snapshotOf(b, exactMeta, now.tables)
      for (const key of [...KEY_TYPES, ['type', 'lineno'] as KeyType[]]) {
        const statistics = now.statistics(key)
        const sum = (of: 'size' | 'count') => statistics.reduce((total, s) => total + s[of], 0)
        expect({ size: sum('size'), count: sum('count') }).toEqual(now.total)
        const diffs = now.compareTo(alien, key)
        expect(diffs.reduce((total, d) => total + d.sizeDiff, 0)).toBe(now.total.size - alien.total.size)
        expect(diffs.map(String)).toEqual(now.compareTo(shared, key).map(String))
        if (key !== 'traceback') expect(new Set(diffs.map(d => d.label)).size).toBe(diffs.length)
      }
    }),
    { numRuns: 60 },
  )
})

it('a grouper takes snapshots of any tables', () => {
  const now = snapshotOf('1 1: a.js:1 > b.js:1')
  const old = snapshotOf('2 1: c.js:1 > d.js:1\n4 1: a.js:1 > b.js:1\n8 1:')
  const sizes = (grouper: Grouper, snapshot: Snapshot) => {
    const { ids, size } = grouper.group(snapshot)
    return Object.fromEntries(Array.from(ids, id => [grouper.describe(id).label, size[id]]))
  }
  const expected = [
    ['lineno', false, { 'b.js:1': 1 }, { 'd.js:1': 2, 'b.js:1': 4, '<untraced>': 8 }],
    [
      'lineno',
      true,
      { 'a.js:1': 1, 'b.js:1': 1 },
      { 'c.js:1': 2, 'd.js:1': 2, 'a.js:1': 4, 'b.js:1': 4, '<untraced>': 8 },
    ],
    ['traceback', false, { 'a.js:1': 1 }, { 'c.js:1': 2, 'a.js:1': 4, '<untraced>': 8 }],
    ['domain', false, { 'JS heap': 1 }, { 'JS heap': 14 }],
  ] as const
  for (const [key, cumulative, ofNow, ofOld] of expected) {
    for (const fresh of [snapshotOf('1 1: a.js:1 > b.js:1'), now]) {
      const grouper = new Grouper(fresh.tables, key, cumulative)
      expect([sizes(grouper, now), sizes(grouper, old), sizes(grouper, now)]).toEqual([ofNow, ofOld, ofNow])
    }
  }
})

it('a group whose rows cancel out is a group', () => {
  const snapshot = snapshotOf('5 0: a.js:1\n-5 0: a.js:1\n0 0: b.js:1')
  expect(groupRows(snapshot, 'lineno').ids.length).toBe(2)
  expect(lines(snapshot, 'lineno')).toEqual(['b.js:1: size=0 B, count=0', 'a.js:1: size=0 B, count=0'])
})

it.each([
  ['/srv/app/index.js', '<app>'],
  ['', '<app>'],
  ['node:fs', 'node:'],
  ['node:internal/modules/run_main', 'node:'],
  ['<native>', '<native>'],
  ['<v8>', '<v8>'],
  ['/srv/node_modules/express/lib/router.js', 'express'],
  ['node_modules/express/index.js', 'express'],
  ['/a/node_modules/@scope/name/x.js', '@scope/name'],
  ['/a/node_modules/x/node_modules/y/z.js', 'y'],
  ['C:\\app\\node_modules\\left-pad\\index.js', 'left-pad'],
  ['C:\\app\\node_modules\\@scope\\name\\index.js', '@scope/name'],
  ['file:///srv/node_modules/express/a.js', 'express'],
  ['/srv/my_node_modules/x.js', '<app>'],
  ['/srv/node_modules/', '<app>'],
])('the package of %s is %s', (filename, name) => {
  expect(packageOf(filename)).toBe(name)
})

it('domains have names and numbers', () => {
  expect([0, 1, 2, 3, 4].map(domainName)).toEqual(['JS heap', 'ArrayBuffer', 'native', 'code', 'domain 4'])
  for (const [text, domain] of [
    ...[
      ['JS heap', 0],
      ['js-heap', 0],
      ['jsheap', 0],
      ['heap', 0],
      ['arraybuffer', 1],
      ['Array-Buffer', 1],
      ['NATIVE', 2],
      ['code', 3],
    ],
    ...[
      ['0', 0],
      ['17', 17],
      ['domain 17', 17],
      ['4294967295', 2 ** 32 - 1],
    ],
    ...[
      ['4294967296', undefined],
      ['', undefined],
      ['-1', undefined],
      ['heap2', undefined],
      ['constructor', undefined],
    ],
  ] as [string, number | undefined][]) {
    expect(parseDomain(text), text).toBe(domain)
  }
})
