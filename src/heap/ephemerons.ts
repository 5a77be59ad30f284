// Recognizes the edges of WeakMap entries.
import type { HeapGraph } from './graph.ts'

/** What V8 writes on the two edges, from table and key, that together hold a value in a WeakMap. */
export interface WeakMapEdge {
  /** The same on both edges. */
  readonly pair: string
  /** Id of the table's node. */
  readonly table: number
}

// V8's own names are neither shorter nor longer. Nearly all names of internal edges are numbers.
const SHORTEST = 60
const LONGEST = 4096

/** Recognizes such edges by their name; each name is parsed once. */
export function weakMapEdges(graph: HeapGraph): (name: number) => WeakMapEdge | undefined {
  const isOther = new Uint8Array(graph.strings.length)
  const found = new Map<number, WeakMapEdge>()
  return name => {
    if (isOther[name] === 1) return undefined
    const known = found.get(name)
    if (known) return known
    const { length } = graph.strings.bytes(name)
    const edge = length < SHORTEST || length > LONGEST ? undefined : parse(graph.strings.get(name))
    if (edge) found.set(name, edge)
    else isOther[name] = 1
    return edge
  }
}

/** `12 / part of key (A @1) -> value (B @2) pair in WeakMap (table @3)` */
function parse(text: string): WeakMapEdge | undefined {
  const start = /^\d+(?= \/ part of key \()/.exec(text)
  const end = / @\d+\) pair in WeakMap \(table @(\d+)\)$/.exec(text)
  if (!start || !end || !/ @\d+\) -> value \(/.test(text)) return undefined
  return { pair: text.slice(start[0].length), table: Number(end[1]) }
}
