import type { Header } from '../../src/io/heapsnapshot.ts'
import { RowFault } from '../../src/io/values.ts'
import { reserve } from '../../src/model/columns.ts'
import type { Rows } from './rows.ts'

/** Credits the bytes of ArrayBuffers, which V8 does not trace, to the trace of the ArrayBuffer that owns them. */
export class Buffers {
  readonly #rows: Rows
  readonly #header: Header
  readonly #native: number
  readonly #internal: number
  // Per node.
  #edgeCount = new Uint32Array(1024)
  #trace = new Uint32Array(1024)
  #nodes = 0
  // Native nodes with a size and without a trace.
  #node = new Uint32Array(64)
  #row = new Uint32Array(64)
  #size = new Float64Array(64)
  #candidates = 0
  /** Is the node one of these? */
  #isCandidate: Uint8Array | undefined
  /** Owners found: the candidate's node, the owner's trace, the name of the edge. */
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
    const { type, edge_count: edgeCount, trace_node_id: traceAt } = this.#header.nodeFields
    const node = this.#nodes++
    if (node === this.#trace.length) {
      this.#edgeCount = reserve(this.#edgeCount, node + 1)
      this.#trace = reserve(this.#trace, node + 1)
    }
    const trace = values[at + traceAt]
    this.#edgeCount[node] = values[at + edgeCount]
    this.#trace[node] = trace
    if (row < 0 || trace !== 0 || values[at + type] !== this.#native) return
    const i = this.#candidates++
    this.#node = reserve(this.#node, i + 1)
    this.#row = reserve(this.#row, i + 1)
    this.#size = reserve(this.#size, i + 1)
    this.#node[i] = node
    this.#row[i] = row
    this.#size[i] = size
  }

  /** Takes edges, in the order of the nodes that they come from. */
  edges(values: Uint32Array, length: number, first: number): void {
    const { length: step, type: typeAt, name_or_index: nameAt, to_node: toAt } = this.#header.edgeFields
    const fields = this.#header.nodeFields.length
    const isCandidate = (this.#isCandidate ??= this.#markCandidates())
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
      if (isCandidate[to] === 1 && trace !== 0) {
        this.#owners.push({ node: to, trace, name: values[i + nameAt] })
      }
    }
  }

  #markCandidates(): Uint8Array {
    const marks = new Uint8Array(this.#nodes)
    for (let i = 0; i < this.#candidates; i++) marks[this.#node[i]] = 1
    return marks
  }

  /** Numbers of the strings that are needed to tell owners. */
  strings(): Iterable<number> {
    const names = new Set(this.#owners.map(owner => owner.name))
    for (let i = 0; i < this.#candidates; i++) names.add(this.#rows.name[this.#row[i]])
    return names
  }

  /** Moves the bytes. The first owner with a trace has them. */
  credit(text: (string: number) => string): void {
    const owner = new Map<number, number>()
    for (const { node, trace, name } of this.#owners) {
      if (!owner.has(node) && text(name) === 'backing_store') owner.set(node, trace)
    }
    for (let i = 0; i < this.#candidates; i++) {
      const trace = owner.get(this.#node[i])
      if (trace === undefined) continue
      this.#rows.move(this.#row[i], trace, this.#size[i])
    }
  }
}
