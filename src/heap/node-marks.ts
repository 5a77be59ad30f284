// Marks nodes: detached DOM nodes, user roots, and what belongs to the program.
import { reserve } from '../model/tables/typed-arrays.ts'
import type { HeapGraph } from './graph.ts'

const ATTACHED = 1
const DETACHED = 2

/** A stack of nodes that grows. */
export class NodeStack {
  #nodes = new Uint32Array(1024)
  length = 0

  push(node: number): void {
    if (this.length === this.#nodes.length) this.#nodes = reserve(this.#nodes, this.length + 1)
    this.#nodes[this.length++] = node
  }

  pop(): number {
    return this.#nodes[--this.length]
  }
}

/** Does the property hold for a name? Each name is tested once. */
export function nameTest(graph: HeapGraph, test: (text: string) => boolean): (name: number) => boolean {
  let answers = new Uint8Array(graph.strings.length) // 1 no, 2 yes
  return name => {
    if (name >= answers.length) answers = reserve(answers, graph.strings.length)
    if (answers[name] === 0) answers[name] = test(graph.strings.get(name)) ? 2 : 1
    return answers[name] === 2
  }
}

/**
 * Spreads the state of DOM nodes, attached or detached, to what they reach in native memory; attached wins.
 * The names of detached nodes get `Detached ` in front. DevTools' `propagateDOMState`.
 */
export function spreadDetachedness(graph: HeapGraph): void {
  const { header, detachedness, type, name, strings, nodeCount } = graph
  const native = header.nodeTypes.indexOf('native')
  if (header.nodeFields.detachedness === undefined) {
    const isDetached = nameTest(graph, text => text.startsWith('Detached '))
    for (let n = 0; n < nodeCount; n++) {
      if (type[n] === native && isDetached(name[n])) detachedness[n] = DETACHED
    }
    return
  }
  const visited = new Uint8Array(nodeCount)
  const renamed = new Map<number, number>()
  const attached = new NodeStack()
  const detached = new NodeStack()
  const visit = (n: number, state: number) => {
    if (visited[n] === 1) return
    visited[n] = 1
    if (type[n] !== native) return
    detachedness[n] = state
    if (state === ATTACHED) attached.push(n)
    else if (state === DETACHED) {
      const old = name[n]
      let now = renamed.get(old)
      if (now === undefined) renamed.set(old, (now = strings.add(`Detached ${strings.get(old)}`)))
      name[n] = now
      detached.push(n)
    }
  }
  for (let n = 0; n < nodeCount; n++) {
    const state = detachedness[n] & 3
    if (state !== 0) visit(n, state)
  }
  const leads = Uint8Array.from(header.edgeTypes, t => (t === 'hidden' || t === 'weak' ? 0 : 1))
  const spread = (from: NodeStack, state: number) => {
    while (from.length > 0) {
      const n = from.pop()
      for (let e = graph.firstEdge[n]; e < graph.firstEdge[n + 1]; e++) {
        if (leads[graph.edgeType[e]] === 1) visit(graph.to[e], state)
      }
    }
  }
  spread(attached, ATTACHED)
  spread(detached, DETACHED)
}

/** Is the node a root that users know: a global object or a DOM tree, directly below the root of all? */
export function userRootTest(graph: HeapGraph): (node: number) => boolean {
  const synthetic = graph.header.nodeTypes.indexOf('synthetic')
  const isTrees = nameTest(graph, text => text === '(Document DOM trees)')
  return n => graph.type[n] !== synthetic || isTrees(graph.name[n])
}

/** Nodes of the page or program, not of the debugger: 1 for those reachable from the global objects. */
export function markOwned(graph: HeapGraph): Uint8Array {
  const { header, root, firstEdge, edgeType, to, nodeCount } = graph
  const shortcut = header.edgeTypes.indexOf('shortcut')
  const element = header.edgeTypes.indexOf('element')
  const weak = header.edgeTypes.indexOf('weak')
  const synthetic = header.nodeTypes.indexOf('synthetic')
  const isTrees = nameTest(graph, text => text === '(Document DOM trees)')
  const marks = new Uint8Array(nodeCount)
  const stack = new NodeStack()
  const mark = (n: number) => {
    if (marks[n] === 1) return
    marks[n] = 1
    stack.push(n)
  }
  for (let e = firstEdge[root]; e < firstEdge[root + 1]; e++) {
    const n = to[e]
    const isTree = edgeType[e] === element && graph.type[n] === synthetic && isTrees(graph.name[n])
    if (isTree || edgeType[e] === shortcut) mark(n)
  }
  while (stack.length > 0) {
    const n = stack.pop()
    for (let e = firstEdge[n]; e < firstEdge[n + 1]; e++) if (edgeType[e] !== weak) mark(to[e])
  }
  return marks
}
