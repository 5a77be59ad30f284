// Heap snapshots as other programs write them, or write them anew: the same rows, and the same graph.
import { describe, expect, it } from 'vitest'
import { heapsnapshot } from '../../converters/heapsnapshot/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { loadSource } from '../../src/formats/files.ts'
import { type HeapGraph, readGraph } from '../../src/heap/graph.ts'
import { readIds } from '../../src/heap/three-snapshots.ts'
import { samplesOf } from '../support/samples.ts'
import { rowsText } from '../support/snapshot-text.ts'

type File = Record<string, unknown> & { snapshot: Record<string, unknown> }

/** The same file, written otherwise. */
const written: Record<string, (file: File) => string> = {
  'with sorted keys': file => JSON.stringify(sorted(file)),
  'with its sections the other way round': file =>
    JSON.stringify(Object.fromEntries(Object.entries(file).reverse())),
  'pretty-printed': file => JSON.stringify(file, null, 2),
  'pretty-printed, with CRLF and sorted keys': file =>
    JSON.stringify(sorted(file), null, '\t').replaceAll('\n', '\r\n'),
  'without counts': file =>
    JSON.stringify({ ...file, snapshot: { ...file.snapshot, node_count: 0, edge_count: 0 } }),
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

const small = samplesOf(heapsnapshot).filter(sample => sample.bytes.length < 1e6)

describe.each(Object.entries(written))('a heap snapshot %s', (_, write) => {
  it.each(small.map(sample => [sample.name, sample] as const))(
    '%s',
    { timeout: 60_000 },
    async (_name, { bytes }) => {
      const text = new TextEncoder().encode(write(JSON.parse(new TextDecoder().decode(bytes))))
      const [before, after] = await Promise.all([
        loadSource(bytesSource(bytes)),
        loadSource(bytesSource(text, 'a', 4096)),
      ])
      expect(after.converter.name).toBe('heapsnapshot')
      expect(after.snapshots.map(rowsText)).toEqual(before.snapshots.map(rowsText))
      const graphOf = async (file: Uint8Array) =>
        columnsOf(await readGraph(bytesSource(file, 'a', 4096), { edgeNames: true }))
      expect(await graphOf(text)).toEqual(await graphOf(bytes))
      expect(await readIds(bytesSource(text, 'a', 4096))).toEqual(await readIds(bytesSource(bytes)))
    },
  )
})

function columnsOf(graph: HeapGraph): unknown[] {
  const nodes = [graph.type, graph.name, graph.id, graph.size, graph.detachedness, graph.shape]
  const edges = [graph.edgeType, graph.edgeName, graph.to]
  return [
    ...nodes.map(column => Array.from(column.subarray(0, graph.nodeCount))),
    ...edges.map(column => Array.from(column.subarray(0, graph.edgeCount))),
    Array.from({ length: 10 }, (_, i) => (i < graph.strings.length ? graph.strings.get(i) : undefined)),
  ]
}

it('knows memory before it takes it, where the file gives no counts', async () => {
  const { bytes } = samplesOf(heapsnapshot).find(sample => sample.name === 'functions.heapsnapshot.gz')!
  const file = JSON.parse(new TextDecoder().decode(bytes)) as File
  const text = new TextEncoder().encode(written['without counts'](file))
  const counts: number[] = []
  const admit = ({ nodeCount, edgeCount }: { nodeCount: number; edgeCount: number }) => {
    counts.push(nodeCount + edgeCount)
    if (counts.length > 3) throw new Error('enough')
  }
  await expect(readGraph(bytesSource(text, 'a', 4096), { edgeNames: true, admit })).rejects.toThrow('enough')
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
})

it('tells addresses from each other as ids', async () => {
  const { bytes } = samplesOf(heapsnapshot).find(sample => sample.name === 'julia.heapsnapshot')!
  expect(Array.from(await readIds(bytesSource(bytes)))).toEqual([0, 140234881234944, 140234881239104])
})
