import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { heapprofile } from '../../converters/heapprofile/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { Grouper } from '../../src/model/grouping/group.ts'
import { errorBars } from '../../src/statistics/estimation/error-bars.ts'
import { estimateCounts } from '../../src/statistics/estimation/estimates.ts'

const SAMPLES = ['leak-node26-i1024-after', 'node20-heapprof-i2048', 'node26-v8startHeapProfile']

it.each(SAMPLES)('%s has the same counts and error bars from multisets as from samples', async name => {
  const bytes = await readFile(`samples/heapprofile/${name}.heapprofile`)
  const read = async (samples: true | 'multisets') => {
    const [snapshot] = (await heapprofile.read?.(bytesSource(bytes), { samples })) ?? []
    return estimateCounts(snapshot)
  }
  const [each, multisets] = [await read(true), await read('multisets')]
  expect(multisets.columns.samples).toBeUndefined()
  expect(multisets.meta).toEqual(each.meta)
  expect(multisets.columns.size).toEqual(each.columns.size)
  const barsOf = (snapshot: typeof each) => {
    const grouper = new Grouper(snapshot.tables, 'lineno')
    const groups = grouper.group(snapshot)
    const bar = errorBars([snapshot], grouper)
    return [-1, ...groups.ids].map(id => bar(id, groups.size[id] ?? snapshot.total.size))
  }
  const expected = barsOf(each)
  for (const [i, bar] of barsOf(multisets).entries()) {
    for (const key of ['sizeError', 'sizeLow', 'sizeHigh', 'countError'] as const) {
      if (expected[i][key] === null) expect(bar[key]).toBeNull()
      else
        expect((bar[key] as number) / ((expected[i][key] as number) || 1)).toBeCloseTo(
          expected[i][key] ? 1 : 0,
          6,
        )
    }
  }
  for (let row = 0; row < each.length; row++)
    expect(multisets.columns.count[row] / each.columns.count[row]).toBeCloseTo(1, 6)
})
