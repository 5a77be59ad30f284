import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { loadSource } from '../../src/formats/files.ts'
import { census, compareHeaps, IdIndex } from '../../src/heap/compare.ts'
import { memoryNeeded, readGraph } from '../../src/heap/graph.ts'
import { edgeLabels } from '../../src/heap/labels.ts'
import { objectsOfClass } from '../../src/heap/object-lists.ts'
import { RetainingPaths } from '../../src/heap/retainers.ts'
import { analyse, classRows } from '../../src/heap/summary.ts'
import { readIds, survivingObjects } from '../../src/heap/three-snapshots.ts'
import { typescriptScanner } from '../../src/heapsnapshot/scan.ts'
import { readMembers } from '../../src/heapsnapshot/sections.ts'
import { type MadeNode, snapshotText } from './snapshot-text.ts'

const SAMPLES = join(import.meta.dirname, '../../samples/heapsnapshot')
const made = readFileSync(join(SAMPLES, 'made.heapsnapshot'))

const graphOf = (bytes: Uint8Array | string, size?: number, edgeNames = true) =>
  readGraph(bytesSource(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes, 'made', size), {
    edgeNames,
  })
const heapOf = async (nodes: readonly MadeNode[]) => analyse(await graphOf(snapshotText(nodes)))

async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    error => error,
  )
}

describe('the reader', () => {
  it.each(['node20-plain', 'node26-traces', 'chromium156-traces'])(
    'has the types, sizes and counts that JSON.parse has of %s',
    async name => {
      const bytes = gunzipSync(readFileSync(join(SAMPLES, `${name}.heapsnapshot.gz`)))
      const { snapshot, nodes, strings } = JSON.parse(bytes.toString())
      const { node_fields: fields, node_types: types } = snapshot.meta
      const size = fields.indexOf('self_size')
      const expected = new Map<string, { size: number; count: number }>()
      for (let i = 0; i < nodes.length; i += fields.length) {
        const type = types[0][nodes[i]]
        if (nodes[i + size] === 0 || (type !== 'object' && type !== 'string')) continue
        const label = type === 'object' ? strings[nodes[i + 1]].replace(/^(<\S+) .*/s, '$1>') : '(string)'
        const row = expected.get(label) ?? { size: 0, count: 0 }
        expected.set(label, { size: row.size + nodes[i + size], count: row.count + 1 })
      }
      for (const columns of [undefined, ['type'] as const]) {
        const { snapshots } = await loadSource(bytesSource(bytes), { columns })
        const rows = new Map(snapshots[0].statistics('type').map(s => [s.key.type, s]))
        expect(snapshots[0].total.size).toBe(
          nodes
            .filter((_: number, i: number) => i % fields.length === size)
            .reduce((a: number, b: number) => a + b),
        )
        // Native nodes may have the name of a class as well.
        const native = new Set<string>()
        for (let i = 0; i < nodes.length; i += fields.length) {
          if (types[0][nodes[i]] === 'native') native.add(strings[nodes[i + 1]])
        }
        for (const [label, row] of expected) {
          if (!native.has(label)) expect(rows.get(label), label).toMatchObject(row)
        }
      }
    },
  )

  it('gives the same for buffers of any size, 1 to 200 bytes', async () => {
    const whole = await graphOf(made)
    for (let size = 1; size <= 200; size++) {
      const graph = await graphOf(made, size)
      for (const column of [
        'type',
        'name',
        'id',
        'size',
        'firstEdge',
        'edgeType',
        'edgeName',
        'to',
      ] as const) {
        const count = column === 'firstEdge' || column.startsWith('e') || column === 'to' ? 8 : 10
        expect(graph[column].subarray(0, count)).toEqual(whole[column].subarray(0, count))
      }
      expect(Array.from({ length: 18 }, (_, i) => graph.strings.get(i))).toEqual(
        Array.from({ length: 18 }, (_, i) => whole.strings.get(i)),
      )
    }
    expect(whole.strings.get(13)).toBe('half \ud83d of a pair \\ "quoted" \u00e9')
  })

  it('refuses every cut', async () => {
    for (let cut = 0; cut < made.length; cut++) {
      expect(await faultOf(graphOf(made.subarray(0, cut), 97)), `${cut} bytes`).toBeInstanceOf(FormatError)
    }
  })

  it('refuses broken files with the section', async () => {
    for (const name of readdirSync(join(SAMPLES, 'invalid')).filter(n => n.endsWith('.heapsnapshot'))) {
      const error = await faultOf(
        graphOf(readFileSync(join(SAMPLES, 'invalid', name))).then(graph => classRows(analyse(graph))),
      )
      expect(error, name).toBeInstanceOf(FormatError)
    }
  })

  it('allocates nothing for what a file only claims', async () => {
    const text = made.toString().replace('"node_count":10', '"node_count":4000000000')
    const before = process.memoryUsage().arrayBuffers
    expect(await faultOf(graphOf(text))).toBeInstanceOf(FormatError)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6)
  })

  it('reads sizes beyond 2^32', async () => {
    const heap = await heapOf([
      { type: 'synthetic', name: '', size: 0, edges: [['shortcut', 'a', 1]] },
      { type: 'object', name: 'Global', size: 8, edges: [['property', 'big', 2]] },
      { type: 'object', name: 'Big', size: 5e9, edges: [['property', 'more', 3]] },
      { type: 'object', name: 'Big', size: 2 ** 52, edges: [] },
    ])
    expect(classRows(heap)).toContainEqual({
      name: 'Big',
      count: 2,
      shallow: 5e9 + 2 ** 52,
      retained: 5e9 + 2 ** 52,
      distance: 2,
    })
    // Each fits 32 bits, their sum does not.
    const sum = await heapOf([
      { type: 'synthetic', name: '', size: 0, edges: [['shortcut', 'a', 1]] },
      { type: 'object', name: 'Owner', size: 4e9, edges: [['internal', 'elements', 2]] },
      { type: 'array', name: '', size: 4e9 },
    ])
    expect(classRows(sum)[0]).toMatchObject({ name: 'Owner', shallow: 8e9 })
  })

  it('goes on behind unknown sections, and does without WebAssembly', async () => {
    const names: string[] = []
    const numbers: number[] = []
    await readMembers(
      bytesSource(new TextEncoder().encode('{"x":{"a":["]"]},"n":[1,22,4294967296],"y":null}'), 'made', 3),
      'made',
      name => {
        names.push(name)
        if (name !== 'n') return { read: 'skip' }
        const rows = (values: Uint32Array, length: number, _: number, wide: readonly { value: number }[]) => {
          numbers.push(...values.subarray(0, length), ...wide.map(w => w.value))
        }
        return { read: 'rows', fields: 3, wide: [2], rows }
      },
      typescriptScanner(),
    )
    expect(names).toEqual(['x', 'n', 'y'])
    expect(numbers).toEqual([1, 22, 0, 4294967296])
  })
})

/** Nodes by who dominates them: those that cannot be reached without `node`. */
function naiveRetained(nodes: readonly MadeNode[]): number[] {
  const reach = (without: number) => {
    const seen = new Set<number>()
    const left = without === 0 ? [] : [0]
    while (left.length > 0) {
      const n = left.pop() as number
      if (seen.has(n)) continue
      seen.add(n)
      for (const [, , to] of nodes[n].edges ?? []) if (to !== without) left.push(to)
    }
    return seen
  }
  const all = reach(-1)
  return nodes.map((_, n) => {
    const left = reach(n)
    return [...all].filter(m => !left.has(m)).reduce((sum, m) => sum + nodes[m].size, 0)
  })
}

describe('retained sizes', () => {
  it('are those of removing the node, on random graphs', async () => {
    let seed = 7
    const next = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 9) % n
    }
    for (let round = 0; round < 60; round++) {
      const n = 2 + next(40)
      const nodes: MadeNode[] = Array.from({ length: n }, (_, i) => ({
        type: i === 0 ? 'synthetic' : 'object',
        name: `N${next(4)}`,
        size: i === 0 ? 0 : 1 + next(100),
        // A chain reaches all; the rest is random.
        edges: [
          ...(i + 1 < n ? [[i === 0 ? 'shortcut' : 'property', 'next', i + 1] as const] : []),
          ...Array.from(
            { length: next(4) },
            () => [i === 0 ? 'shortcut' : 'property', 'x', 1 + next(n - 1)] as const,
          ),
        ],
      }))
      const { graph, dominators } = await heapOf(nodes)
      expect([...dominators.retained], `round ${round}`).toEqual(naiveRetained(nodes))
      expect(graph.nodeCount).toBe(n)
    }
  })

  it('of a chain of 200,000 objects need no recursion', async () => {
    const n = 200_000
    const heap = await heapOf(
      Array.from({ length: n }, (_, i) => ({
        type: i === 0 ? 'synthetic' : 'object',
        name: 'Link',
        size: i === 0 ? 0 : 16,
        edges: i + 1 < n ? [[i === 0 ? 'shortcut' : 'property', 'next', i + 1] as const] : [],
      })),
    )
    expect(classRows(heap)).toEqual([
      { name: 'Link', count: n - 1, shallow: 16 * (n - 1), retained: 16 * (n - 1), distance: 1 },
    ])
    expect(new RetainingPaths(heap).shortest(n - 1, 1)[0]).toHaveLength(n - 2)
  }, 60_000)
})

const root = (...to: number[]): MadeNode => ({
  type: 'synthetic',
  name: '',
  size: 0,
  edges: to.map(n => ['shortcut', 'global', n] as const),
})

describe('lists', () => {
  it('lists the objects of a class and who holds them', async () => {
    const heap = await heapOf([
      root(1),
      { type: 'object', name: 'Window', size: 8, edges: [['property', 'cache', 2]] },
      { type: 'object', name: 'Map', size: 16, edges: [['internal', 'table', 3]] },
      {
        type: 'array',
        name: '',
        size: 32,
        edges: [
          ['internal', '7', 4],
          ['weak', 'w', 5],
        ],
      },
      { type: 'object', name: 'Session', size: 64, edges: [['property', 'a b', 5]] },
      { type: 'object', name: 'Session', size: 128 },
    ])
    expect(objectsOfClass(heap, 'Session').map(r => [r.id, r.distance, r.shallow, r.retained])).toEqual([
      [9, 4, 64, 192],
      [11, 5, 128, 128],
    ])
    const label = edgeLabels(heap.graph)
    const ways = new RetainingPaths(heap).shortest(5, 0)
    expect(ways.map(way => way.map(step => label(step.edge)))).toEqual([
      ['["a b"]', '{7}', '{table}', '.cache'],
    ])
  })

  it('finds what was made between two snapshots and stayed', async () => {
    const source = (nodes: readonly MadeNode[]) => bytesSource(new TextEncoder().encode(snapshotText(nodes)))
    const session = (id: number): MadeNode => ({ type: 'object', name: 'Session', size: 10, id })
    const cache = (...ids: number[]): MadeNode[] => [
      root(1),
      { type: 'object', name: 'Cache', size: 5, edges: ids.map((_, i) => ['element', i, i + 2] as const) },
      ...ids.map(session),
    ]
    const base = await readIds(source(cache(101)))
    const target = await readIds(source(cache(101, 103, 105, 107)))
    const heap = analyse(await graphOf(snapshotText(cache(101, 105, 107, 109))))
    expect(survivingObjects(heap, base, target)).toEqual([
      { path: ['Cache[*]', 'Session'], count: 2, shallow: 20, retained: 20, example: 105, trace: 0 },
    ])
  })
})

describe('comparison', () => {
  it('tells objects by id, also where ids are sparse', () => {
    for (const ids of [
      [1, 3, 5, 7],
      [1, 4_000_000_000, 3, 77_777_777],
    ]) {
      const index = new IdIndex(Uint32Array.from(ids))
      expect(ids.map(id => index.find(id))).toEqual([0, 1, 2, 3])
      expect([0, 2, 4_294_967_295].map(id => index.find(id))).toEqual([-1, -1, -1])
    }
  })

  it('has what came and went in each class', async () => {
    const heap = (objects: readonly [number, string][]): MadeNode[] => [
      root(1),
      {
        type: 'object',
        name: 'Holder',
        size: 5,
        edges: objects.map((_, i) => ['element', i, i + 2] as const),
      },
      ...objects.map(([id, name]) => ({ type: 'object', name, size: 10, id })),
    ]
    const count = async (nodes: MadeNode[]) => census(await graphOf(snapshotText(nodes), undefined, false))
    const old = await count(
      heap([
        [101, 'A'],
        [103, 'A'],
        [105, 'B'],
      ]),
    )
    const now = await count(
      heap([
        [103, 'A'],
        [107, 'C'],
        [109, 'C'],
        [105, 'B'],
      ]),
    )
    const sizes = (added: number, removed: number) => ({
      added,
      removed,
      addedSize: added * 10,
      removedSize: removed * 10,
      countDelta: added - removed,
      sizeDelta: (added - removed) * 10,
    })
    expect(compareHeaps(now, old)).toEqual([
      { name: 'C', ...sizes(2, 0) },
      { name: 'A', ...sizes(0, 1) },
    ])
  })
})

it('says how much memory a file needs before it is read', async () => {
  const admitted: number[] = []
  const admit = (header: Parameters<typeof memoryNeeded>[0]) => {
    admitted.push(memoryNeeded(header, { edgeNames: true }), memoryNeeded(header, { edgeNames: false }))
    throw new FormatError('too-large', 'no')
  }
  const work = readGraph(bytesSource(made), { edgeNames: true, admit })
  expect(await faultOf(work)).toMatchObject({ code: 'too-large' })
  expect(admitted[0]).toBeGreaterThan(admitted[1])
})
