// Names for plain objects by their properties, as DevTools infers them.
import type { HeapGraph } from './graph.ts'

/** An interface: plain objects that have all of these properties belong to it. */
export interface Interface {
  readonly name: string
  readonly properties: readonly string[]
}

// DevTools' limits.
const LONGEST_NAME = 120
const LEAST_OBJECTS = 2
const LEAST_SHARE = 1000

/** For each node: is it a plain object, of the constructor `Object`? */
export function plainObjectTest(graph: HeapGraph): (node: number) => boolean {
  const object = graph.header.nodeTypes.indexOf('object')
  const names = new Map<number, boolean>()
  return n => {
    if (graph.type[n] !== object) return false
    let isPlain = names.get(graph.name[n])
    if (isPlain === undefined) {
      isPlain = graph.strings.get(graph.name[n]) === 'Object'
      names.set(graph.name[n], isPlain)
    }
    return isPlain
  }
}

/** Interfaces of at least two objects, and one in a thousand: DevTools' `inferInterfaceDefinitions`. */
export function inferInterfaces(graph: HeapGraph): Interface[] {
  const { shapes, shape, strings, nodeCount } = graph
  const isPlain = plainObjectTest(graph)
  const counts = new Uint32Array(shapes.length)
  const order: number[] = [] // shapes in order of appearance
  let objects = 0
  for (let n = 0; n < nodeCount; n++) {
    if (!isPlain(n)) continue
    objects++
    if (counts[shape[n]]++ === 0) order.push(shape[n])
  }
  const candidates = new Map<string, Interface & { count: number }>()
  for (const s of order) {
    const { name, properties } = interfaceOf(Array.from(shapes.names(s), i => strings.get(i)))
    if (properties.length === 0) continue
    const known = candidates.get(name)
    if (known) known.count += counts[s]
    else candidates.set(name, { name, properties, count: counts[s] })
  }
  const least = Math.max(LEAST_OBJECTS, objects / LEAST_SHARE)
  return [...candidates.values()].sort((a, b) => b.count - a.count).filter(c => c.count >= least)
}

function interfaceOf(names: readonly string[]): Interface {
  let name = '{'
  const properties: string[] = []
  for (const property of names) {
    if (property === '__proto__') continue
    const shown = propertyText(property)
    if (name.length > 1 && name.length + shown.length > LONGEST_NAME) break
    if (name.length > 1) name += ', '
    name += shown
    properties.push(property)
  }
  return { name: `${name}}`, properties }
}

/** A property's name as part of an interface's: quoted if it contains a comma, a quote or a brace. */
function propertyText(name: string): string {
  return /[,'"{}]/.test(name) ? JSON.stringify({ [name]: 0 }).slice(1, -3) : name
}

/** A branch in the tree of sorted properties. */
interface Branch {
  readonly next: Map<string, Branch>
  match: { name: string; properties: number; index: number } | undefined
  greatest: string | undefined
}

/** Finds the first interface with most properties: DevTools' `applyInterfaceDefinitions`. */
export class InterfaceMatcher {
  readonly #root: Branch = { next: new Map(), match: undefined, greatest: undefined }
  /** Properties of any interface; others cannot matter. */
  readonly #known = new Set<string>()

  constructor(interfaces: readonly Interface[]) {
    for (const [index, { name, properties }] of interfaces.entries()) {
      let branch = this.#root
      for (const property of [...properties].sort()) {
        this.#known.add(property)
        let next = branch.next.get(property)
        if (!next) {
          next = { next: new Map(), match: undefined, greatest: undefined }
          branch.next.set(property, next)
          if (branch.greatest === undefined || branch.greatest < property) branch.greatest = property
        }
        branch = next
      }
      branch.match ??= { name, properties: properties.length, index }
    }
  }

  match(names: readonly string[]): string | undefined {
    let best = this.#root.match
    const branches = new Set<Branch>([this.#root])
    for (const property of names.filter(name => this.#known.has(name)).sort()) {
      for (const branch of [...branches]) {
        if (branch.greatest === undefined || property >= branch.greatest) branches.delete(branch)
        const next = branch.next.get(property)
        if (!next) continue
        branches.add(next)
        const match = next.match
        if (!match) continue
        const isBetter =
          !best ||
          match.properties > best.properties ||
          (match.properties === best.properties && match.index <= best.index)
        if (isBetter) best = match
      }
    }
    return best?.name
  }
}
