import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hash2,
  positions,
  RowIndex,
  reserve,
  sortDescending,
  TupleIds,
} from '../../src/model/tables/typed-arrays.ts'

const number = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger())

describe('sortDescending', () => {
  it('sorts as a comparison does, and leaves ties in their order', () => {
    fc.assert(
      fc.property(fc.array(number, { maxLength: 200 }), values => {
        const column = Float64Array.from(values)
        const ids = Uint32Array.from(values.keys()).reverse()
        const stable = [...ids].sort((a, b) => (column[a] < column[b] ? 1 : column[a] > column[b] ? -1 : 0))
        expect([...sortDescending(ids, column)]).toEqual(stable)
      }),
    )
  })

  it('takes numbers of every size and sign', () => {
    const column = Float64Array.of(
      0,
      -0,
      1e300,
      -1e300,
      2 ** 53,
      2 ** 53 - 1,
      5e-324,
      -5e-324,
      Infinity,
      -Infinity,
      255,
      256,
    )
    const ids = Uint32Array.from(column.keys())
    expect([...sortDescending(ids, column)]).toEqual([8, 2, 4, 5, 11, 10, 6, 0, 1, 7, 3, 9])
    expect([...sortDescending(new Uint32Array(0), column)]).toEqual([])
    expect([...sortDescending(Uint32Array.of(7), column)]).toEqual([7])
  })
})

it('reserve keeps what there is', () => {
  const column = Uint32Array.of(1, 2, 3)
  expect(reserve(column, 3)).toBe(column)
  const grown = reserve(column, 1000)
  expect(grown.length).toBeGreaterThanOrEqual(1000)
  expect([...grown.subarray(0, 5)]).toEqual([1, 2, 3, 0, 0])
})

it('positions are those of the ones', () => {
  expect([...positions(Uint8Array.of(0, 1, 1, 0, 1))]).toEqual([1, 2, 4])
  expect([...positions(Uint8Array.of(0, 1, 1, 0, 1), 2)]).toEqual([1])
})

it('TupleIds number tuples as a map of their texts does', () => {
  const small = fc.oneof(fc.nat(3), fc.constantFrom(2 ** 32 - 1, 2 ** 31))
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.array(small, { minLength: 5, maxLength: 5 }), { maxLength: 300 }),
      (width, rows) => {
        const tuples = new TupleIds(width)
        const seen = new Map<string, number>()
        for (const row of rows) {
          const tuple = row.slice(0, width)
          const key = tuple.join()
          if (!seen.has(key)) seen.set(key, seen.size)
          expect(tuples.intern(tuple)).toBe(seen.get(key))
        }
        expect(tuples.length).toBe(seen.size)
        for (const [key, id] of seen)
          expect([...tuples.values.slice(id * width, (id + 1) * width)].join()).toBe(key)
      },
    ),
  )
})

it('a RowIndex finds rows whose hashes are all the same', () => {
  const index = new RowIndex()
  for (let row = 0; row < 500; row++) {
    expect(index.find(7, i => i === row)).toBe(-1)
    index.add(7, row, () => 7)
  }
  for (let row = 0; row < 500; row++) expect(index.find(7, i => i === row)).toBe(row)
})

it('hash2 spreads neighbours', () => {
  const buckets = new Set<number>()
  for (let a = 0; a < 64; a++) for (let b = 0; b < 64; b++) buckets.add(hash2(a, b) & 4095)
  expect(buckets.size).toBeGreaterThan(2300) // 2,589 of 4,096 would be even chance
})
