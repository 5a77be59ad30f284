// The tests of CPython 3.11's own test_tracemalloc.py that need no Python: same names, same values, same order.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  DomainFilter,
  Filter,
  Frame,
  Snapshot,
  type Statistic,
  type StatisticDiff,
  Trace,
  Traceback,
  UsageError,
} from '../../src/index.ts'

type Raw = [domain: number, size: number, frames: [string, number][], totalNframe: number]

const AB: [string, number][] = [
  ['a.py', 2],
  ['b.py', 4],
]
const RAW: Raw[] = [
  [0, 10, AB, 3],
  [0, 10, AB, 3],
  [0, 10, AB, 3],
  [
    1,
    2,
    [
      ['a.py', 5],
      ['b.py', 4],
    ],
    3,
  ],
  [2, 66, [['b.py', 1]], 1],
  [3, 7, [['<unknown>', 0]], 1],
]
const RAW2: Raw[] = [
  [0, 10, AB, 3],
  [0, 10, AB, 3],
  [0, 10, AB, 3],
  [
    2,
    2,
    [
      ['a.py', 5],
      ['b.py', 4],
    ],
    3,
  ],
  [
    2,
    5000,
    [
      ['a.py', 5],
      ['b.py', 4],
    ],
    3,
  ],
  [4, 400, [['c.py', 578]], 1],
]

/** CPython's raw frames are newest first, a Traceback's oldest first. */
function traceback(frames: [string, number][], totalNframe?: number): Traceback {
  return new Traceback(frames.map(([file, line]) => new Frame(file, line)).reverse(), totalNframe)
}

function snapshotOf(raw: readonly Raw[], limit: number): Snapshot {
  return Snapshot.from(
    raw.map(([domain, size, frames, total]) => new Trace(domain, size, traceback(frames, total))),
    limit,
  )
}

const snapshot = snapshotOf(RAW, 2)
const snapshot2 = snapshotOf(RAW2, 2)

function rawOf({ traces }: Snapshot): Raw[] {
  return Array.from(traces, ({ domain, size, traceback }) => [
    domain,
    size,
    [...traceback].reverse().map(({ filename, lineno }) => [filename, lineno]),
    traceback.totalNframe ?? 0,
  ])
}

const figures = (all: readonly Statistic[]) => all.map(s => [framesOf(s.traceback), s.size, s.count])
const changes = (all: readonly StatisticDiff[]) =>
  all.map(s => [framesOf(s.traceback), s.size, s.sizeDiff, s.count, s.countDiff])
const framesOf = (t: Traceback) =>
  [...t]
    .reverse()
    .map(({ filename, lineno }) => `${filename}:${lineno}`)
    .join()

/** Does a filter keep a trace of these frames? */
function keeps(filter: Filter, ...frames: [string, number][]): boolean {
  return snapshotOf([[0, 1, frames, frames.length]], 9).filterTraces([filter]).length === 1
}

describe('TestTraceback', () => {
  it('test_repr', () => {
    expect(inspect(new Traceback([]))).toBe('<Traceback ()>')
    expect(inspect(new Traceback([], 0))).toBe('<Traceback () total_nframe=0>')
    const frames: [string, number][] = [
      ['f1', 1],
      ['f2', 2],
    ]
    const shown = "(<Frame filename='f2' lineno=2>, <Frame filename='f1' lineno=1>)"
    expect(inspect(traceback(frames))).toBe(`<Traceback ${shown}>`)
    expect(inspect(traceback(frames, 2))).toBe(`<Traceback ${shown} total_nframe=2>`)
  })
})

describe('TestTracemallocEnabled, as far as it is about values', () => {
  const inFile = async (name: string, work: (path: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-cpython-'))
    try {
      await work(join(folder, name))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it.each(['x.pb.gz', 'x.ndjson', 'x.pickle'])('test_snapshot (%s)', async name => {
    await inFile(name, async path => {
      await snapshot.dump(path)
      const again = await Snapshot.load(path)
      const sorted = (s: Snapshot) => s.statistics(['traceback', 'domain']).map(String)
      expect(sorted(again)).toEqual(sorted(snapshot))
    })
  })

  it.each(['x.pb.gz', 'x.ndjson'])('test_snapshot_save_attr (%s)', async name => {
    await inFile(name, async path => {
      const own = snapshotOf(RAW, 2) as Snapshot & { testAttr?: unknown }
      own.testAttr = { new: [1, 'two'] }
      await own.dump(path)
      const again = (await Snapshot.load(path)) as typeof own
      expect(again.testAttr).toEqual({ new: [1, 'two'] })
      expect(again.statistics('lineno')).toHaveLength(4)
    })
  })

  it('refuses an attribute that a dump cannot keep', async () => {
    await inFile('x.pb.gz', async path => {
      const own = Object.assign(snapshotOf(RAW, 2), { big: 1n })
      await expect(own.dump(path)).rejects.toThrow(
        new UsageError('a dump cannot keep the attribute big: it is not JSON'),
      )
    })
  })

  it('never lets a file replace a part of a snapshot', async () => {
    await inFile('x.pb.gz', async path => {
      const attributes = JSON.parse(
        '{"__proto__": {"polluted": 1}, "statistics": 1, "columns": 2, "mine": 3}',
      )
      await snapshot.with({ meta: { attributes } }).dump(path)
      const again = await Snapshot.load(path)
      expect(again.statistics('lineno')).toHaveLength(4)
      expect('polluted' in again).toBe(false)
      expect((again as Snapshot & { mine: number }).mine).toBe(3)
    })
  })
})

describe('TestSnapshot', () => {
  it('test_create_snapshot', () => {
    const one = snapshotOf([[0, 5, [['a.py', 2]], 10]], 5)
    expect(one.tracebackLimit).toBe(5)
    expect(one.traces).toHaveLength(1)
    const trace = one.traces.at(0)!
    expect(trace.size).toBe(5)
    expect(trace.traceback.totalNframe).toBe(10)
    expect(trace.traceback).toHaveLength(1)
    expect(trace.traceback.at(0)).toMatchObject({ filename: 'a.py', lineno: 2 })
  })

  it('test_filter_traces', () => {
    const [f1, f2, f3] = [new Filter(false, 'b.py'), new Filter(true, 'a.py', 2), new Filter(true, 'a.py', 5)]
    const original = rawOf(snapshot)
    const third = snapshot.filterTraces([f1])
    expect(rawOf(third)).toEqual([...RAW.slice(0, 4), RAW[5]])
    expect(rawOf(snapshot)).toEqual(original)
    expect(rawOf(third.filterTraces([f2, f3]))).toEqual(RAW.slice(0, 4))
    const fifth = snapshot.filterTraces([])
    expect(fifth).not.toBe(snapshot)
    expect(fifth.traces.equals(snapshot.traces)).toBe(true)
    expect(() => snapshot.filterTraces(f1 as never)).toThrow(TypeError)
  })

  it('test_filter_traces_domain', () => {
    expect(rawOf(snapshot.filterTraces([new Filter(false, 'a.py', { domain: 1 })]))).toEqual([
      ...RAW.slice(0, 3),
      RAW[4],
      RAW[5],
    ])
    expect(rawOf(snapshot.filterTraces([new Filter(true, 'a.py', undefined, false, 1)]))).toEqual([RAW[3]])
  })

  it('test_filter_traces_domain_filter', () => {
    expect(rawOf(snapshot.filterTraces([new DomainFilter(false, 3)]))).toEqual(RAW.slice(0, 5))
    expect(rawOf(snapshot.filterTraces([new DomainFilter(true, 3)]))).toEqual([RAW[5]])
  })

  it('test_snapshot_group_by_line', () => {
    expect(figures(snapshot.statistics('lineno'))).toEqual([
      ['b.py:1', 66, 1],
      ['a.py:2', 30, 3],
      ['<unknown>:0', 7, 1],
      ['a.py:5', 2, 1],
    ])
    expect(figures(snapshot2.statistics('lineno'))).toEqual([
      ['a.py:5', 5002, 2],
      ['c.py:578', 400, 1],
      ['a.py:2', 30, 3],
    ])
    expect(changes(snapshot2.compareTo(snapshot, 'lineno'))).toEqual([
      ['a.py:5', 5002, 5000, 2, 1],
      ['c.py:578', 400, 400, 1, 1],
      ['b.py:1', 0, -66, 0, -1],
      ['<unknown>:0', 0, -7, 0, -1],
      ['a.py:2', 30, 0, 3, 0],
    ])
  })

  it('test_snapshot_group_by_file', () => {
    expect(figures(snapshot.statistics('filename'))).toEqual([
      ['b.py:0', 66, 1],
      ['a.py:0', 32, 4],
      ['<unknown>:0', 7, 1],
    ])
    expect(figures(snapshot2.statistics('filename'))).toEqual([
      ['a.py:0', 5032, 5],
      ['c.py:0', 400, 1],
    ])
    expect(changes(snapshot2.compareTo(snapshot, 'filename'))).toEqual([
      ['a.py:0', 5032, 5000, 5, 1],
      ['c.py:0', 400, 400, 1, 1],
      ['b.py:0', 0, -66, 0, -1],
      ['<unknown>:0', 0, -7, 0, -1],
    ])
  })

  it('test_snapshot_group_by_traceback', () => {
    expect(figures(snapshot.statistics('traceback'))).toEqual([
      ['b.py:1', 66, 1],
      ['a.py:2,b.py:4', 30, 3],
      ['<unknown>:0', 7, 1],
      ['a.py:5,b.py:4', 2, 1],
    ])
    expect(figures(snapshot2.statistics('traceback'))).toEqual([
      ['a.py:5,b.py:4', 5002, 2],
      ['c.py:578', 400, 1],
      ['a.py:2,b.py:4', 30, 3],
    ])
    expect(changes(snapshot2.compareTo(snapshot, 'traceback'))).toEqual([
      ['a.py:5,b.py:4', 5002, 5000, 2, 1],
      ['c.py:578', 400, 400, 1, 1],
      ['b.py:1', 0, -66, 0, -1],
      ['<unknown>:0', 0, -7, 0, -1],
      ['a.py:2,b.py:4', 30, 0, 3, 0],
    ])
    expect(() => snapshot.statistics('traceback', true)).toThrow(UsageError)
  })

  it.each([true, 'per-frame'] as const)('test_snapshot_group_by_cumulative (%s)', cumulative => {
    expect(figures(snapshot.statistics('filename', cumulative))).toEqual([
      ['b.py:0', 98, 5],
      ['a.py:0', 32, 4],
      ['<unknown>:0', 7, 1],
    ])
    expect(figures(snapshot.statistics('lineno', cumulative))).toEqual([
      ['b.py:1', 66, 1],
      ['b.py:4', 32, 4],
      ['a.py:2', 30, 3],
      ['<unknown>:0', 7, 1],
      ['a.py:5', 2, 1],
    ])
  })

  it('test_trace_format', () => {
    const trace = snapshot.traces.at(0)!
    expect(String(trace)).toBe('b.py:4: 10 B')
    expect(String(trace.traceback)).toBe('b.py:4')
    expect(String(trace.traceback.at(0))).toBe('b.py:4')
    expect(inspect(trace)).toBe(
      "<Trace domain=0 size=10 B, traceback=<Traceback (<Frame filename='b.py' lineno=4>, <Frame filename='a.py' lineno=2>) total_nframe=3>>",
    )
  })

  it('test_statistic_format', () => {
    expect(String(snapshot.statistics('lineno')[0])).toBe('b.py:1: size=66 B, count=1, average=66 B')
  })

  it('test_statistic_diff_format', () => {
    expect(String(snapshot2.compareTo(snapshot, 'lineno')[0])).toBe(
      'a.py:5: size=5002 B (+5000 B), count=2 (+1), average=2501 B',
    )
  })

  it('test_slices', () => {
    const { traces } = snapshot
    expect(traces.slice(undefined, 2).map(t => t.key)).toEqual([traces.at(0)!.key, traces.at(1)!.key])
    const { traceback } = traces.at(0)!
    expect(traceback.slice(undefined, 2)).toEqual([traceback.at(0), traceback.at(1)])
  })

  it('test_format_traceback', () => {
    const getLine = (filename: string, lineno: number) => `  <${filename}, ${lineno}>`
    const { traceback } = snapshot.traces.at(0)!
    const b = ['  File "b.py", line 4', '    <b.py, 4>']
    const a = ['  File "a.py", line 2', '    <a.py, 2>']
    expect(traceback.format({ getLine })).toEqual([...b, ...a])
    expect(traceback.format({ getLine, limit: 1 })).toEqual(a)
    expect(traceback.format({ getLine, limit: -1 })).toEqual(b)
    expect(traceback.format({ getLine, mostRecentFirst: true })).toEqual([...a, ...b])
    expect(traceback.format({ getLine, limit: 1, mostRecentFirst: true })).toEqual(a)
    expect(traceback.format({ getLine, limit: -1, mostRecentFirst: true })).toEqual(b)
  })
})

describe('TestFilters', () => {
  it('test_filter_attributes', () => {
    expect(new Filter(true, 'abc')).toMatchObject({
      inclusive: true,
      filenamePattern: 'abc',
      allFrames: false,
    })
    expect(new Filter(true, 'abc').lineno).toBeUndefined()
    const all = { inclusive: false, filenamePattern: 'test.py', lineno: 123, allFrames: true }
    expect(new Filter(false, 'test.py', 123, true)).toMatchObject(all)
    const filter = new Filter(false, 'test.py', { lineno: 123, allFrames: true })
    expect(filter).toMatchObject(all)
    expect(() => Object.assign(filter, { filenamePattern: 'abc' })).toThrow(TypeError)
  })

  it.each<[what: string, make: () => unknown]>([
    ['an unknown option', () => new Filter(true, 'a', { line: 1 } as never)],
    ['options and values', () => new Filter(true, 'a', { lineno: 1 }, true)],
    ['a line that is text', () => new Filter(true, 'a', '1' as never)],
    ['a line that is not whole', () => new Filter(true, 'a', 1.5)],
    ['a negative line', () => new Filter(true, 'a', -1)],
    ['a pattern that is no string', () => new Filter(true, /a/ as never)],
    ['no pattern', () => new (Filter as new (inclusive: boolean) => Filter)(true)],
    ['a number for true', () => new Filter(1 as never, 'a')],
    ['a number for all frames', () => new Filter(true, 'a', 1, 1 as never)],
    ['a domain that is text', () => new Filter(true, 'a', 1, false, 'heap' as never)],
    ['no domain', () => new (DomainFilter as new (inclusive: boolean) => DomainFilter)(true)],
  ])('refuses %s', (_, make) => {
    expect(make).toThrow(UsageError)
  })

  it('test_filter_match', () => {
    const lines = [0, 5, 10]
    const matches = (filter: Filter, name: string) => lines.filter(line => keeps(filter, [name, line]))
    expect(matches(new Filter(true, 'abc'), 'abc')).toEqual(lines)
    expect(matches(new Filter(true, 'abc'), '12356')).toEqual([])
    expect(matches(new Filter(false, 'abc'), 'abc')).toEqual([])
    expect(matches(new Filter(false, 'abc'), '12356')).toEqual(lines)
    expect(matches(new Filter(true, 'abc', 5), 'abc')).toEqual([5])
    expect(matches(new Filter(true, 'abc', 5), '12356')).toEqual([])
    expect(matches(new Filter(false, 'abc', 5), 'abc')).toEqual([0, 10])
    expect(matches(new Filter(false, 'abc', 5), '12356')).toEqual(lines)
    expect(matches(new Filter(true, 'abc', 0), 'abc')).toEqual([0])
    expect(matches(new Filter(true, 'abc', 0), '12356')).toEqual([])
    expect(matches(new Filter(false, 'abc', 0), 'abc')).toEqual([5, 10])
    expect(matches(new Filter(false, 'abc', 0), '12356')).toEqual(lines)
  })

  it('test_filter_match_filename', () => {
    const names = ['abc', '12356', '<unknown>']
    expect(names.filter(name => keeps(new Filter(true, 'abc'), [name, 0]))).toEqual(['abc'])
    expect(names.filter(name => keeps(new Filter(false, 'abc'), [name, 0]))).toEqual(['12356', '<unknown>'])
  })

  it.each<[filename: string, pattern: string, isMatch: boolean]>([
    ['abc', '', false],
    ['', 'abc', false],
    ['', '', true],
    ['', '*', true],
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['abc', 'def', false],
    ['abc', 'a*', true],
    ['abc', 'abc*', true],
    ['abc', 'b*', false],
    ['abc', 'abcd*', false],
    ['abc', 'a*c', true],
    ['abcdcx', 'a*cx', true],
    ['abb', 'a*c', false],
    ['abcdce', 'a*cx', false],
    ['abcde', 'a*c*e', true],
    ['abcbdefeg', 'a*bd*eg', true],
    ['abcdd', 'a*c*e', false],
    ['abcbdefef', 'a*bd*eg', false],
    ['aBC', 'ABc', false],
    ['aBcDe', 'Ab*dE', false],
    ['a/b', 'a\\b', false],
    ['a\\b', 'a/b', false],
    ['a/b\\c', 'a\\b/c', false],
    ['a.pyo', 'a.py', false],
    ['a.pyc', 'a.py', false], // CPython takes them for one: there is no .pyc here
  ])('test_filter_match_filename_joker: %j by %j', (filename, pattern, isMatch) => {
    expect(keeps(new Filter(true, pattern), [filename, 0])).toBe(isMatch)
  })

  it('test_filter_match_trace', () => {
    const traces: [string, number][][] = [
      [
        ['a.py', 2],
        ['b.py', 3],
      ],
      [
        ['b.py', 4],
        ['b.py', 5],
      ],
      [
        ['c.py', 5],
        ['<unknown>', 0],
      ],
      [['<unknown>', 0]],
    ]
    const kept = (inclusive: boolean, pattern: string, allFrames: boolean) =>
      traces.map(frames => keeps(new Filter(inclusive, pattern, { allFrames }), ...frames))
    expect(kept(true, 'b.py', true)).toEqual([true, true, false, false])
    expect(kept(true, 'b.py', false)).toEqual([false, true, false, false])
    expect(kept(false, 'b.py', true)).toEqual([false, false, true, true])
    expect(kept(false, 'b.py', false)).toEqual([true, false, true, true])
    expect(kept(false, '<unknown>', false)).toEqual([true, true, true, false])
    expect(kept(true, '<unknown>', true)).toEqual([false, false, true, true])
    expect(kept(false, '<unknown>', true)).toEqual([true, true, false, false])
  })
})

describe('equality', () => {
  it.each([undefined, null, 1, '', [], {}, new Frame('a', 1)])('answers for %j', other => {
    const trace = snapshot.traces.at(0)!
    expect(trace.equals(other)).toBe(false)
    expect(trace.traceback.equals(other)).toBe(false)
    expect(snapshot.traces.equals(other)).toBe(false)
    expect(snapshot.traces.includes(other)).toBe(false)
    expect(trace.traceback.includes(undefined)).toBe(false)
    expect(snapshot.statistics('lineno')[0].equals(other)).toBe(false)
    expect(snapshot.compareTo(snapshot2, 'lineno')[0].equals(other)).toBe(false)
  })

  it('has keys for maps that are equal for what is equal, and for nothing else', () => {
    const keys = new Set(Array.from(snapshot.traces, trace => trace.key))
    expect(keys.size).toBe(4)
    expect(new Frame('a"', 1).key).not.toBe(new Frame('a', 1).key)
    expect(traceback(AB).key).toBe(traceback(AB, 9).key)
    expect(traceback([['a.py', 2]]).key).not.toBe(traceback(AB).key)
  })
})
