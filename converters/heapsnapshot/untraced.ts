// The objects of a heap snapshot that have no allocation trace, and the buffers credited to their owners.
import type { Header } from '../../src/heapsnapshot/header.ts'
import { type Handler, RowFault } from '../../src/heapsnapshot/values.ts'
import { reserve } from '../../src/model/tables/typed-arrays.ts'
import type { Rows } from './rows.ts'

/** The place of rows of what is older than the tracker. */
export const OLDER_PLACE = 0xffffffff

/**
 * What a file with traces has no trace of. The bytes of ArrayBuffers, which V8 never traces, are credited to
 * the trace of the ArrayBuffer that owns them. The rest is distinguished by its ids, which rise: what was
 * there when the tracker started, and what was made since, whose traces V8 has lost.
 */
export class Untraced {
  readonly #rows: Rows
  readonly #header: Header
  readonly #native: number
  readonly #internal: number
  // Per node.
  #edgeCount = new Uint32Array(1024)
  #trace = new Uint32Array(1024)
  #nodes = 0
  // Nodes with a size and without a trace.
  #node = new Uint32Array(64)
  #id = new Uint32Array(64)
  #row = new Uint32Array(64)
  #size = new Float64Array(64)
  #untraced = 0
  /** Is the node one of these, and native? */
  #isNative: Uint8Array | undefined
  /**
   * The last id that V8 had given at the tracker's first look; undefined for a file that was written before
   * it.
   */
  #lastOlder: number | undefined
  /** The smallest id of a node with a trace. */
  #firstTraced = 0xffffffff
  /** Owners found: the node, the owner's trace, the name of the edge. */
  readonly #owners: { node: number; trace: number; name: number }[] = []
  // Where in `edges` the reader is.
  #source = 0
  #left = 0

  constructor(header: Header, rows: Rows) {
    this.#header = header
    this.#rows = rows
    this.#native = header.nodeTypes.indexOf('native')
    this.#internal = header.edgeTypes.indexOf('internal')
  }

  /** Takes the node at `values[at]`; `row` is where its bytes were added, -1 = nowhere. */
  node(values: Uint32Array, at: number, row: number, size: number): void {
    const { id, edge_count: edgeCount, trace_node_id: traceAt } = this.#header.nodeFields
    const node = this.#nodes++
    if (node === this.#trace.length) {
      this.#edgeCount = reserve(this.#edgeCount, node + 1)
      this.#trace = reserve(this.#trace, node + 1)
    }
    const trace = values[at + traceAt]
    this.#edgeCount[node] = values[at + edgeCount]
    this.#trace[node] = trace
    if (trace !== 0 && values[at + id] < this.#firstTraced) this.#firstTraced = values[at + id]
    if (row < 0 || trace !== 0) return
    const i = this.#untraced++
    this.#node = reserve(this.#node, i + 1)
    this.#id = reserve(this.#id, i + 1)
    this.#row = reserve(this.#row, i + 1)
    this.#size = reserve(this.#size, i + 1)
    this.#node[i] = node
    this.#id[i] = values[at + id]
    this.#row[i] = row
    this.#size[i] = size
  }

  /** Takes edges, in the order of the nodes that they come from. */
  edges(values: Uint32Array, length: number, first: number): void {
    const { length: step, type: typeAt, name_or_index: nameAt, to_node: toAt } = this.#header.edgeFields
    const fields = this.#header.nodeFields.length
    const isNative = (this.#isNative ??= this.#markNative())
    for (let i = 0; i < length; i += step) {
      while (this.#left === 0) {
        if (this.#source === this.#nodes) throw new RowFault('more edges than the nodes have', first + i)
        this.#left = this.#edgeCount[this.#source++]
      }
      this.#left--
      if (values[i + typeAt] !== this.#internal) continue
      const to = values[i + toAt] / fields
      if (!Number.isInteger(to) || to >= this.#nodes) {
        throw new RowFault('to_node is no node', first + i + toAt)
      }
      const trace = this.#trace[this.#source - 1]
      if (isNative[to] === 1 && trace !== 0) {
        this.#owners.push({ node: to, trace, name: values[i + nameAt] })
      }
    }
  }

  #markNative(): Uint8Array {
    const marks = new Uint8Array(this.#nodes)
    for (let i = 0; i < this.#untraced; i++) {
      if (this.#rows.type[this.#row[i]] === this.#native) marks[this.#node[i]] = 1
    }
    return marks
  }

  /**
   * Reads `samples`: the last id at the tracker's first look, at most 50 ms after its start, and at later
   * ones.
   */
  samples(): Handler {
    const { length: step, timestamp_us: wide, last_assigned_id: idAt } = this.#header.sampleFields
    if (wide === undefined || idAt === undefined) return { read: 'pass' }
    return {
      read: 'rows',
      fields: step,
      wide: [wide],
      rows: (values, length, first) => {
        if (first === 0 && length > 0) this.#lastOlder = values[idAt]
      },
    }
  }

  /** Numbers of the strings that are needed to tell owners. */
  strings(): Iterable<number> {
    return new Set(this.#owners.map(owner => owner.name))
  }

  /** Moves the bytes. The first owner with a trace has those of an ArrayBuffer. */
  credit(text: (string: number) => string): void {
    const owner = new Map<number, number>()
    for (const { node, trace, name } of this.#owners) {
      if (!owner.has(node) && text(name) === 'backing_store') owner.set(node, trace)
    }
    // Only then: V8 gives a wrong trace now and then, and one on an old object makes the first traced id too
    // small.
    const lastOlder = this.#lastOlder ?? this.#firstTraced - 1
    for (let i = 0; i < this.#untraced; i++) {
      const place = owner.get(this.#node[i]) ?? (this.#id[i] <= lastOlder ? OLDER_PLACE : 0)
      if (place !== 0) this.#rows.move(this.#row[i], place, this.#size[i])
    }
  }
}
