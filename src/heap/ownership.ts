// Attributes internal memory to the objects that own it.
import type { HeapGraph } from './graph.ts'
import { NodeStack, nameTest, userRootTest } from './node-marks.ts'

const NOBODY = 0xffffffff
const SEVERAL = 0xfffffffe

/**
 * Moves the shallow size of V8's internal nodes (hidden ones, arrays, external strings) that only one object
 * can reach to that object. DevTools' `calculateShallowSizes`. Snapshots without user roots (taken with
 * internals exposed) are unchanged.
 */
export function calculateShallowSizes(graph: HeapGraph): void {
  const { header, root, type, size, to, firstEdge, nodeCount } = graph
  const isUserRoot = userRootTest(graph)
  let hasUserRoot = false
  for (let e = firstEdge[root]; e < firstEdge[root + 1]; e++) hasUserRoot ||= isUserRoot(to[e])
  if (!hasUserRoot) return
  const owner = findOwners(graph)
  const synthetic = header.nodeTypes.indexOf('synthetic')
  for (let n = 0; n < nodeCount; n++) {
    const o = owner[n]
    if (o === n || o === NOBODY || o === SEVERAL || o === root || type[o] === synthetic) continue
    size[o] += size[n]
    size[n] = 0
  }
}

/** For each node its only owner (itself, unless it is internal), or NOBODY or SEVERAL. */
function findOwners(graph: HeapGraph): Uint32Array {
  const { header, type, name, edgeType, to, firstEdge, nodeCount } = graph
  const weak = header.edgeTypes.indexOf('weak')
  const hidden = header.nodeTypes.indexOf('hidden')
  const array = header.nodeTypes.indexOf('array')
  const native = header.nodeTypes.indexOf('native')
  const isExternalString = nameTest(graph, text => text === 'system / ExternalStringData')
  const owner = new Uint32Array(nodeCount)
  for (let n = 0; n < nodeCount; n++) {
    const t = type[n]
    owner[n] = t === hidden || t === array || (t === native && isExternalString(name[n])) ? NOBODY : n
  }
  // The result is the least fixed point, so the order of visits does not matter: a node changes at most
  // twice.
  const changed = new NodeStack()
  const visit = (n: number) => {
    const o = owner[n]
    for (let e = firstEdge[n]; e < firstEdge[n + 1]; e++) {
      const target = to[e]
      const now = owner[target]
      if (now === target || now === o || now === SEVERAL || edgeType[e] === weak) continue
      owner[target] = now === NOBODY ? o : SEVERAL
      changed.push(target)
    }
  }
  for (let n = 0; n < nodeCount; n++) {
    if (owner[n] !== n) continue
    visit(n)
    while (changed.length > 0) visit(changed.pop())
  }
  return owner
}
