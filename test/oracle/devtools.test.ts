// Chrome DevTools' own loader says what the classes, sizes, distances and comparisons have to be, number for number.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileSource } from '../../src/bytes/disk.ts'
import { census, compareHeaps } from '../../src/heap/compare.ts'
import { readGraph } from '../../src/heap/graph.ts'
import { duplicateStrings } from '../../src/heap/object-lists.ts'
import { analyse, classRows, type Heap } from '../../src/heap/summary.ts'
import { type DevTools, nodeBinary, type OracleClass, openDevTools } from './devtools/devtools.ts'

const LONG = 240_000
const SAMPLES = ['node20-plain', 'node26-traces', 'chromium156-traces'] as const
const GROWN = ['node20', 'node26'] as const

let devtools: DevTools
const paths: Record<string, string> = {}

beforeAll(async () => {
  devtools = await openDevTools()
  for (const name of SAMPLES) paths[name] = devtools.sample(`${name}.heapsnapshot`)
  for (const name of GROWN) {
    const binary = name === 'node26' ? nodeBinary(26) : process.execPath
    const out = join(devtools.folder, name)
    execFileSync(binary, [join(import.meta.dirname, 'devtools/grow.cjs'), out])
    for (const which of ['old', 'new']) paths[`${name}-${which}`] = `${out}-${which}.heapsnapshot`
  }
}, LONG)

afterAll(() => devtools?.close())

const heapOf = async (path: string): Promise<Heap> =>
  analyse(await readGraph(fileSource(path), { edgeNames: true }))

const sorted = (rows: readonly object[]): string[] => rows.map(row => JSON.stringify(row)).sort()

/** The first nodes whose numbers differ. */
function differences(actual: ArrayLike<number>, expected: ArrayLike<number>): string[] {
  const found: string[] = []
  for (let n = 0; n < expected.length && found.length < 5; n++) {
    if (actual[n] !== expected[n]) found.push(`node ${n}: ${actual[n]}, not ${expected[n]}`)
  }
  return found
}

describe.each([...SAMPLES, 'node20-new', 'node26-new'])('the Summary of %s', name => {
  it('is that of DevTools, for each class and each node', { timeout: LONG }, async () => {
    const expected = devtools.summary(paths[name])
    const heap = await heapOf(paths[name])
    const { graph, dominators } = heap
    if (name.endsWith('new')) expect(graph.nodeCount).toBeGreaterThan(100_000)
    const classOf = ({ name, count, shallow, retained, distance }: Omit<OracleClass, 'key'>) => ({
      name,
      count,
      shallow,
      retained,
      distance,
    })
    expect(graph.nodeCount).toBe(expected.shallow.length)
    expect(heap.total).toBe(expected.total)
    expect(differences(graph.size, expected.shallow)).toEqual([])
    expect(differences(heap.distance, expected.distance)).toEqual([])
    expect(differences(dominators.retained, expected.retained)).toEqual([])
    const dominator = new Uint32Array(graph.nodeCount)
    for (let i = 1; i <= graph.nodeCount; i++) {
      dominator[dominators.order[i]] = dominators.order[dominators.dominator[i]]
    }
    expect(differences(dominator, expected.dominator)).toEqual([])
    expect(differences(graph.detachedness, expected.detachedness)).toEqual([])
    expect(sorted(classRows(heap).map(classOf))).toEqual(sorted(expected.rows.map(classOf)))
    expect(sorted(duplicateStrings(heap))).toEqual(sorted(expected.duplicates))
  })
})

describe.each([
  ['node20-new', 'node20-old'],
  ['node26-new', 'node26-old'],
  ['chromium156-traces', 'node26-traces'],
])('the Comparison of %s with %s', (now, old) => {
  it('is that of DevTools', { timeout: LONG }, async () => {
    const newer = census(await readGraph(fileSource(paths[now]), { edgeNames: false }))
    const older = census(await readGraph(fileSource(paths[old]), { edgeNames: false }), newer.interfaces)
    const rows = compareHeaps(newer, older)
    expect(rows.length).toBeGreaterThan(10)
    expect(sorted(rows)).toEqual(sorted(devtools.diff(paths[now], paths[old])))
  })
})
