import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { DomainFilter, Filter } from '../../src/model/filter.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { exactMeta, sampledMeta, snapshotOf } from '../support/snapshots.ts'

/** Three rows with samples, types, domains and one known number of frames. */
function sampled(): Snapshot {
  const builder = new SnapshotBuilder()
  const { strings, frames, stacks } = builder.tables
  const stack = (line: number) => stacks.intern(0, frames.intern('f', 'a.js', line, 1))
  builder.add(stack(1), 100, 2, 0, strings.intern('Array'))
  builder.add(stack(2), 200, 1, 1, strings.intern('Map'), 7)
  builder.add(stack(3), 2 ** 45, 1, 0, 0)
  builder.addSample(0, 60, 11)
  builder.addSample(2, 2 ** 45, 2 ** 40)
  builder.addSample(0, 40, 12)
  builder.addSample(1, 200, 13)
  const snapshot = builder.build(sampledMeta, 16)
  checkSnapshot(snapshot)
  return snapshot
}

function samplesOf({ columns: { samples } }: Snapshot): [number, number, number][] {
  return Array.from(samples!.row, (row, i) => [row, samples!.size[i], samples!.ordinal[i]])
}

describe('a builder', () => {
  it('keeps every column of many rows', () => {
    const builder = new SnapshotBuilder()
    const stack = builder.tables.stacks.intern(0, builder.tables.frames.intern('', 'a.js', 1))
    for (let i = 0; i < 1000; i++) {
      expect(builder.add(stack, i * 2 ** 40, i % 5, i % 4, 0, i === 500 ? 9 : 0)).toBe(i)
    }
    builder.grow(3, 5, 6)
    const { columns } = builder.build(exactMeta, 1)
    expect(columns.size[999]).toBe(999 * 2 ** 40)
    expect([columns.size[3], columns.count[3]]).toEqual([3 * 2 ** 40 + 5, 9])
    expect(columns.domain.slice(0, 5)).toEqual(Uint32Array.of(0, 1, 2, 3, 0))
    expect([columns.totalNframe!.length, columns.totalNframe![499], columns.totalNframe![500]]).toEqual([
      1000, 0, 9,
    ])
  })

  it('leaves out what no row has', () => {
    const { columns, length, total } = new SnapshotBuilder().build(exactMeta, 1)
    expect([length, columns.totalNframe, columns.samples]).toEqual([0, undefined, undefined])
    expect(total).toEqual({ size: 0, count: 0 })
  })

  it('of snapshots that share tables gives ids that compare', () => {
    const one = snapshotOf('1 1: a.js:1')
    const two = snapshotOf('2 1: a.js:1', exactMeta, one.tables)
    expect(two.columns.stack).toEqual(one.columns.stack)
    expect(two.compareTo(one, 'lineno').map(String)).toEqual([
      'a.js:1: size=2 B (+1 B), count=1 (+0), average=2 B',
    ])
  })
})

describe('a snapshot', () => {
  it('of some rows has their samples only', () => {
    const picked = sampled().withRows([2, 0])
    checkSnapshot(picked)
    expect([...picked.columns.size]).toEqual([2 ** 45, 100])
    expect(samplesOf(picked)).toEqual([
      [1, 60, 11],
      [0, 2 ** 45, 2 ** 40],
      [1, 40, 12],
    ])
    expect([...picked.columns.totalNframe!]).toEqual([0, 0])
    expect(picked.meta).toBe(sampled().meta)
  })

  it('moved to other tables keeps samples, types and frames', () => {
    const snapshot = sampled()
    const moved = snapshot.over(snapshotOf('1 1: z.js:1 > a.js:2').tables)
    checkSnapshot(moved)
    expect([...moved.traces].map(String)).toEqual([...snapshot.traces].map(String))
    expect([...moved.traces].map(t => t.type)).toEqual(['Array', 'Map', ''])
    expect(samplesOf(moved)).toEqual(samplesOf(snapshot))
    expect(snapshot.over(snapshot.tables)).toBe(snapshot)
  })

  it('with other columns or facts leaves the first as it was', () => {
    const snapshot = sampled()
    const changed = snapshot.with({ columns: { size: Float64Array.of(1, 2, 3) }, meta: { pid: 5 } })
    expect(changed.total.size).toBe(6)
    expect([changed.meta.pid, changed.meta.interval, changed.tracebackLimit]).toEqual([5, 1024, 16])
    expect([snapshot.total.size, snapshot.meta.pid]).toEqual([300 + 2 ** 45, undefined])
  })

  it('filtered keeps the rows, their order and their samples', () => {
    const filtered = sampled().filterTraces([
      new DomainFilter(true, 0),
      new Filter(false, 'a.js', { lineno: 1 }),
    ])
    expect([...filtered.columns.size]).toEqual([2 ** 45])
    expect(samplesOf(filtered)).toEqual([[0, 2 ** 45, 2 ** 40]])
    expect(sampled().filterTraces([]).length).toBe(3)
  })

  it('is not told apart by the order of filters', () => {
    const filters = fc.array(
      fc.oneof(
        fc.tuple(fc.boolean(), fc.nat(2)).map(([inclusive, domain]) => new DomainFilter(inclusive, domain)),
        fc
          .tuple(fc.boolean(), fc.nat(4))
          .map(([inclusive, lineno]) => new Filter(inclusive, '*', { lineno })),
      ),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(filters, list => {
        const rows = (order: typeof list) => [...sampled().filterTraces(order).columns.size]
        expect(rows(list)).toEqual(rows(list.toReversed()))
      }),
    )
  })
})

describe('traces', () => {
  const traces = snapshotOf(`
    10 1: a.js:1 > b.js:2
    20 3: a.js:1
    30 1:`).traces

  it('are a sequence', () => {
    expect(traces.length).toBe(3)
    expect([traces.at(0)!.size, traces.at(-1)!.size, traces.at(3), traces.at(-4)]).toEqual([
      10,
      30,
      undefined,
      undefined,
    ])
    const sizes = (start?: number, end?: number) => traces.slice(start, end).map(t => t.size)
    expect([sizes(), sizes(1), sizes(-1), sizes(0, -1), sizes(2, 1), sizes(-9, 9)]).toEqual([
      [10, 20, 30],
      [20, 30],
      [30],
      [10, 20],
      [],
      [10, 20, 30],
    ])
  })

  it('equal others by value', () => {
    const same = snapshotOf('10 1: a.js:1 > b.js:2\n20 3: a.js:1\n30 1:').traces
    expect(traces.equals(same)).toBe(true)
    expect(traces.includes(same.at(1)!)).toBe(true)
    const other = snapshotOf('10 1: a.js:1 > b.js:3\n20 2: a.js:1').traces
    expect(traces.equals(other)).toBe(false)
    expect([...other].map(t => traces.includes(t))).toEqual([false, false])
  })

  it('have the oldest frame first, and print it', () => {
    expect(traces.at(0)!.traceback.frames.map(String)).toEqual(['a.js:1', 'b.js:2'])
    expect([...traces].map(String)).toEqual(['a.js:1: 10 B', 'a.js:1: 20 B', ': 30 B'])
    expect(traces.at(0)!.traceback.at(-1)!.toString()).toBe('b.js:2')
    expect(traces.at(0)!.traceback.includes(traces.at(1)!.traceback.at(0)!)).toBe(true)
  })
})

describe('checkSnapshot', () => {
  const broken: [string, (s: Snapshot) => Snapshot][] = [
    ['stack[0]', s => s.with({ columns: { stack: Uint32Array.of(9, 1, 1) } })],
    ['type[1]', s => s.with({ columns: { type: Uint32Array.of(0, 9999, 0) } })],
    ['size[2]', s => s.with({ columns: { size: Float64Array.of(1, 2, Number.NaN) } })],
    ['count[0]', s => s.with({ columns: { count: Float64Array.of(2 ** 54, 2, 1) } })],
    ['column domain', s => s.with({ columns: { domain: new Uint32Array(2) } })],
    [
      'samples[0].row',
      s =>
        s.with({
          columns: {
            samples: { row: Uint32Array.of(3), size: Float64Array.of(1), ordinal: Float64Array.of(1) },
          },
        }),
    ],
    ['exact, but with', s => s.with({ meta: { accuracy: 'exact' } })],
  ]
  it.each(broken)('sees a broken %s', (what, breakIt) => {
    expect(() => checkSnapshot(breakIt(sampled()))).toThrow(what)
  })
})

it('an index is taken as Array.prototype takes it, whatever number it is', () => {
  const snapshot = snapshotOf('40 1: f@a.js:1\n30 1: g@b.js:2\n20 1: h@c.js:3')
  const sizes = [40, 30, 20]
  const odd = [
    Number.NaN,
    0.5,
    -0.5,
    1.9,
    -1.9,
    undefined,
    null,
    '1',
    'x',
    3,
    -4,
    1e300,
    -1e300,
    Infinity,
    -Infinity,
  ]
  for (const index of odd as number[]) {
    expect(snapshot.traces.at(index)?.size, String(index)).toBe(sizes.at(index))
    for (const end of odd as number[])
      expect(
        snapshot.traces.slice(index, end).map(trace => trace.size),
        `${index}, ${end}`,
      ).toEqual(sizes.slice(index, end))
  }
  for (const row of [Number.NaN, 0.5, -1, 3])
    expect(() => snapshot.withRows([0, row])).toThrow(/^no row .* of 3$/)
  expect(snapshot.tables.stacks.framesOf(Number.NaN)).toEqual([])
  expect(snapshot.tables.stacks.depthOf(1e9)).toBeLessThanOrEqual(1)
})
