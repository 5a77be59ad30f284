// Who keeps a node alive.
import { UNREACHED } from './distances.ts'
import type { HeapGraph } from './graph.ts'
import { edgeLabels, nodeTexts } from './labels.ts'
import type { Heap } from './summary.ts'

/** Edges that lead to each node, except weak ones: `edge[first[n]]` up to `edge[first[n + 1]]`. */
export interface IncomingEdges {
  readonly first: Uint32Array
  readonly edge: Uint32Array
}

function retainers(graph: HeapGraph): IncomingEdges {
  const { nodeCount, edgeCount, edgeType, to, header } = graph
  const weak = header.edgeTypes.indexOf('weak')
  const first = new Uint32Array(nodeCount + 1)
  let total = 0
  for (let e = 0; e < edgeCount; e++) {
    if (edgeType[e] === weak) continue
    first[to[e]]++
    total++
  }
  // First the ends; filling from the back turns them into the beginnings.
  for (let n = 0, sum = 0; n < nodeCount; n++) first[n] = sum += first[n]
  first[nodeCount] = total
  const edge = new Uint32Array(total)
  for (let e = edgeCount - 1; e >= 0; e--) if (edgeType[e] !== weak) edge[--first[to[e]]] = e
  return { first, edge }
}

/** The node that an edge comes from. */
function sourceOf({ firstEdge, nodeCount }: HeapGraph, edge: number): number {
  let low = 0
  let high = nodeCount - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (firstEdge[middle] <= edge) low = middle
    else high = middle - 1
  }
  return low
}

/** One step up: `edge` leads from `node` to what it keeps alive. */
export interface RetainingEdge {
  readonly edge: number
  readonly node: number
}

/** Finds what keeps a node alive on the shortest path from the roots; visits each node once. */
export class RetainingPaths {
  readonly #heap: Heap
  readonly #retainers: IncomingEdges
  readonly #up = new Map<number, RetainingEdge | undefined>()

  constructor(heap: Heap) {
    this.#heap = heap
    this.#retainers = retainers(heap.graph)
  }

  /** All retainers of a node that are reached from a root, nearest first. */
  direct(node: number): RetainingEdge[] {
    const { graph, distance } = this.#heap
    const steps: RetainingEdge[] = []
    for (let i = this.#retainers.first[node]; i < this.#retainers.first[node + 1]; i++) {
      const edge = this.#retainers.edge[i]
      const source = sourceOf(graph, edge)
      if (source === node || source === graph.root || distance[source] === UNREACHED) continue
      steps.push({ edge, node: source })
    }
    return steps.sort((a, b) => distance[a.node] - distance[b.node] || a.edge - b.edge)
  }

  /** The next step on the shortest path from a node to a root; undefined at a root. */
  up(node: number): RetainingEdge | undefined {
    if (this.#up.has(node)) return this.#up.get(node)
    const { graph, distance } = this.#heap
    let best: RetainingEdge | undefined
    if (distance[node] > 1) {
      for (let i = this.#retainers.first[node]; i < this.#retainers.first[node + 1]; i++) {
        const edge = this.#retainers.edge[i]
        const source = sourceOf(graph, edge)
        const d = distance[source]
        // Only nearer nodes, so that every path up ends.
        if (source === graph.root || d === UNREACHED || d >= distance[node]) continue
        if (!best || d < distance[best.node]) best = { edge, node: source }
      }
    }
    this.#up.set(node, best)
    return best
  }

  /** The shortest paths from a node to the roots, one through each nearest retainer. `limit` 0 = all. */
  shortest(node: number, limit: number): RetainingEdge[][] {
    const paths: RetainingEdge[][] = []
    for (const step of this.direct(node)) {
      if (limit > 0 && paths.length === limit) break
      const path = [step]
      for (let next = this.up(step.node); next && next.node !== node; next = this.up(next.node))
        path.push(next)
      paths.push(path)
    }
    return paths
  }
}

/** One step of a path from an object to a root. */
export interface RetainerStep {
  /** How the retainer refers to what is below it: `.name`, `[3]`. */
  readonly edge: string
  readonly name: string
  readonly id: number
  readonly distance: number
}

/** An object and its shortest paths to the roots, each nearest first. Sizes in bytes. */
export interface RetainedObject {
  readonly id: number
  readonly name: string
  readonly shallow: number
  readonly retained: number
  readonly paths: readonly (readonly RetainerStep[])[]
}

/** The paths that keep an object alive, at most `most` (0 = all). Undefined if there is no such object. */
export function retainersOf(heap: Heap, id: number, most: number): RetainedObject | undefined {
  const { graph, distance, dominators } = heap
  const node = graph.id.subarray(0, graph.nodeCount).indexOf(id)
  if (node < 0) return undefined
  const label = edgeLabels(graph)
  const text = nodeTexts(heap)
  const stepOf = (step: RetainingEdge) => ({
    edge: label(step.edge),
    name: text(step.node),
    id: graph.id[step.node],
    distance: distance[step.node],
  })
  return {
    id,
    name: text(node),
    shallow: graph.size[node],
    retained: dominators.retained[node],
    paths: new RetainingPaths(heap).shortest(node, most).map(way => way.map(stepOf)),
  }
}
