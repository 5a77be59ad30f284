// The model against CPython's own tracemalloc, line by line.

import { describe, expect, it } from 'vitest'
import { pickle } from '../../converters/pickle/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { type BaseFilter, DomainFilter, Filter } from '../../src/model/filter.ts'
import { Frame } from '../../src/model/frame.ts'
import { compileGlob } from '../../src/model/glob.ts'
import type { Cumulative, KeyType } from '../../src/model/grouping/group.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { Trace } from '../../src/model/trace.ts'
import { Traceback } from '../../src/model/traceback.ts'
import { formatSize } from '../../src/text/units.ts'
import { cpython, seed } from '../oracle/cpython.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'

/** (domain, size, frames, total_nframe), the frames most recent first. */
type PythonTrace = [number, number, [string, number][], number | null]

interface PythonFilter {
  inclusive: boolean
  pattern?: string
  lineno?: number | null
  allFrames?: boolean
  domain?: number | null
}

interface Pair {
  protocol: number
  old: string
  new: string
  limit: number
  traces: PythonTrace[]
  statistics: Record<string, string[]>
  diff: Record<string, string[]>
  filters: PythonFilter[]
  filtered: PythonTrace[]
  trace: string[]
  tracebacks: [string, number][][]
  order: number[]
  equal: [number, number][]
  formats: Record<string, string[]>
}

/** Python's key of a group: `lineno True` is cumulative. */
function keyOf(name: string): [KeyType, Cumulative] {
  const [keyType, cumulative] = name.split(' ')
  return [keyType as KeyType, cumulative === 'True' && 'per-frame']
}

async function load(encoded: string): Promise<Snapshot> {
  const [snapshot] = await (pickle.read as NonNullable<typeof pickle.read>)(
    bytesSource(Buffer.from(encoded, 'base64')),
    {},
  )
  checkSnapshot(snapshot)
  return snapshot
}

function toPython(trace: Trace): PythonTrace {
  const frames = trace.traceback.frames.map((f): [string, number] => [f.filename, f.lineno])
  return [trace.domain, trace.size, frames.reverse(), trace.traceback.totalNframe ?? null]
}

function filterOf(f: PythonFilter): BaseFilter {
  const domain = f.domain ?? undefined
  if (f.pattern === undefined) return new DomainFilter(f.inclusive, domain as number)
  return new Filter(f.inclusive, f.pattern, { lineno: f.lineno ?? undefined, allFrames: f.allFrames, domain })
}

function tracebackOf(frames: [string, number][]): Traceback {
  return new Traceback(frames.map(([filename, lineno]) => new Frame(filename, lineno)).reverse())
}

describe('200 random pairs of snapshots', () => {
  const pairs = cpython<Pair[]>(['snapshots', seed, '200'])

  it('are loaded trace by trace', async () => {
    for (const pair of pairs) {
      const snapshot = await load(pair.new)
      expect(snapshot.tracebackLimit).toBe(pair.limit)
      expect([...snapshot.traces].map(toPython)).toEqual(pair.traces)
      expect([...snapshot.traces].map(String)).toEqual(pair.trace)
    }
  })

  it('have the same statistics', async () => {
    for (const pair of pairs) {
      const snapshot = await load(pair.new)
      for (const [name, lines] of Object.entries(pair.statistics)) {
        expect(snapshot.statistics(...keyOf(name)).map(String), name).toEqual(lines)
      }
    }
  })

  it('have the same differences, over shared tables and over tables of their own', async () => {
    for (const pair of pairs) {
      const snapshot = await load(pair.new)
      const old = await load(pair.old)
      for (const before of [old, old.over(snapshot.tables)]) {
        for (const [name, lines] of Object.entries(pair.diff)) {
          expect(snapshot.compareTo(before, ...keyOf(name)).map(String), name).toEqual(lines)
        }
      }
    }
  })

  it('are filtered alike', async () => {
    for (const pair of pairs) {
      const snapshot = await load(pair.new)
      const filtered = snapshot.filterTraces(pair.filters.map(filterOf))
      expect([...filtered.traces].map(toPython), JSON.stringify(pair.filters)).toEqual(pair.filtered)
      checkSnapshot(filtered)
    }
  })

  it('have tracebacks that order, equal and print alike', () => {
    for (const pair of pairs) {
      const views = pair.tracebacks.map(tracebackOf)
      const order = views.map((_, i) => i).sort((a, b) => views[a].compare(views[b]) || a - b)
      expect(order).toEqual(pair.order)
      const equal = views.flatMap((a, i) => views.flatMap((b, j) => (a.equals(b) ? [[i, j]] : [])))
      expect(equal).toEqual(pair.equal)
      for (const [name, lines] of Object.entries(pair.formats)) {
        const [limit, first] = name.split(' ')
        const options = {
          limit: limit === 'None' ? undefined : Number(limit),
          mostRecentFirst: first === 'True',
          getLine: (_: string, n: number) => (n % 2 === 0 && n > 0 && n <= 6 ? `\t line ${n} of it \n` : ''),
        }
        expect(views[0].format(options), name).toEqual(lines)
      }
    }
  })
})

it('patterns match as fnmatchcase', () => {
  const cases = cpython<[string, string, boolean][]>(['globs', seed, '5000'])
  expect(cases.filter(([name, pattern, matches]) => compileGlob(pattern)(name) !== matches)).toEqual([])
})

it('sizes are written as _format_size', () => {
  const cases = cpython<[number, string, string][]>(['sizes', seed, '30000'])
  const wrong = cases.filter(
    ([size, text, signed]) => formatSize(size) !== text || formatSize(size, true) !== signed,
  )
  expect(wrong).toEqual([])
})
