// Compares two heaps of one program class by class.
import { classify } from './classes.ts'
import { dropEdges, type HeapGraph, type Ids } from './graph.ts'
import { type Interface, inferInterfaces } from './interfaces.ts'
import { spreadDetachedness } from './node-marks.ts'
import { calculateShallowSizes } from './ownership.ts'

/** The nodes of a heap that have a size, as columns: what a comparison needs. */
export interface Census {
  readonly length: number
  readonly id: Ids
  readonly size: Uint32Array | Float64Array
  readonly classOf: Uint32Array
  /** See `Classes`. */
  readonly names: readonly string[]
  readonly keys: readonly string[]
  readonly interfaces: readonly Interface[]
}

/** How a class changed: a row of DevTools' Comparison. Sizes are shallow, in bytes. */
export interface ClassDiff {
  readonly name: string
  readonly added: number
  readonly removed: number
  readonly addedSize: number
  readonly removedSize: number
  readonly countDelta: number
  readonly sizeDelta: number
}

/**
 * Takes the columns a comparison needs. `interfaces` are those of the newer heap, which name the plain
 * objects of both; inferred if absent. Destructive: it reuses the graph's arrays, so do not use the graph
 * afterwards.
 */
export function census(graph: HeapGraph, interfaces?: readonly Interface[]): Census {
  spreadDetachedness(graph)
  calculateShallowSizes(graph)
  dropEdges(graph)
  const known = interfaces ?? inferInterfaces(graph)
  const { names, keys, classOf } = classify(graph, known)
  // The columns are packed in place: they are the graph's own.
  const { id, size } = graph
  let length = 0
  for (let n = 0; n < graph.nodeCount; n++) {
    if (size[n] === 0) continue
    id[length] = id[n]
    size[length] = size[n]
    classOf[length++] = classOf[n]
  }
  return {
    length,
    id: id.subarray(0, length),
    size: size.subarray(0, length),
    classOf: classOf.subarray(0, length),
    names,
    keys,
    interfaces: known,
  }
}

/** How the classes changed between two heaps of one program. Equal objects have equal id and class. */
export function compareHeaps(now: Census, old: Census): ClassDiff[] {
  const oldClass = sameClasses(now, old)
  const names = [...now.names]
  for (let c = 0; c < old.names.length; c++) names[oldClass[c]] ??= old.names[c]
  const added = new Float64Array(names.length)
  const addedSize = new Float64Array(names.length)
  const removed = new Float64Array(names.length)
  const removedSize = new Float64Array(names.length)
  const index = new IdIndex(old.id)
  const survived = new Uint8Array(old.length)
  for (let i = 0; i < now.length; i++) {
    const c = now.classOf[i]
    const before = index.find(now.id[i])
    if (before >= 0 && survived[before] === 0 && oldClass[old.classOf[before]] === c) {
      survived[before] = 1
      continue
    }
    added[c]++
    addedSize[c] += now.size[i]
  }
  for (let i = 0; i < old.length; i++) {
    if (survived[i] === 1) continue
    const c = oldClass[old.classOf[i]]
    removed[c]++
    removedSize[c] += old.size[i]
  }
  return names
    .map((name, c) => ({
      name,
      added: added[c],
      removed: removed[c],
      addedSize: addedSize[c],
      removedSize: removedSize[c],
      countDelta: added[c] - removed[c],
      sizeDelta: addedSize[c] - removedSize[c],
    }))
    .filter(row => row.added > 0 || row.removed > 0)
    .sort((a, b) => b.sizeDelta - a.sizeDelta || b.addedSize - a.addedSize || (a.name < b.name ? -1 : 1))
}

/** For each class of `old` its index in `now`, or a new one after those. */
function sameClasses(now: Census, old: Census): Uint32Array {
  const numbers = new Map(now.keys.map((key, c) => [key, c]))
  return Uint32Array.from(old.keys, key => {
    const known = numbers.get(key)
    if (known !== undefined) return known
    numbers.set(key, numbers.size)
    return numbers.size - 1
  })
}

/** Finds ids in a column; of equal ones the first. */
export class IdIndex {
  readonly #ids: Ids
  /** Index + 1, 0 = free: at the id itself if ids are dense, as V8's are, otherwise hashed. */
  readonly #slots: Uint32Array
  readonly #isDense: boolean
  readonly #shift: number
  /** Random, so that no file can be built to collide. */
  readonly #factor = Math.floor(Math.random() * 2 ** 31) * 2 + 1

  constructor(ids: Ids) {
    let most = 0
    for (const id of ids) if (id > most) most = id
    let bits = 10
    while (2 ** bits < ids.length * 1.5) bits++
    this.#ids = ids
    this.#isDense = most < ids.length * 4
    this.#slots = new Uint32Array(this.#isDense ? most + 1 : 2 ** bits)
    this.#shift = 32 - bits
    for (let i = 0; i < ids.length; i++) {
      const slot = this.#slotOf(ids[i])
      if (this.#slots[slot] === 0) this.#slots[slot] = i + 1
    }
  }

  /** The index of an id, or -1. */
  find(id: number): number {
    const slot = this.#slotOf(id)
    return slot < this.#slots.length ? this.#slots[slot] - 1 : -1
  }

  /** The slot where the id is, or would be. */
  #slotOf(id: number): number {
    if (this.#isDense) return id
    const slots = this.#slots
    let slot = Math.imul(id, this.#factor) >>> this.#shift
    while (slots[slot] !== 0 && this.#ids[slots[slot] - 1] !== id) slot = (slot + 1) & (slots.length - 1)
    return slot
  }
}
