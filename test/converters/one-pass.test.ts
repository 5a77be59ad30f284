// speedscope and Firefox profiles are read in one pass: the answer must be that of a reader of the whole
// document, whatever the order of members and whatever was changed in the file.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Converter } from '../../converters/converter.ts'
import { firefox } from '../../converters/firefox/index.ts'
import { speedscope } from '../../converters/speedscope/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { naiveFirefox } from '../oracle/naive-firefox.ts'
import { naiveSpeedscope } from '../oracle/naive-speedscope.ts'
import { invalidOf, samplesOf } from '../support/samples.ts'
import { carriedText } from '../support/snapshot-text.ts'

const RUNS = Number(process.env.ONE_PASS_RUNS ?? 400)

describe.each([
  ['speedscope', speedscope, naiveSpeedscope],
  ['firefox', firefox, naiveFirefox],
] as const)('%s', (_, converter, naive) => {
  const documents = samplesOf(converter).map(sample => JSON.parse(Buffer.from(sample.bytes).toString()))
  const broken = invalidOf(converter).files.flatMap(({ bytes }) => parsed(Buffer.from(bytes).toString()))
  const all = [...documents, ...broken]

  it('is read alike with its members in any order, in pieces of any length', {
    timeout: 120_000,
  }, async () => {
    const whole = all.map(document => outcomeOf(converter, () => naive(JSON.stringify(document))))
    const random = fc.record({
      index: fc.nat(all.length - 1),
      seed: fc.nat(),
      piece: fc.integer({ min: 1, max: 300 }),
    })
    await fc.assert(
      fc.asyncProperty(random, async ({ index, seed, piece }) => {
        const text = JSON.stringify(reordered(all[index], seeded(seed)))
        expectAlike(await read(converter, text, piece), await whole[index])
      }),
      { numRuns: RUNS },
    )
  })

  it('is read or refused alike with anything changed in it', { timeout: 120_000 }, async () => {
    const random = fc.record({
      index: fc.nat(documents.length - 1),
      seed: fc.nat(),
      value: fc.constantFrom(...VALUES),
      isShuffled: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(random, async ({ index, seed, value, isShuffled }) => {
        const random = seeded(seed)
        const changed = withChange(documents[index], value, random)
        // A fault in a profile of time is passed over only if its unit is known before it.
        const isOfTime = JSON.stringify(changed).includes('seconds')
        const text = JSON.stringify(isShuffled && !isOfTime ? reordered(changed, random) : changed)
        const expected = await outcomeOf(converter, () => naive(text))
        expectAlike(await read(converter, text, 1000), expected)
      }),
      { numRuns: RUNS },
    )
  })
})

const VALUES = [
  null,
  true,
  0,
  1,
  2,
  -1,
  -2,
  1.5,
  1e16,
  2 ** 32,
  4_294_967_295,
  'x',
  'O',
  'bytes',
  'seconds',
  'none',
  '__proto__',
  [],
  {},
  [0],
  [[]],
  [1, 1],
  { __proto__: null, length: 1 },
  undefined,
] as const

function parsed(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}

type Outcome = string[][] | FormatError

async function read(converter: Converter, text: string, piece: number): Promise<Outcome> {
  return outcomeOf(converter, () => converter.read!(bytesSource(Buffer.from(text), 'text', piece), {}))
}

async function outcomeOf(
  converter: Converter,
  read: () => readonly Snapshot[] | Promise<readonly Snapshot[]>,
): Promise<Outcome> {
  try {
    return (await read()).map(snapshot => carriedText(snapshot, [...converter.carries, 'type']))
  } catch (error) {
    if (error instanceof FormatError) return error
    throw error
  }
}

function expectAlike(found: Outcome, expected: Outcome): void {
  if (expected instanceof FormatError) expect(found).toBeInstanceOf(FormatError)
  else expect(found).toEqual(expected)
}

/** A generator of numbers below `n`. */
function seeded(seed: number): (n: number) => number {
  let state = seed | 1
  return n => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % n
  }
}

/** The same document with the members of all its objects in another order. */
function reordered(value: unknown, random: (n: number) => number): unknown {
  if (Array.isArray(value)) return value.map(element => reordered(element, random))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([key, member]) => [key, reordered(member, random)] as const)
  for (let i = members.length - 1; i > 0; i--) {
    const k = random(i + 1)
    ;[members[i], members[k]] = [members[k], members[i]]
  }
  return Object.fromEntries(members)
}

/** The same document with another value somewhere, or nothing where it is undefined. */
function withChange(document: unknown, value: unknown, random: (n: number) => number): unknown {
  const copy = structuredClone(document)
  let at = copy as Record<string, unknown>
  for (;;) {
    const keys = Object.keys(at)
    const key = keys[random(keys.length)]
    const inner = at[key]
    const isLeaf = typeof inner !== 'object' || inner === null || Object.keys(inner).length === 0
    if (isLeaf || random(6) === 0) {
      if (value === undefined && !Array.isArray(at)) delete at[key]
      else at[key] = value
      return copy
    }
    at = inner as Record<string, unknown>
  }
}
