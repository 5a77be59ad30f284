// Heap snapshots for programs: the graph of a `.heapsnapshot`, and what Chrome DevTools shows of it.
import { UsageError } from '../errors.ts'
import type { TracedRow } from '../formats/open-heap.ts'
import type { ClassDiff } from '../heap/compare.ts'
import type { DuplicateRow, ObjectRow } from '../heap/object-lists.ts'
import type { RetainedObject } from '../heap/retainers.ts'
import type { ClassRow, Heap } from '../heap/summary.ts'

export type { TracedRow } from '../formats/open-heap.ts'
export type { ClassDiff } from '../heap/compare.ts'
export type { DuplicateRow, ObjectRow } from '../heap/object-lists.ts'
export type { RetainedObject, RetainerStep } from '../heap/retainers.ts'
export type { ClassRow } from '../heap/summary.ts'
export type { SurvivorRow } from '../heap/three-snapshots.ts'

export interface HeapOptions {
  /** Most bytes of memory to use; nine tenths of what is available unless given. */
  maxMemory?: number
  /** Most bytes of a file, inflated. */
  maxSize?: number
}

/** An object of a heap, or something else that V8 counts: a string, code, a hidden array. Sizes in bytes. */
export interface HeapNode {
  /** Its number in the file, from 0. */
  readonly index: number
  /** V8's number for it: the same in later snapshots of the program. */
  readonly id: number
  /** `object`, `string`, `closure`, `array`, `code` ... */
  readonly type: string
  /** What it is called in lists: its class, or its own name or text. */
  readonly name: string
  /** The class that it counts for in `classes()`. */
  readonly className: string
  readonly shallow: number
  /** What would be freed with it. */
  readonly retained: number
  /** Steps from a global object; 100,000,000 more from V8's own roots, -5 if nothing leads there. */
  readonly distance: number
}

/** A reference from one node to another. */
export interface HeapEdge {
  /** `property`, `element`, `context`, `internal`, `hidden`, `shortcut`, `weak` ... */
  readonly type: string
  /** Name of the property or variable, or the index of an element. */
  readonly name: string
  readonly to: HeapNode
}

/** The analysis. Loaded when it is needed: a program that only traces itself does without. */
async function analysis() {
  const [lists, labels, distances, retainers, summary] = await Promise.all([
    import('../heap/object-lists.ts'),
    import('../heap/labels.ts'),
    import('../heap/distances.ts'),
    import('../heap/retainers.ts'),
    import('../heap/summary.ts'),
  ])
  return { ...lists, ...labels, ...distances, ...retainers, ...summary }
}

/** A heap snapshot, read whole and analysed as Chrome DevTools does. */
export class HeapSnapshot {
  /** Total bytes, including those outside the graph. */
  readonly total: number
  readonly nodeCount: number
  readonly edgeCount: number
  readonly #heap: Heap
  readonly #analysis: Awaited<ReturnType<typeof analysis>>
  readonly #nameOf: (node: number) => string
  readonly #edgeName: (edge: number) => string

  /** @internal Use `load`. */
  constructor(heap: Heap, tools: Awaited<ReturnType<typeof analysis>>) {
    this.#heap = heap
    this.#analysis = tools
    this.total = heap.total
    this.nodeCount = heap.graph.nodeCount
    this.edgeCount = heap.graph.edgeCount
    this.#nameOf = tools.nodeTexts(heap)
    this.#edgeName = tools.edgeTexts(heap.graph)
  }

  /**
   * Reads a `.heapsnapshot`, also compressed; `-` is standard input.
   * @throws FormatError if it is none, or needs more memory than allowed; FileError if it cannot be read
   */
  static async load(path: string, options: HeapOptions = {}): Promise<HeapSnapshot> {
    const { openHeap } = await import('../formats/open-heap.ts')
    return new HeapSnapshot(await openHeap(path, options), await analysis())
  }

  /** The node that everything alive hangs from. */
  get root(): HeapNode {
    return this.node(this.#heap.graph.root)
  }

  /** The node with this number. Throws UsageError if there is none. */
  node(index: number): HeapNode {
    if (!Number.isInteger(index) || index < 0 || index >= this.nodeCount)
      throw new UsageError(`no node ${index} of ${this.nodeCount}`)
    const { graph, classes, distance, dominators } = this.#heap
    return {
      index,
      id: graph.id[index],
      type: graph.header.nodeTypes[graph.type[index]],
      name: this.#nameOf(index),
      className: classes.names[classes.classOf[index]],
      shallow: graph.size[index],
      retained: dominators.retained[index],
      distance: distance[index],
    }
  }

  /** All nodes, in the order of the file. Each is made when it is reached. */
  *nodes(): Generator<HeapNode> {
    for (let index = 0; index < this.nodeCount; index++) yield this.node(index)
  }

  /** The node with V8's number `id`; undefined if there is none. */
  find(id: number): HeapNode | undefined {
    const { graph } = this.#heap
    const index = graph.id.subarray(0, graph.nodeCount).indexOf(id)
    return index < 0 ? undefined : this.node(index)
  }

  /** What a node refers to. */
  *edges(node: HeapNode): Generator<HeapEdge> {
    const { firstEdge, edgeType, to, header } = this.#heap.graph
    for (let edge = firstEdge[node.index]; edge < firstEdge[node.index + 1]; edge++) {
      yield { type: header.edgeTypes[edgeType[edge]], name: this.#edgeName(edge), to: this.node(to[edge]) }
    }
  }

  /** DevTools' Summary: the classes, by retained size. */
  classes(): ClassRow[] {
    return this.#analysis.classRows(this.#heap)
  }

  /** The objects of a class, by retained size. */
  objectsOf(className: string): ObjectRow[] {
    return this.#analysis.objectsOfClass(this.#heap, className)
  }

  /** DOM nodes that are in no document any more, by retained size. */
  detached(): ObjectRow[] {
    return this.#analysis.detachedNodes(this.#heap)
  }

  /** Strings whose text is there more than once, by retained size. */
  duplicateStrings(): DuplicateRow[] {
    return this.#analysis.duplicateStrings(this.#heap)
  }

  /**
   * The shortest paths that keep an object alive, nearest retainer first.
   * @param id V8's number for the object
   * @param most largest number of paths; 0 = all
   * @returns undefined if there is no such object
   */
  retainers(id: number, most = 0): RetainedObject | undefined {
    return this.#analysis.retainersOf(this.#heap, id, most)
  }
}

/**
 * What came and went by class since an older heap snapshot: DevTools' Comparison. One file is in memory at a
 * time. Throws FormatError or FileError.
 */
export async function compareHeaps(
  path: string,
  old: string,
  options: HeapOptions = {},
): Promise<ClassDiff[]> {
  const { compareHeapFiles } = await import('../formats/open-heap.ts')
  return compareHeapFiles(path, old, options)
}

/**
 * Objects that were made between two heap snapshots and are still in a third, by what keeps them alive.
 * Throws FormatError or FileError.
 */
export async function heapSurvivors(
  path: string,
  base: string,
  target: string,
  options: HeapOptions = {},
): Promise<TracedRow[]> {
  const { stayedInFile } = await import('../formats/open-heap.ts')
  return stayedInFile(path, base, target, options)
}
