// Dominators and retained sizes.
import { reserve } from '../model/tables/typed-arrays.ts'
import { weakMapEdges } from './ephemerons.ts'
import type { HeapGraph } from './graph.ts'
import { markOwned } from './node-marks.ts'

/** A node's dominator is the last node on every path from the root to it. */
export interface Dominators {
  /** Nodes in depth-first order from the root, from index 1 on; a dominator precedes what it dominates. */
  readonly order: Uint32Array
  /** For each index in `order`, that of the dominator. The root, at 1, is its own. */
  readonly dominator: Uint32Array
  /** For each node: its size plus those of all nodes it dominates. */
  readonly retained: Float64Array
}

/**
 * Which edges keep their target alive, one bit each: DevTools' `computeIsEssentialEdge`. Weak edges do not;
 * shortcuts only at the root; of the two edges to a value in a WeakMap, the key's does; nodes outside the
 * program keep none in it.
 */
function essentialEdges(graph: HeapGraph): Uint8Array {
  const { header, root, firstEdge, edgeType, edgeName, to, id, nodeCount, edgeCount } = graph
  const owned = markOwned(graph)
  const internal = header.edgeTypes.indexOf('internal')
  const weak = header.edgeTypes.indexOf('weak')
  const shortcut = header.edgeTypes.indexOf('shortcut')
  const weakMapEdge = weakMapEdges(graph)
  const bits = new Uint8Array((edgeCount + 7) >> 3)
  for (let n = 0; n < nodeCount; n++) {
    const isOutside = n !== root && owned[n] === 0
    for (let e = firstEdge[n]; e < firstEdge[n + 1]; e++) {
      const type = edgeType[e]
      const target = to[e]
      if (type === weak || target === n) continue
      if (isOutside && owned[target] === 1) continue
      if (type === shortcut && n !== root) continue
      if (type === internal && weakMapEdge(edgeName[e])?.table === id[n]) continue
      bits[e >> 3] |= 1 << (e & 7)
    }
  }
  return bits
}

/** Nodes that keep each node alive, by essential edges: `source[first[n]]` up to `source[first[n + 1]]`. */
interface Predecessors {
  readonly first: Uint32Array
  readonly source: Uint32Array
}

function predecessors(graph: HeapGraph, essential: Uint8Array): Predecessors {
  const { nodeCount, edgeCount, firstEdge, to } = graph
  const first = new Uint32Array(nodeCount + 1)
  let total = 0
  for (let e = 0; e < edgeCount; e++) {
    if (essential[e >> 3] & (1 << (e & 7))) {
      first[to[e]]++
      total++
    }
  }
  // First the ends; filling from the back turns them into the beginnings.
  for (let n = 0, sum = 0; n < nodeCount; n++) first[n] = sum += first[n]
  first[nodeCount] = total
  const source = new Uint32Array(total)
  for (let n = nodeCount - 1; n >= 0; n--) {
    for (let e = firstEdge[n + 1] - 1; e >= firstEdge[n]; e--) {
      if (essential[e >> 3] & (1 << (e & 7))) source[--first[to[e]]] = n
    }
  }
  return { first, source }
}

/** Nodes numbered from 1 in depth-first order. */
interface Walk {
  /** Node of each number. */
  readonly order: Uint32Array
  /** Number of each node. */
  readonly number: Uint32Array
  /** For each number, that of the node from which it was reached; 0 for the root. */
  readonly parent: Uint32Array
}

function depthFirst(graph: HeapGraph, essential: Uint8Array, before: Predecessors): Walk {
  const { nodeCount, firstEdge, to, root } = graph
  const order = new Uint32Array(nodeCount + 1)
  const number = new Uint32Array(nodeCount)
  const parent = new Uint32Array(nodeCount + 1)
  const next = new Uint32Array(nodeCount) // next edge to follow
  let count = 0
  const enter = (n: number, from: number) => {
    number[n] = ++count
    order[count] = n
    parent[count] = from
    next[n] = firstEdge[n]
  }
  const walk = (start: number, from: number) => {
    enter(start, from)
    for (let i = count; i !== from; ) {
      const n = order[i]
      const end = firstEdge[n + 1]
      let e = next[n]
      while (e < end && (number[to[e]] !== 0 || !(essential[e >> 3] & (1 << (e & 7))))) e++
      next[n] = e
      if (e < end) {
        enter(to[e], i)
        i = count
      } else i = parent[i]
    }
  }
  walk(root, 0)
  // Nodes reached only by weak edges hang below the root; so do cycles that nothing else holds, one at a
  // time.
  for (let n = 0; n < nodeCount && count < nodeCount; n++) {
    if (number[n] === 0 && before.first[n] === before.first[n + 1]) walk(n, 1)
  }
  for (let n = 0; n < nodeCount && count < nodeCount; n++) if (number[n] === 0) enter(n, 1)
  return { order, number, parent }
}

/**
 * The immediate dominators, by number: Lengauer and Tarjan, "A fast algorithm for finding dominators in a
 * flowgraph", 1979, with simple path compression, without recursion.
 */
function immediateDominators({ order, number, parent }: Walk, before: Predecessors): Uint32Array {
  const n = order.length - 1
  const semi = new Uint32Array(n + 1)
  const label = new Uint32Array(n + 1)
  for (let i = 1; i <= n; i++) label[i] = semi[i] = i
  const ancestor = parent // path-compressed for linked nodes; the parent for others
  const dominator = new Uint32Array(n + 1)
  const bucket = new Uint32Array(n + 1) // first node with this semidominator
  const nextInBucket = new Uint32Array(n + 1)
  let path = new Uint32Array(1024)
  let linked = n + 1 // nodes from here on are linked
  const evaluate = (v: number): number => {
    if (v < linked) return v
    let length = 0
    while (ancestor[v] >= linked) {
      if (length === path.length) path = reserve(path, length + 1)
      path[length++] = v
      v = ancestor[v]
    }
    while (length > 0) {
      const above = v
      v = path[--length]
      if (semi[label[above]] < semi[label[v]]) label[v] = label[above]
      ancestor[v] = ancestor[above]
    }
    return label[v]
  }
  for (let i = n; i >= 2; i--) {
    const node = order[i]
    const end = before.first[node + 1]
    let least = i
    if (before.first[node] === end) least = 1 // nothing holds it: treated as held by the root
    for (let p = before.first[node]; p < end; p++) {
      const s = semi[evaluate(number[before.source[p]])]
      if (s < least) least = s
    }
    semi[i] = least
    nextInBucket[i] = bucket[least]
    bucket[least] = i
    linked = i
    const above = parent[i]
    for (let v = bucket[above]; v !== 0; v = nextInBucket[v]) {
      const u = evaluate(v)
      dominator[v] = semi[u] < semi[v] ? u : above
    }
    bucket[above] = 0
  }
  dominator[0] = dominator[1] = 1 // nodes reached from nowhere belong to the root
  for (let i = 2; i <= n; i++) if (dominator[i] !== semi[i]) dominator[i] = dominator[dominator[i]]
  return dominator
}

/** Dominators and retained sizes, from the current shallow sizes in `graph.size`. */
export function dominators(graph: HeapGraph): Dominators {
  const { nodeCount, size } = graph
  const essential = essentialEdges(graph)
  const before = predecessors(graph, essential)
  const walk = depthFirst(graph, essential, before)
  const dominator = immediateDominators(walk, before)
  const { order } = walk
  const retained = new Float64Array(nodeCount)
  retained.set(size.subarray(0, nodeCount))
  for (let i = nodeCount; i > 1; i--) retained[order[dominator[i]]] += retained[order[i]]
  return { order, dominator, retained }
}
