// Finds retained objects by the three-snapshot method of DevTools and memlab.
import type { Source } from '../bytes/source.ts'
import { FormatError } from '../errors.ts'
import { type Header, LONGEST_HEADER, readHeader } from '../heapsnapshot/header.ts'
import { readMembers } from '../heapsnapshot/sections.ts'
import { exactly, type Handler } from '../heapsnapshot/values.ts'
import { Tables } from '../model/tables/tables.ts'
import { reserve } from '../model/tables/typed-arrays.ts'
import { IdIndex } from './compare.ts'
import type { Ids } from './graph.ts'
import { edgeLabels, nodeTexts } from './labels.ts'
import { RetainingPaths } from './retainers.ts'
import { dominated, type Heap } from './summary.ts'

/** Objects allocated between two snapshots and alive in a third, grouped by what keeps them alive. */
export interface SurvivorRow {
  /** From the root down to the class of the objects. */
  readonly path: readonly string[]
  readonly count: number
  readonly shallow: number
  readonly retained: number
  /** Id of the oldest of them. */
  readonly example: number
  /** Its allocation trace; 0 = none. */
  readonly trace: number
}

/** Ids of all nodes in a file, in constant time and memory per node. Throws FormatError. */
export async function readIds(source: Source): Promise<Ids> {
  let header: Header | undefined
  let ids: Ids = new Uint32Array(1024)
  let length = 0
  const member = (name: string, isLast: boolean): Handler | undefined => {
    if (name === 'snapshot') {
      return { read: 'json', limit: LONGEST_HEADER, value: value => (header = readHeader(value)) }
    }
    if (name === 'edges') return { read: 'pass' }
    if (name !== 'nodes') return { read: 'skip' }
    if (!header && !isLast) return undefined
    if (!header) throw new FormatError('malformed', "no section 'snapshot'")
    const { length: step, id: idAt, self_size: sizeAt } = header.nodeFields
    return {
      read: 'rows',
      fields: step,
      wide: [sizeAt, idAt],
      rows: (values, count, _, wide) => {
        if (wide.length > 0 && ids instanceof Uint32Array) ids = Float64Array.from(ids)
        ids = reserve(ids, length + count / step)
        for (let i = idAt; i < count; i += step) ids[length++] = exactly(values, i, wide)
      },
    }
  }
  await readMembers(source, 'heapsnapshot', member)
  if (length === 0) throw new FormatError('malformed', "no section 'nodes'", { format: 'heapsnapshot' })
  return ids.slice(0, length)
}

/**
 * Groups what was allocated after `base`, existed at `target`, and is still alive in `heap`: largest first.
 * An object kept alive by another of them counts with that one, in its retained size.
 */
export function survivingObjects(heap: Heap, base: Ids, target: Ids): SurvivorRow[] {
  const { graph, dominators } = heap
  const before = new IdIndex(base)
  const between = new IdIndex(target)
  const isNew = new Uint8Array(graph.nodeCount)
  for (let n = 0; n < graph.nodeCount; n++) {
    const id = graph.id[n]
    if (graph.size[n] > 0 && between.find(id) >= 0 && before.find(id) < 0) isNew[n] = 1
  }
  const pathOf = pathTexts(heap)
  const groups = new Map<string, { -readonly [K in keyof SurvivorRow]: SurvivorRow[K] }>()
  for (const node of topmost(heap, isNew)) {
    const path = pathOf(node)
    const key = path.join('\n')
    let group = groups.get(key)
    if (!group) {
      group = { path, count: 0, shallow: 0, retained: 0, example: Number.POSITIVE_INFINITY, trace: 0 }
      groups.set(key, group)
    }
    if (graph.id[node] < group.example) {
      group.example = graph.id[node]
      group.trace = graph.trace.length > 0 ? graph.trace[node] : 0
    }
    group.count++
    group.shallow += graph.size[node]
    group.retained += dominators.retained[node]
  }
  return [...groups.values()].sort(
    (a, b) => b.retained - a.retained || (a.path.join() < b.path.join() ? -1 : 1),
  )
}

/** Formats the allocation trace of an id, most recent call first: `function (file:line)`. */
export function traceTexts({ graph }: Heap): (trace: number) => string[] {
  const tables = new Tables()
  const { strings } = graph
  const last = strings.length
  const stackOf = graph.calls.stacks(tables, i => (i < last ? strings.get(i) : ''))
  return trace =>
    tables.stacks
      .framesOf(stackOf(trace))
      .reverse()
      .map(i => tables.frames.get(i))
      .map(frame => `${frame.functionName || '(anonymous)'} (${frame})`)
}

/** Marked nodes that no other marked one dominates. */
function topmost({ dominators }: Heap, marked: Uint8Array): number[] {
  const { order } = dominators
  const { first, child } = dominated(dominators)
  const found: number[] = []
  const left = [1]
  while (left.length > 0) {
    const i = left.pop() as number
    if (marked[order[i]] === 1) {
      found.push(order[i])
      continue
    }
    for (let c = first[i]; c < first[i + 1]; c++) left.push(child[c])
  }
  return found
}

/** The shortest path from a root to a node as text, without numbers that differ between similar objects. */
function pathTexts(heap: Heap): (node: number) => string[] {
  const paths = new RetainingPaths(heap)
  const label = edgeLabels(heap.graph)
  const text = nodeTexts(heap)
  const isText = Uint8Array.from(heap.graph.header.nodeTypes, t => (t.endsWith('string') ? 1 : 0))
  const classText = (n: number) =>
    isText[heap.graph.type[n]] === 1 ? heap.classes.names[heap.classes.classOf[n]] : text(n)
  return node => {
    const path = [classText(node)]
    for (let step = paths.up(node); step; step = paths.up(step.node)) {
      const edge = label(step.edge)
        .replace(/^([[{])\d+([\]}])$/, '$1*$2')
        .replace(/@\d+/g, '@*')
      path.unshift(`${classText(step.node)}${edge}`)
    }
    return path
  }
}
