import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { allocationFrames } from '../../src/model/grouping/keys.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { NATIVE, V8 } from '../../src/model/tables/frames.ts'
import { Strings } from '../../src/model/tables/strings.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { exactMeta } from '../support/snapshots.ts'

const text = fc.constantFrom('', 'f', 'g', '__proto__', 'toString', '\ud800', '\u{1f600}', NATIVE, V8)
const frame = fc.tuple(text, text, fc.constantFrom(0, 1, 2, 2 ** 32 - 1), fc.nat(1), fc.boolean())
const chains = fc.array(fc.array(frame, { maxLength: 5 }), { maxLength: 30 })
type Chain = [string, string, number, number, boolean][]

function snapshotOf(rows: Chain[], tables?: Tables): Snapshot {
  const builder = new SnapshotBuilder(tables)
  const { frames, stacks, strings } = builder.tables
  rows.forEach((chain, i) => {
    const stack = chain.reduce((at, call) => stacks.intern(at, frames.intern(...call)), 0)
    builder.add(stack, i, 1, 0, strings.intern(`type ${i % 3}`))
  })
  return builder.build(exactMeta, 5)
}

/** A snapshot's rows by value. */
function rowsOf(snapshot: Snapshot): unknown[] {
  return [...snapshot.traces].map(t => [t.size, t.type, t.traceback.frames.map(f => ({ ...f }))])
}

it('strings have the empty one first, and one id each', () => {
  const strings = new Strings()
  expect(strings.get(0)).toBe('')
  expect(strings.intern('')).toBe(0)
  for (const name of ['__proto__', 'constructor', '\ud800', 'a']) {
    const id = strings.intern(name)
    expect(strings.get(id)).toBe(name)
    expect(strings.intern(name)).toBe(id)
  }
  expect(strings.length).toBe(5)
})

describe('tables', () => {
  it('give back what was interned, each once', () => {
    fc.assert(
      fc.property(chains, rows => {
        const { tables } = snapshotOf(rows)
        const { frames, stacks } = tables
        const distinct = new Set(rows.flat().map(f => JSON.stringify(f)))
        expect(frames.length).toBe(distinct.size)
        const prefixes = new Set(
          rows.flatMap(chain => chain.map((_, i) => JSON.stringify(chain.slice(0, i + 1)))),
        )
        expect(stacks.length).toBe(prefixes.size + 1)
        for (const chain of rows) {
          const stack = chain.reduce((at, call) => stacks.intern(at, frames.intern(...call)), 0)
          expect(stacks.depthOf(stack)).toBe(chain.length)
          const calls = stacks.framesOf(stack).map(id => frames.get(id))
          expect(calls.map(f => [f.functionName, f.filename, f.lineno, f.column, f.exact])).toEqual(chain)
        }
      }),
    )
  })

  it('adopt others without changing what a snapshot says', () => {
    fc.assert(
      fc.property(chains, chains, (mine, theirs) => {
        const here = snapshotOf(mine)
        const there = snapshotOf(theirs)
        const before = rowsOf(here)
        const moved = there.over(here.tables)
        checkSnapshot(moved)
        expect(moved.tables).toBe(here.tables)
        expect(rowsOf(moved)).toEqual(rowsOf(there))
        expect(rowsOf(here)).toEqual(before)
        const again = here.tables.stacks.length
        there.over(here.tables)
        expect(here.tables.stacks.length).toBe(again)
      }),
    )
  })

  it('keep their ids when they grow', () => {
    const tables = new Tables()
    const ids = Array.from({ length: 5000 }, (_, i) =>
      tables.stacks.intern(i % 2 ? i : 0, tables.frames.intern(`f${i}`, 'a.js', i)),
    )
    ids.forEach((id, i) => {
      const [call] = tables.stacks.framesOf(id).slice(-1)
      expect(tables.frames.get(call).functionName).toBe(`f${i}`)
    })
  })
})

it('the allocation frame is the most recent one of a file, else the most recent one', () => {
  fc.assert(
    fc.property(chains, rows => {
      const { tables, columns } = snapshotOf(rows)
      const allocation = allocationFrames(tables)
      rows.forEach((chain, i) => {
        if (chain.length === 0) return
        const expected = chain.findLast(f => f[1] !== NATIVE && f[1] !== V8) ?? chain.at(-1)
        const { functionName, filename, lineno, column, exact } = tables.frames.get(
          allocation[columns.stack[i]],
        )
        expect([functionName, filename, lineno, column, exact]).toEqual(expected)
      })
    }),
  )
})
