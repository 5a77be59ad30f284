// Sorts the nodes of a heap into the classes of DevTools' Summary.
import { className, isNamed } from '../heapsnapshot/header.ts'
import type { HeapGraph } from './graph.ts'
import { type Interface, InterfaceMatcher, plainObjectTest } from './interfaces.ts'

/** The classes under which nodes are counted, as in DevTools' Summary. */
export interface Classes {
  /** Name of each class. Classes with the same name differ in where their constructor is defined. */
  readonly names: readonly string[]
  /** Identifies a class, also in another snapshot: the code location if any, a comma, the name. */
  readonly keys: readonly string[]
  /** Class of each node. */
  readonly classOf: Uint32Array
}

/** Puts each node into its class. `interfaces` are those of plain objects. */
export function classify(graph: HeapGraph, interfaces: readonly Interface[]): Classes {
  const { header, type, name, location, nodeCount } = graph
  const isPlain = plainObjectTest(graph)
  const plainName = plainNames(graph, interfaces)
  const named = Uint8Array.from(header.nodeTypes, t => (isNamed(t) ? 1 : 0))
  const object = header.nodeTypes.indexOf('object')
  const classOf = new Uint32Array(nodeCount)
  const table = new ClassTable(graph)
  const byType = new Int32Array(header.nodeTypes.length).fill(-1)
  const byName = new Int32Array(graph.strings.length).fill(-1) // names of objects and native nodes
  for (let n = 0; n < nodeCount; n++) {
    const t = type[n]
    let base: number // index of the name
    if (named[t] === 0) {
      base = byType[t] < 0 ? (byType[t] = table.name(className(header.nodeTypes[t], ''))) : byType[t]
    } else if (isPlain(n)) {
      base = plainName(graph.shape[n], table)
    } else {
      const i = name[n]
      base = byName[i] < 0 ? (byName[i] = table.name(className('object', graph.strings.get(i)))) : byName[i]
    }
    classOf[n] = table.classOf(base, t === object && location.length > 0 ? location[n] : 0)
  }
  return { names: table.names, keys: table.keys, classOf }
}

/** The name for a shape of plain objects; each is computed once. */
function plainNames(
  graph: HeapGraph,
  interfaces: readonly Interface[],
): (shape: number, table: ClassTable) => number {
  const matcher = new InterfaceMatcher(interfaces)
  const known = new Int32Array(graph.shapes.length).fill(-1)
  return (shape, table) => {
    if (known[shape] < 0) {
      const properties = Array.from(graph.shapes.names(shape), i => graph.strings.get(i))
      known[shape] = table.name(matcher.match(properties) ?? 'Object')
    }
    return known[shape]
  }
}

class ClassTable {
  readonly names: string[] = []
  readonly keys: string[] = []
  readonly #locations: readonly string[]
  readonly #baseNames: string[] = []
  readonly #baseOf = new Map<string, number>()
  readonly #plain: number[] = [] // class of a name without location
  readonly #located = new Map<number, number>()

  constructor(graph: HeapGraph) {
    this.#locations = graph.locations
  }

  /** Index of a name. */
  name(text: string): number {
    let base = this.#baseOf.get(text)
    if (base === undefined) {
      base = this.#baseNames.push(text) - 1
      this.#baseOf.set(text, base)
    }
    return base
  }

  /** The class of a name at a location; 0 = none. */
  classOf(base: number, location: number): number {
    if (location === 0) return (this.#plain[base] ??= this.#add(base, ''))
    const both = location * 4194304 + base
    let found = this.#located.get(both)
    if (found === undefined) {
      found = this.#add(base, this.#locations[location - 1])
      this.#located.set(both, found)
    }
    return found
  }

  #add(base: number, location: string): number {
    this.keys.push(`${location},${this.#baseNames[base]}`)
    return this.names.push(this.#baseNames[base]) - 1
  }
}
