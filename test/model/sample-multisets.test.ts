import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MultisetBuilder, samplesOf } from '../../src/model/sample-multisets.ts'

it('multisets hold the sizes of each row and how many of each, in any order of samples', () => {
  const samples = fc.array(fc.tuple(fc.nat(5), fc.constantFrom(16, 24, 32, 2 ** 32, 2 ** 40)), {
    maxLength: 200,
  })
  fc.assert(
    fc.property(samples, list => {
      const builder = new MultisetBuilder()
      const expected = Array.from({ length: 8 }, () => new Map<number, number>())
      for (const [row, size] of list) {
        builder.add(row, size)
        expected[row].set(size, (expected[row].get(size) ?? 0) + 1)
      }
      const multisets = builder.build(8)
      const found = expected.map((_, row) => {
        const entries = new Map<number, number>()
        const multiset = multisets.ofRow[row]
        for (let i = multisets.start[multiset]; i < multisets.start[multiset + 1]; i++)
          entries.set(multisets.sizes[multisets.value[i]], multisets.n[i])
        return entries
      })
      expect(found).toEqual(expected)
      expect(expected.map((_, row) => samplesOf(multisets, row))).toEqual(
        expected.map(entries => [...entries.values()].reduce((a, b) => a + b, 0)),
      )
      expect(multisets.samples.reduce((a, b) => a + b, 0)).toBe(list.length)
    }),
  )
})

it('rows of the same samples share a multiset', () => {
  const builder = new MultisetBuilder()
  for (const [row, size] of [
    [0, 16],
    [1, 24],
    [0, 24],
    [1, 16],
  ])
    builder.add(row, size)
  const { ofRow } = builder.build(3)
  expect([...ofRow]).toEqual([ofRow[0], ofRow[0], 0])
})
