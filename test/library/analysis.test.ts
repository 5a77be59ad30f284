// What the commands show, as values: the same figures, through the public names.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, root } from '../support/cli.ts'

/** The library as built: it starts threads of its own. */
const library: typeof import('../../src/index.ts') = await import(join(root, 'dist/src/index.js'))
const { batch, compareSampled, Filter, HeapSnapshot, loadSnapshot, seriesTrend, UsageError } = library

const BEFORE = 'samples/heapprofile/leak-node26-i1024-before.heapprofile'
const AFTER = 'samples/heapprofile/leak-node26-i1024-after.heapprofile'
const HEAP = 'samples/heapsnapshot/node26-traces.heapsnapshot.gz'
const LONG = 60_000

const json = async (...args: string[]) =>
  JSON.parse((await cli([...args, '--format', 'json', '--limit', '0'])).stdout)
const BARS = ['size', 'sizeError', 'sizeLow', 'sizeHigh', 'countError'] as const
const bars = (row: Record<string, unknown>) => BARS.map(name => row[name] ?? null)

describe('error bars', () => {
  it.each(['lineno', 'package'] as const)(
    'of statistics by %s are those of top',
    { timeout: LONG },
    async key => {
      const own = (await loadSnapshot(AFTER)).statistics(key)
      const shown = (await json('top', AFTER, '--group-by', key)).snapshots[0].rows
      expect(own.length).toBe(shown.length)
      // `top` estimates rows of the same size together, so the last digits may differ.
      for (const [i, row] of own.entries()) {
        expect(bars(row as never)[0]).toBe(shown[i].size)
        expect(row.sizeLow).toBeLessThanOrEqual(row.size)
        expect(row.sizeHigh).toBeGreaterThanOrEqual(row.size)
        expect(row.sizeError! / shown[i].sizeError).toBeCloseTo(1, 1)
      }
    },
  )
  it('are zero where all was seen, and null where nothing is known', async () => {
    const snapshot = await loadSnapshot(AFTER)
    const of = (accuracy: 'exact' | 'sampled', interval?: number) =>
      snapshot
        .with({ meta: { accuracy, interval, intervalSource: undefined }, columns: { samples: undefined } })
        .statistics('lineno')[0]
    const exact = of('exact', 1)
    expect(bars(exact as never)).toEqual([exact.size, 0, exact.size, exact.size, 0])
    expect(bars(of('sampled') as never).slice(1)).toEqual([null, null, null, null])
  })
  it('follow the rows that a filter leaves', async () => {
    const [row] = (await loadSnapshot(AFTER))
      .filterTraces([new Filter(true, 'node:*')])
      .statistics('filename')
    expect(row.sizeError).toBeGreaterThan(0)
    expect(row.sizeHigh!).toBeLessThan(row.size * 2)
  })
})

describe('differences', () => {
  it('have the verdicts of diff', { timeout: LONG }, async () => {
    const [after, before] = [await loadSnapshot(AFTER), await loadSnapshot(BEFORE)]
    const { rows, total, rule } = compareSampled(after, [before], 'lineno')
    const shown = (await json('diff', BEFORE, AFTER)).snapshots[0]
    expect(rule).toBe('unpaired')
    expect(total.statistic.sizeDiff).toBe(shown.total.sizeDiff)
    expect(rows.map(row => [row.statistic.sizeDiff, row.significant])).toEqual(
      shown.rows.map((row: { sizeDiff: number; significant: boolean }) => [row.sizeDiff, row.significant]),
    )
    expect(rows[0].sizeDiffLow).toBeGreaterThan(0)
  })
  it('say what is wrong', async () => {
    const snapshot = await loadSnapshot(AFTER)
    expect(() => compareSampled([], snapshot, 'lineno')).toThrow(UsageError)
    expect(() => compareSampled(snapshot, 'x' as never, 'lineno')).toThrow('old snapshots: not a Snapshot')
    expect(() => seriesTrend([snapshot, snapshot], 'lineno')).toThrow('2 are too few, it takes 3')
    expect(() => compareSampled(snapshot, snapshot, 'colour' as never)).toThrow("unknown key_type: 'colour'")
  })
})

describe('batch', () => {
  it('gives the figures of the command', { timeout: LONG }, async () => {
    const { series, failed } = await batch('samples/series', { groupBy: 'function', threads: 1 })
    expect(failed).toEqual([])
    const shown = (await json('batch', 'samples/series', '--group-by', 'function')).series
    expect(series.map(one => one.points.map(point => point.size))).toEqual(
      shown.map((one: { snapshots: { size: number }[] }) => one.snapshots.map(point => point.size)),
    )
    const [{ trend, growth }] = series
    expect(trend?.rows[0].sizes).toHaveLength(series[0].points.length)
    expect(growth?.rows[0].statistic.sizeDiff).toBeGreaterThan(0)
  })
  it('filters, groups by a pattern, compares with a baseline, and says what is wrong', {
    timeout: LONG,
  }, async () => {
    const { series } = await batch([BEFORE, AFTER], {
      series: /(leak)/,
      filters: [new Filter(false, 'node:*')],
      baseline: BEFORE,
      threads: 1,
    })
    expect(series.map(one => one.name)).toEqual(['leak'])
    expect(series[0].growth?.rows.some(row => row.statistic.label.startsWith('node:'))).toBe(false)
    expect(series[0].baseline).toBeDefined()
    await expect(batch('samples/nowhere')).rejects.toThrow('no snapshots found in samples/nowhere')
    await expect(batch(BEFORE, { colour: 1 } as never)).rejects.toThrow('batch has no option colour')
    await expect(batch(BEFORE, { series: /x/ })).rejects.toThrow('needs a group')
  })
})

describe('HeapSnapshot', () => {
  it('has the classes, objects and paths of heap', { timeout: LONG }, async () => {
    const heap = await HeapSnapshot.load(HEAP)
    const shown = await json('heap', HEAP)
    const classes = heap.classes()
    expect(classes.map(row => [row.name, row.retained])).toEqual(
      shown.rows.map((row: { name: string; retained: number }) => [row.name, row.retained]),
    )
    const [largest] = heap.objectsOf('Object')
    const node = heap.find(largest.id)!
    expect(node).toMatchObject({ type: 'object', className: 'Object', retained: largest.retained })
    expect(heap.node(node.index)).toEqual(node)
    const [path] = heap.retainers(largest.id, 1)!.paths
    const holder = heap.find(path[0].id)!
    expect([...heap.edges(holder)].some(edge => edge.to.id === largest.id)).toBe(true)
    expect(heap.retainers(-1)).toBeUndefined()
    let [nodes, bytes] = [0, 0]
    for (const { shallow } of heap.nodes()) {
      nodes++
      bytes += shallow
    }
    expect(nodes).toBe(heap.nodeCount)
    expect(heap.root.retained).toBe(bytes)
    expect(() => heap.node(heap.nodeCount)).toThrow(UsageError)
  })
  it('names the file that it cannot read', async () => {
    await expect(HeapSnapshot.load('samples/nowhere.heapsnapshot')).rejects.toThrow(
      'samples/nowhere.heapsnapshot',
    )
  })
})
