// Lists of single objects: of a class, detached from the DOM, or duplicate strings.
import { stringTexts } from './labels.ts'
import type { Heap } from './summary.ts'

/** One object in a list. Sizes in bytes. */
export interface ObjectRow {
  readonly node: number
  readonly id: number
  readonly distance: number
  readonly shallow: number
  readonly retained: number
  /** `script:line:column`, 1-based: where its constructor, or the function itself, is defined. */
  readonly location?: string
}

/** Retained size of each node. */
function objectRow({ graph, distance, dominators }: Heap, node: number): ObjectRow {
  const location = graph.location.length > 0 ? graph.location[node] : 0
  const [script, line, column] = location > 0 ? graph.locations[location - 1].split(',').map(Number) : []
  return {
    node,
    id: graph.id[node],
    distance: distance[node],
    shallow: graph.size[node],
    retained: dominators.retained[node],
    ...(location > 0 && { location: `script ${script}:${line + 1}:${column + 1}` }),
  }
}

const byRetained = (a: ObjectRow, b: ObjectRow) => b.retained - a.retained || a.id - b.id

/** The objects of all classes of a name, by retained size. */
export function objectsOfClass(heap: Heap, name: string): ObjectRow[] {
  const { graph, classes } = heap
  const rows: ObjectRow[] = []
  for (let n = 0; n < graph.nodeCount; n++) {
    if (graph.size[n] > 0 && classes.names[classes.classOf[n]] === name) rows.push(objectRow(heap, n))
  }
  return rows.sort(byRetained)
}

/** DOM nodes that are no longer in a document, and what they hold in native memory, by retained size. */
export function detachedNodes(heap: Heap): ObjectRow[] {
  const { graph } = heap
  const native = graph.header.nodeTypes.indexOf('native')
  const rows: ObjectRow[] = []
  for (let n = 0; n < graph.nodeCount; n++) {
    if ((graph.detachedness[n] & 3) === 2 && graph.type[n] === native && graph.size[n] > 0)
      rows.push(objectRow(heap, n))
  }
  return rows.sort(byRetained)
}

/** Strings with the same text. */
export interface DuplicateRow {
  readonly value: string
  readonly count: number
  readonly shallow: number
  readonly retained: number
}

/** Texts of several strings: flat or concatenated. DevTools' `getDuplicateStrings`. */
export function duplicateStrings({ graph, dominators }: Heap): DuplicateRow[] {
  const { header, type, size, name, firstEdge, edgeType, edgeName, to, strings } = graph
  const flat = header.nodeTypes.indexOf('string')
  const cons = header.nodeTypes.indexOf('concatenated string')
  const internal = header.edgeTypes.indexOf('internal')
  const textOf = stringTexts(graph)
  const isFlattened = (n: number): boolean => {
    if (type[n] !== cons) return false
    for (let e = firstEdge[n]; e < firstEdge[n + 1]; e++) {
      if (edgeType[e] !== internal) continue
      const part = strings.get(edgeName[e])
      if ((part === 'first' || part === 'second') && textOf(to[e]) === '') return true
    }
    return false
  }
  // A flat string's text is identified by its index in the file; only those seen twice, or joined, need
  // decoding.
  const groups = new Map<string, { count: number; shallow: number; retained: number }>()
  const groupOfName = new Map<number, { count: number; shallow: number; retained: number }>()
  for (let n = 0; n < graph.nodeCount; n++) {
    if (size[n] === 0 || (type[n] !== flat && type[n] !== cons) || isFlattened(n)) continue
    let group = type[n] === flat ? groupOfName.get(name[n]) : undefined
    if (!group) {
      const text = textOf(n)
      group = groups.get(text)
      if (!group) groups.set(text, (group = { count: 0, shallow: 0, retained: 0 }))
      if (type[n] === flat) groupOfName.set(name[n], group)
    }
    group.count++
    group.shallow += size[n]
    group.retained += dominators.retained[n]
  }
  return [...groups]
    .filter(([, group]) => group.count > 1)
    .map(([value, group]) => ({ value, ...group }))
    .sort((a, b) => b.retained - a.retained || (a.value < b.value ? -1 : 1))
}
