import { describe, expect, it } from 'vitest'
import { write as writeText } from '../../src/report/formats/text.ts'
import { type TreeOptions, type TreeView, treeReport, treeTable, treeView } from '../../src/report/tree.ts'
import { jsonText } from '../../src/text/escape.ts'
import { sampledMeta, snapshotOf } from '../support/snapshots.ts'

const ALL: TreeOptions = { limit: 0, depth: 0, least: 0 }
const textOf = (view: TreeView) => [...writeText(treeReport([view]), { width: 120, colour: false })]
const jsonOf = (view: TreeView) =>
  (treeReport([view]).document() as { snapshots: { rows: object[] }[] }).snapshots[0]
const text = (view: TreeView) => textOf(view).join('\n')
const table = (view: TreeView, width = 120) => [...treeTable(view, { width, colour: false })].join('\n')

const now = snapshotOf(`
  1000 1: main@a.js:1
  2000 2: main@a.js:1 > f@a.js:5
   500 1: main@a.js:1 > f@a.js:5 > g@b.js:9
    30 1: main@a.js:1 > g@b.js:9
    20 1: main@a.js:1 > h@b.js:20
     7 1: c.py:3
     3 1: `)

describe('treeView', () => {
  it('adds up what is below each call, the heaviest first', () => {
    expect(text(treeView(now, undefined, ALL))).toBe(`\
total: size=3560 B, self=3 B, count=8
  main (a.js:1): size=3550 B, self=1000 B, count=6
    f (a.js:5): size=2500 B, self=2000 B, count=3
      g (b.js:9): size=500 B, self=500 B, count=1
    g (b.js:9): size=30 B, self=30 B, count=1
    h (b.js:20): size=20 B, self=20 B, count=1
  c.py:3: size=7 B, self=7 B, count=1`)
  })

  it('loses nothing where it shows less', () => {
    expect(text(treeView(now, undefined, { ...ALL, limit: 1 }))).toBe(`\
total: size=3560 B, self=3 B, count=8
  main (a.js:1): size=3550 B, self=1000 B, count=6
    f (a.js:5): size=2500 B, self=2000 B, count=3
      g (b.js:9): size=500 B, self=500 B, count=1
    ... 2 more: size=50 B, count=2
  ... 1 more: size=7 B, count=1`)
    expect(text(treeView(now, undefined, { ...ALL, depth: 1 }))).toBe(`\
total: size=3560 B, self=3 B, count=8
  main (a.js:1): size=3550 B, self=1000 B, count=6
    ... 3 more: size=2550 B, count=5
  c.py:3: size=7 B, self=7 B, count=1`)
    expect(text(treeView(now, undefined, { ...ALL, least: 50 }))).toBe(`\
total: size=3560 B, self=3 B, count=8
  main (a.js:1): size=3550 B, self=1000 B, count=6
    f (a.js:5): size=2500 B, self=2000 B, count=3
      ... 1 more: size=500 B, count=1
    ... 2 more: size=50 B, count=2
  ... 1 more: size=7 B, count=1`)
  })

  it('every total is its own memory and its callees’, whatever is hidden', () => {
    let state = 11
    const random = (n: number) => (state = (state * 48271) % 2147483647) % n
    const lines = Array.from({ length: 400 }, () => {
      const calls = Array.from({ length: random(12) }, () => `f${random(4)}@a.js:${random(3)}`)
      return `${random(5000)} ${random(9)}: ${calls.join(' > ')}`
    })
    const snapshot = snapshotOf(lines.join('\n'))
    const old = snapshotOf(lines.slice(100).join('\n'))
    for (const options of [ALL, { limit: 2, depth: 5, least: 2 }]) {
      const { rows } = treeView(snapshot, old, options)
      const sum = (i: number, key: 'total' | 'totalDiff', part: 'size' | 'count') =>
        rows.reduce((n, row) => (row.parent === i ? n + (row[key]?.[part] ?? 0) : n), 0)
      expect(rows[0].total).toEqual(snapshot.total)
      for (const [i, { hidden, depth, parent, total, self, totalDiff, selfDiff }] of rows.entries()) {
        if (i > 0) expect(rows[parent].depth).toBe(depth - 1)
        if (hidden > 0) continue
        expect(total.size).toBe(self.size + sum(i, 'total', 'size'))
        expect(total.count).toBe(self.count + sum(i, 'total', 'count'))
        expect(totalDiff?.size).toBe((selfDiff?.size ?? 0) + sum(i, 'totalDiff', 'size'))
      }
    }
  })

  it('compares: what came and what went both weigh', () => {
    const old = snapshotOf(`
      1000 1: main@a.js:1
       400 1: main@a.js:1 > f@a.js:5
      9000 9: gone@a.js:7
       100 1: swap@a.js:8 > p@a.js:9`)
    const later = snapshotOf(`
      1000 1: main@a.js:1
       900 3: main@a.js:1 > f@a.js:5
       100 1: swap@a.js:8 > q@a.js:10`)
    expect(text(treeView(later, old, { ...ALL, least: 1 }))).toBe(`\
total: size=2000 B (-8500 B), count=5 (-7)
  gone (a.js:7): size=0 B (-9000 B), self=0 B (-9000 B), count=0 (-9)
  main (a.js:1): size=1900 B (+500 B), self=1000 B (+0 B), count=4 (+2)
    f (a.js:5): size=900 B (+500 B), self=900 B (+500 B), count=3 (+2)
  swap (a.js:8): size=100 B (+0 B), count=1 (+0)
    q (a.js:10): size=100 B (+100 B), self=100 B (+100 B), count=1 (+1)
    p (a.js:9): size=0 B (-100 B), self=0 B (-100 B), count=0 (-1)`)
  })

  it('is empty for an empty snapshot', () => {
    expect(text(treeView(snapshotOf('0 0: '), undefined, { ...ALL, least: 1 }))).toBe(
      'total: size=0 B, count=0',
    )
  })

  it('fears no depth', () => {
    const deep = Array.from({ length: 20_000 }, (_, i) => `f@a.js:${i + 1}`).join(' > ')
    const view = treeView(snapshotOf(`8 1: ${deep}`, sampledMeta), undefined, ALL)
    expect(view.rows.length).toBe(20_001)
    for (const lines of [textOf(view), table(view).split('\n')]) {
      expect(lines.at(-1)).toContain('[20000] ')
      expect(Math.max(...lines.map(line => line.length))).toBeLessThan(220)
    }
    expect(JSON.parse(jsonText(jsonOf(view))).rows).toHaveLength(20_001)
  })
})

it('a table draws branches', () => {
  expect(table(treeView(now, undefined, { ...ALL, limit: 2 }))).toBe(`\
  size      %    self  count  call
3560 B  100.0     3 B      8  total
3550 B   99.7  1000 B      6  ├ main (a.js:1)
2500 B   70.2  2000 B      3  │ ├ f (a.js:5)
 500 B   14.0   500 B      1  │ │ └ g (b.js:9)
  30 B    0.8    30 B      1  │ ├ g (b.js:9)
  20 B    0.6              1  │ └ ... 1 more
   7 B    0.2     7 B      1  └ c.py:3`)
})

it('names are made visible, and long ones cut', () => {
  const snapshot = snapshotOf(`5 1: f@a.js:1`)
  snapshot.tables.frames.functionName[0] = snapshot.tables.strings.intern(`\u001b[2J\n${'é'.repeat(100_000)}`)
  const view = treeView(snapshot, undefined, ALL)
  expect(text(view).split('\n')).toHaveLength(2)
  expect(text(view)).toContain('\\u{1b}[2J\\u{a}')
  expect(table(view, 80).split('\n')[2].length).toBe(80)
})

it('JSON has rows with the caller’s index', () => {
  const old = snapshotOf('1000 1: main@a.js:1')
  const json = jsonOf(treeView(now, old, { ...ALL, limit: 1, title: 'x' }))
  expect(json).toMatchObject({ snapshot: 'x' })
  expect(json.rows.slice(0, 3)).toEqual([
    {
      depth: 0,
      parent: -1,
      ...{ size: 3560, count: 8, selfSize: 3, selfCount: 1 },
      ...{ sizeDiff: 2560, countDiff: 7, selfSizeDiff: 3, selfCountDiff: 1 },
    },
    {
      depth: 1,
      parent: 0,
      ...{ filename: 'a.js', lineno: 1, column: 0, function: 'main', exact: false },
      ...{ size: 3550, count: 6, selfSize: 1000, selfCount: 1 },
      ...{ sizeDiff: 2550, countDiff: 5, selfSizeDiff: 0, selfCountDiff: 0 },
    },
    expect.objectContaining({ depth: 2, parent: 1, function: 'f', size: 2500 }),
  ])
  expect(json.rows.at(-1)).toMatchObject({ depth: 1, parent: 0, hidden: 1, size: 7 })
})
