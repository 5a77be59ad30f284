// Reads a heap snapshot into columns.
import type { Source } from '../bytes/source.ts'
import { FormatError } from '../errors.ts'
import { AllocationCalls } from '../heapsnapshot/allocation-calls.ts'
import { type Header, LONGEST_HEADER, readHeader } from '../heapsnapshot/header.ts'
import { readMembers } from '../heapsnapshot/sections.ts'
import { StringTable } from '../heapsnapshot/string-table.ts'
import { callTree, functionRows } from '../heapsnapshot/trace-tree.ts'
import { type Handler, RowFault } from '../heapsnapshot/values.ts'
import { hash2, RowIndex, reserve } from '../model/tables/typed-arrays.ts'
import { Shapes } from './shapes.ts'

/** What to keep of a file beyond what every caller needs. */
export interface GraphOptions {
  /** Names of edges: for distances, dominators and retainers, not for classes and comparison. */
  edgeNames: boolean
  /** Called with the header before anything else is read; throws if the file is too large. */
  admit?: (header: Header) => void
}

/** Ids of nodes: of 32 bits in V8's files, addresses in some others'. */
export type Ids = Uint32Array | Float64Array

/** A heap snapshot as columns, in file order. Node `n` has edges `firstEdge[n]` up to `firstEdge[n + 1]`. */
export interface HeapGraph {
  readonly header: Header
  readonly strings: StringTable
  readonly nodeCount: number
  readonly edgeCount: number
  readonly root: number
  // By node.
  readonly type: Uint8Array
  /** String index; changed if a node turns out to be detached. */
  readonly name: Uint32Array
  readonly id: Ids
  /** Shallow size in bytes: the file's own until `calculateShallowSizes` has run. 32 bits if the sum fits. */
  readonly size: Uint32Array | Float64Array
  firstEdge: Uint32Array
  /** 0 unknown, 1 attached, 2 detached. */
  readonly detachedness: Uint8Array
  /** Shape of an object: its property names. 0 for all other nodes. */
  readonly shape: Uint32Array
  readonly shapes: Shapes
  /** Number of the code location, from 1; 0 = none. Empty if no node has one. */
  readonly location: Uint32Array
  readonly locations: readonly string[]
  /** Allocation trace, by the ids in `calls`; empty if there are none. */
  readonly trace: Uint32Array
  readonly calls: AllocationCalls
  // By edge.
  edgeType: Uint8Array
  /** A string index, or the index of an element or hidden edge. Empty unless requested. */
  edgeName: Uint32Array
  to: Uint32Array
}

/** Releases the edges, most of a graph, once they are no longer needed. */
export function dropEdges(graph: HeapGraph): void {
  graph.firstEdge = graph.edgeName = graph.to = new Uint32Array(0)
  graph.edgeType = new Uint8Array(0)
}

// Bytes per node and per edge held by the most expensive step: computing dominators, or owners.
const FULL = { node: 82, edge: 16 }
const CLASSES_ONLY = { node: 44, edge: 7 }

/** Rough number of bytes of memory that a file needs, according to its header. */
export function memoryNeeded(header: Header, options: GraphOptions): number {
  const { node, edge } = options.edgeNames ? FULL : CLASSES_ONLY
  const strings = header.nodeCount * 14 // V8 names about every second node, in some 20 bytes
  return 60e6 + header.nodeCount * node + header.edgeCount * edge + strings
}

/** Reads a whole heap snapshot into columns. Throws FormatError. */
export async function readGraph(source: Source, options: GraphOptions): Promise<HeapGraph> {
  const reader = new GraphReader(options)
  await readMembers(source, 'heapsnapshot', (name, isLast) => reader.member(name, isLast))
  try {
    return reader.graph()
  } catch (error) {
    if (!(error instanceof FormatError) || error.format) throw error
    throw new FormatError(error.code, error.reason, { format: 'heapsnapshot', path: error.path })
  }
}

/** A column with room for `length` values. Grows eightfold, but never beyond what the file says it needs. */
function grow<T extends Uint8Array | Uint32Array | Float64Array>(column: T, length: number, most: number): T {
  if (length <= column.length) return column
  const room = Math.max(length, Math.min(most, column.length * 8))
  const grown = new (column.constructor as new (n: number) => T)(room)
  grown.set(column as never)
  return grown
}

const ROOM = 1 << 12

/** Sections that another one must have been read before. */
const NEEDED: Readonly<Record<string, string>> = {
  nodes: 'snapshot',
  edges: 'nodes',
  trace_function_infos: 'snapshot',
  trace_tree: 'trace_function_infos',
  locations: 'nodes',
}

class GraphReader {
  readonly #options: GraphOptions
  readonly #seen = new Set<string>()
  #header: Header | undefined
  readonly #texts = new StringTable()
  #nodes = 0
  #type = new Uint8Array(ROOM)
  #name = new Uint32Array(ROOM)
  #id: Ids = new Uint32Array(ROOM)
  #size: Uint32Array | Float64Array = new Uint32Array(ROOM)
  #total = 0 // of the sizes
  #firstEdge = new Uint32Array(ROOM)
  #detachedness = new Uint8Array(ROOM)
  #trace = new Uint32Array(0)
  readonly #calls = new AllocationCalls()
  #edges = 0
  #edgeType = new Uint8Array(ROOM)
  #edgeName = new Uint32Array(0)
  #to = new Uint32Array(ROOM)
  readonly #shapes = new Shapes()
  #shape = new Uint32Array(0)
  #source = 0 // node whose edges are being read
  #location = new Uint32Array(0)
  readonly #locations = new Map<string, number>()

  constructor(options: GraphOptions) {
    this.#options = options
  }

  member(name: string, isLast: boolean): Handler | undefined {
    const needed = NEEDED[name]
    if (needed && !this.#seen.has(needed)) {
      if (!isLast) return undefined
      throw new FormatError('malformed', `no section '${needed}'`)
    }
    if (this.#seen.has(name)) throw new FormatError('malformed', 'the section is there twice')
    this.#seen.add(name)
    if (name === 'snapshot') {
      return {
        read: 'json',
        limit: LONGEST_HEADER,
        value: value => {
          this.#header = readHeader(value)
          this.#options.admit?.(this.#header)
        },
      }
    }
    if (name === 'nodes') return this.#nodeRows(this.#header!)
    if (name === 'edges') return this.#edgeRows(this.#header!)
    const header = this.#header
    const isTracked = header !== undefined && header.traceFunctionCount > 0
    if (name === 'trace_function_infos' && isTracked) return functionRows(header.functionFields, this.#calls)
    if (name === 'trace_tree' && isTracked) return callTree(header.traceFields, this.#calls)
    if (name === 'locations') return this.#locationRows(this.#header!)
    if (name === 'strings') {
      return {
        read: 'strings',
        piece: (bytes, start, end, quotes, count) => this.#texts.piece(bytes, start, end, quotes, count),
      }
    }
    return { read: 'skip' }
  }

  #nodeRows(header: Header): Handler {
    const f = header.nodeFields
    const { length: step, type: typeAt, name: nameAt, id: idAt, self_size: sizeAt, edge_count: edgesAt } = f
    const types = header.nodeTypes.length
    const traced = f.trace_node_id !== undefined && header.traceFunctionCount > 0
    let edges = 0
    return {
      read: 'rows',
      fields: f.length,
      wide: [f.self_size, f.id],
      rows: (values, length, first, wide) => {
        this.#makeRoomForNodes(this.#nodes + length / f.length, first, header, traced)
        if (wide.some(({ at }) => at % step === sizeAt)) this.#widenSizes()
        if (this.#id instanceof Uint32Array && wide.some(({ at }) => at % step === idAt))
          this.#id = Float64Array.from(this.#id)
        const [nodeTypes, names, ids] = [this.#type, this.#name, this.#id]
        const [sizes, firstEdge] = [this.#size, this.#firstEdge]
        let n = this.#nodes
        let total = this.#total
        for (let i = 0; i < length; i += step, n++) {
          const type = values[i + typeAt]
          if (type >= types) throw new RowFault(`there is no node type ${type}`, first + i + typeAt)
          nodeTypes[n] = type
          names[n] = values[i + nameAt]
          ids[n] = values[i + idAt]
          sizes[n] = values[i + sizeAt]
          total += values[i + sizeAt]
          firstEdge[n] = edges
          edges += values[i + edgesAt]
          if (edges > (header.edgeCount || Number.POSITIVE_INFINITY))
            throw new RowFault('more edges than edge_count', first + i + edgesAt)
        }
        this.#total = total
        for (const { at, value } of wide)
          (at % step === sizeAt ? sizes : ids)[this.#nodes + Math.floor(at / step)] = value
        this.#optional(values, length, step, f.detachedness, this.#detachedness)
        if (traced) this.#optional(values, length, step, f.trace_node_id, this.#trace)
        this.#nodes = n
      },
      done: () => {
        this.#countsMustAgree('node_count', header.nodeCount, this.#nodes)
        this.#countsMustAgree('edge_count', header.edgeCount, edges)
        if (this.#total > 0xffffffff) this.#widenSizes()
        this.#firstEdge = grow(this.#firstEdge, this.#nodes + 1, this.#nodes + 1)
        this.#firstEdge[this.#nodes] = edges
        this.#shape = new Uint32Array(this.#nodes)
      },
    }
  }

  #widenSizes(): void {
    if (this.#size instanceof Uint32Array) this.#size = Float64Array.from(this.#size)
  }

  /** Copies a field that not every file has. */
  #optional(values: Uint32Array, length: number, step: number, at: number, column: Uint8Array | Uint32Array) {
    if (at === undefined) return
    for (let i = at, n = this.#nodes; i < length; i += step, n++) column[n] = values[i]
  }

  #makeRoomForNodes(length: number, first: number, header: Header, traced: boolean): void {
    const most = this.#most(header.nodeCount, length, this.#type.length, { nodeCount: length * 2 })
    if (length > most) throw new RowFault(`more than node_count ${most} nodes`, first)
    this.#type = grow(this.#type, length, most)
    this.#name = grow(this.#name, length, most)
    this.#id = grow(this.#id, length, most)
    this.#size = grow(this.#size, length, most)
    this.#firstEdge = grow(this.#firstEdge, length + 1, most + 1)
    this.#detachedness = grow(this.#detachedness, length, most)
    if (traced) this.#trace = grow(this.#trace, length, most)
  }

  /**
   * Room for the rows of a section; if the file does not say how many it has, memory is claimed while they
   * come.
   */
  #most(claim: number, length: number, room: number, counts: Partial<Header>): number {
    if (claim !== 0) return claim
    if (length <= room) return room
    this.#options.admit?.({ ...this.#header!, ...counts })
    return length * 2
  }

  #countsMustAgree(name: string, claim: number, found: number): void {
    if (claim !== 0 && claim !== found)
      throw new FormatError('malformed', `${name} is ${claim}, but there are ${found}`)
  }

  #edgeRows(header: Header): Handler {
    const { length: step, type: typeAt, name_or_index: nameAt, to_node: toAt } = header.edgeFields
    const fields = header.nodeFields.length
    const types = header.edgeTypes.length
    return {
      read: 'rows',
      fields: step,
      rows: (values, length, first) => {
        this.#makeRoomForEdges(this.#edges + length / step, first, header)
        const [edgeType, edgeName, to] = [this.#edgeType, this.#edgeName, this.#to]
        const nodes = this.#nodes
        const named = this.#options.edgeNames
        let e = this.#edges
        for (let i = 0; i < length; i += step, e++) {
          const type = values[i + typeAt]
          if (type >= types) throw new RowFault(`there is no edge type ${type}`, first + i + typeAt)
          const index = values[i + toAt]
          const node = (index / fields) >>> 0
          if (node * fields !== index || node >= nodes)
            throw new RowFault('to_node is no node', first + i + toAt)
          edgeType[e] = type
          to[e] = node
          if (named) edgeName[e] = values[i + nameAt]
        }
        this.#readShapes(values, length, header)
        this.#edges = e
      },
      done: () => {
        this.#countsMustAgree('edge_count', header.edgeCount, this.#edges)
      },
    }
  }

  /** Collects the property names from the edges of objects; one object may span several pieces. */
  #readShapes(values: Uint32Array, length: number, header: Header): void {
    const { length: step, type: typeAt, name_or_index: nameAt } = header.edgeFields
    const property = header.edgeTypes.indexOf('property')
    const object = header.nodeTypes.indexOf('object')
    const [firstEdge, nodeType, shapes] = [this.#firstEdge, this.#type, this.#shapes]
    const start = this.#edges
    const stop = start + length / step
    let n = this.#source
    for (; n < this.#nodes; n++) {
      const end = firstEdge[n + 1]
      if (nodeType[n] === object) {
        for (let e = Math.max(start, firstEdge[n]); e < end && e < stop; e++) {
          const i = (e - start) * step
          if (values[i + typeAt] === property) shapes.push(values[i + nameAt])
        }
        if (end <= stop) this.#shape[n] = shapes.close()
      }
      if (end > stop) break
    }
    this.#source = n
  }

  #makeRoomForEdges(length: number, first: number, header: Header): void {
    const most = this.#most(header.edgeCount, length, this.#edgeType.length, {
      nodeCount: this.#nodes,
      edgeCount: length * 2,
    })
    if (length > most) throw new RowFault(`more than edge_count ${most} edges`, first)
    this.#edgeType = grow(this.#edgeType, length, most)
    this.#to = grow(this.#to, length, most)
    if (!this.#options.edgeNames) return
    if (this.#edgeName.length === 0) this.#edgeName = new Uint32Array(ROOM)
    this.#edgeName = grow(this.#edgeName, length, most)
  }

  #locationRows(header: Header): Handler {
    const f = header.locationFields
    const fields = header.nodeFields.length
    if (f.object_index === undefined) return { read: 'skip' }
    const index = new RowIndex()
    let triples = new Uint32Array(64)
    let count = 0
    const object = header.nodeTypes.indexOf('object')
    this.#location = new Uint32Array(this.#nodes)
    return {
      read: 'rows',
      fields: f.length,
      rows: (values, length, first) => {
        for (let i = 0; i < length; i += f.length) {
          const node = values[i + f.object_index] / fields
          if (!Number.isInteger(node) || node >= this.#nodes) {
            throw new RowFault('object_index is no node', first + i + f.object_index)
          }
          if (this.#type[node] !== object) continue // it distinguishes only objects
          const script = values[i + f.script_id]
          const line = values[i + f.line]
          const column = values[i + f.column]
          let found = index.find(
            hash2(hash2(script, line), column),
            j => triples[j * 3] === script && triples[j * 3 + 1] === line && triples[j * 3 + 2] === column,
          )
          if (found < 0) {
            found = count++
            triples = reserve(triples, count * 3)
            triples.set([script, line, column], found * 3)
            index.add(hash2(hash2(script, line), column), found, j =>
              hash2(hash2(triples[j * 3], triples[j * 3 + 1]), triples[j * 3 + 2]),
            )
            this.#locations.set(`${script},${line},${column}`, found)
          }
          this.#location[node] = found + 1
        }
      },
    }
  }

  graph(): HeapGraph {
    for (const name of ['snapshot', 'nodes', 'edges', 'strings']) {
      if (!this.#seen.has(name)) throw new FormatError('malformed', `no section '${name}'`)
    }
    const header = this.#header!
    if (this.#nodes === 0 || header.root >= this.#nodes) throw new FormatError('malformed', 'no root node')
    this.#checkNames(header)
    return {
      header,
      strings: this.#texts,
      nodeCount: this.#nodes,
      edgeCount: this.#edges,
      root: header.root,
      type: this.#type,
      name: this.#name,
      id: this.#id,
      size: this.#size,
      firstEdge: this.#firstEdge,
      detachedness: this.#detachedness,
      shape: this.#shape,
      shapes: this.#shapes,
      location: this.#location,
      locations: [...this.#locations.keys()],
      trace: this.#trace,
      calls: this.#calls,
      edgeType: this.#edgeType,
      edgeName: this.#edgeName,
      to: this.#to,
    }
  }

  #checkNames(header: Header): void {
    const strings = this.#texts.length
    const fault = (path: string) => {
      throw new FormatError('malformed', `a name beyond the ${strings} strings`, { path })
    }
    for (let n = 0; n < this.#nodes; n++) {
      if (this.#name[n] >= strings) fault(`nodes[${n * header.nodeFields.length + header.nodeFields.name}]`)
    }
    const hasText = Uint8Array.from(header.edgeTypes, type =>
      type === 'element' || type === 'hidden' ? 0 : 1,
    )
    for (let e = 0; e < this.#edgeName.length && e < this.#edges; e++) {
      if (hasText[this.#edgeType[e]] === 1 && this.#edgeName[e] >= strings) {
        fault(`edges[${e * header.edgeFields.length + header.edgeFields.name_or_index}]`)
      }
    }
    for (let shape = 0; shape < this.#shapes.length; shape++) {
      for (const name of this.#shapes.names(shape)) if (name >= strings) fault('edges')
    }
  }
}
