// Distances of nodes from the global objects, as DevTools shows them.
import { weakMapEdges } from './ephemerons.ts'
import type { HeapGraph } from './graph.ts'
import { nameTest, userRootTest } from './node-marks.ts'

/** Distance of a node that nothing reaches. */
export const UNREACHED = -5
/** Added to distances from roots that users do not know. */
export const SYSTEM_DISTANCE = 100_000_000

/**
 * Number of edges on the shortest path from a global object (which is 1) to each node. If no global object
 * leads there: from the root, plus SYSTEM_DISTANCE. DevTools' `calculateDistances`.
 */
export function distances(graph: HeapGraph): Int32Array {
  const { root, firstEdge, to, nodeCount } = graph
  const isUserRoot = userRootTest(graph)
  const distance = new Int32Array(nodeCount).fill(UNREACHED)
  const queue = new Uint32Array(nodeCount + firstEdge[root + 1] - firstEdge[root])
  const follow = edgeFilter(graph)
  let length = 0
  for (let e = firstEdge[root]; e < firstEdge[root + 1]; e++) {
    if (!isUserRoot(to[e])) continue
    distance[to[e]] = 1
    queue[length++] = to[e]
  }
  const hasUserRoots = length > 0
  walk(graph, queue, length, distance, follow)
  distance[root] = hasUserRoots ? SYSTEM_DISTANCE : 0
  queue[0] = root
  walk(graph, queue, 1, distance, follow)
  return distance
}

/** Breadth-first search. The filter is called only for edges to nodes without a distance. */
function walk(
  graph: HeapGraph,
  queue: Uint32Array,
  length: number,
  distance: Int32Array,
  follow: (node: number, edge: number) => boolean,
): void {
  const { firstEdge, to, edgeType, header } = graph
  const weak = header.edgeTypes.indexOf('weak')
  for (let i = 0; i < length; i++) {
    const n = queue[i]
    const next = distance[n] + 1
    for (let e = firstEdge[n]; e < firstEdge[n + 1]; e++) {
      const target = to[e]
      if (distance[target] !== UNREACHED || edgeType[e] === weak || !follow(n, e)) continue
      distance[target] = next
      queue[length++] = target
    }
  }
}

/** Leaves out V8's edges that say nothing about distance. */
function edgeFilter(graph: HeapGraph): (node: number, edge: number) => boolean {
  const { header, type, name, edgeType, edgeName } = graph
  const hidden = header.nodeTypes.indexOf('hidden')
  const array = header.nodeTypes.indexOf('array')
  const internal = header.edgeTypes.indexOf('internal')
  const isContext = nameTest(graph, text => text === 'system / NativeContext')
  const isDescriptors = nameTest(graph, text => text === '(map descriptors)')
  const weakMapEdge = weakMapEdges(graph)
  const edgeText = edgeTexts(graph)
  const pending = new Set<string>()
  return (n, e) => {
    if (type[n] === hidden && isContext(name[n]) && edgeText(e) === 'sloppy_function_map') return false
    if (type[n] === array && isDescriptors(name[n])) {
      // Maps share descriptor arrays, so a map would seem to own every third entry of other maps.
      const index = Number.parseInt(edgeText(e), 10)
      return index < 2 || index % 3 !== 1
    }
    if (edgeType[e] !== internal) return true
    // A value in a WeakMap is as far as the farther of table and key: the second of the two edges counts.
    const pair = weakMapEdge(edgeName[e])?.pair
    if (pair === undefined || pending.delete(pair)) return true
    pending.add(pair)
    return false
  }
}

/** The name of an edge: a text, or an index. */
export function edgeTexts(graph: HeapGraph): (edge: number) => string {
  const isIndex = Uint8Array.from(graph.header.edgeTypes, t => (t === 'element' || t === 'hidden' ? 1 : 0))
  return e =>
    isIndex[graph.edgeType[e]] === 1 ? `${graph.edgeName[e]}` : graph.strings.get(graph.edgeName[e])
}
