// The analysis of a heap that DevTools shows as its Summary.
import { type Classes, classify } from './classes.ts'
import { distances } from './distances.ts'
import { type Dominators, dominators } from './dominators.ts'
import type { HeapGraph } from './graph.ts'
import { inferInterfaces } from './interfaces.ts'
import { spreadDetachedness } from './node-marks.ts'
import { calculateShallowSizes } from './ownership.ts'

/** One class of a heap: a row of DevTools' Summary. Sizes in bytes. */
export interface ClassRow {
  readonly name: string
  /** Number of nodes with a size. */
  readonly count: number
  readonly shallow: number
  /** What would be freed with the class; what one of its nodes holds through another is counted once. */
  readonly retained: number
  /** Shortest path from a global object. */
  readonly distance: number
}

/** A heap with everything that DevTools shows of it. */
export interface Heap {
  readonly graph: HeapGraph
  readonly classes: Classes
  /** By node; see `distances`. */
  readonly distance: Int32Array
  readonly dominators: Dominators
  /** Total bytes, including those outside the graph. */
  readonly total: number
}

/** Computes classes, sizes and distances. Changes `graph.size` to DevTools' shallow sizes. */
export function analyse(graph: HeapGraph): Heap {
  spreadDetachedness(graph)
  calculateShallowSizes(graph)
  const distance = distances(graph)
  const classes = classify(graph, inferInterfaces(graph))
  const tree = dominators(graph)
  const total = tree.retained[graph.root] + graph.header.extraNativeBytes
  return { graph, classes, distance, dominators: tree, total }
}

/** The classes of a heap, by retained size. */
export function classRows(heap: Heap): ClassRow[] {
  const { graph, classes, distance } = heap
  const n = classes.names.length
  const count = new Float64Array(n)
  const shallow = new Float64Array(n)
  const nearest = new Int32Array(n)
  for (let node = 0; node < graph.nodeCount; node++) {
    if (graph.size[node] === 0) continue
    const c = classes.classOf[node]
    nearest[c] = count[c] === 0 ? distance[node] : Math.min(nearest[c], distance[node])
    count[c]++
    shallow[c] += graph.size[node]
  }
  const retained = retainedByClass(heap)
  const rows: ClassRow[] = []
  for (let c = 0; c < n; c++) {
    if (count[c] === 0) continue
    rows.push({
      name: classes.names[c],
      count: count[c],
      shallow: shallow[c],
      retained: retained[c],
      distance: nearest[c],
    })
  }
  return rows.sort((a, b) => b.retained - a.retained || b.shallow - a.shallow || (a.name < b.name ? -1 : 1))
}

/** Sum of the retained sizes of a class's nodes that no other node of the class dominates. */
function retainedByClass({ graph, classes, dominators: tree }: Heap): Float64Array {
  const { order, dominator, retained } = tree
  const { size, nodeCount } = graph
  const { classOf } = classes
  const { first, child } = dominated(tree)
  const total = new Float64Array(classes.names.length)
  const isOpen = new Uint8Array(classes.names.length) // is a node of the class above?
  const next = first.slice() // child to visit next
  const opens = new Uint8Array(nodeCount + 1) // did the node open its class?
  const enter = (i: number) => {
    const node = order[i]
    const c = classOf[node]
    if (size[node] === 0 || isOpen[c] === 1) return
    total[c] += retained[node]
    isOpen[c] = opens[i] = 1
  }
  enter(1)
  for (let i = 1; ; ) {
    if (next[i] < first[i + 1]) {
      i = child[next[i]++]
      enter(i)
      continue
    }
    if (opens[i] === 1) isOpen[classOf[order[i]]] = 0
    if (i === 1) return total
    i = dominator[i]
  }
}

/** The reverse: what each node dominates immediately, `child[first[i]]` up to `child[first[i + 1]]`. */
export function dominated({ dominator }: Dominators): { first: Uint32Array; child: Uint32Array } {
  const n = dominator.length - 1
  const first = new Uint32Array(n + 2)
  for (let i = 2; i <= n; i++) first[dominator[i]]++
  for (let i = 1, sum = 0; i <= n + 1; i++) first[i] = sum += i <= n ? first[i] : 0
  const child = new Uint32Array(Math.max(0, n - 1))
  for (let i = n; i >= 2; i--) child[--first[dominator[i]]] = i
  return { first, child }
}
