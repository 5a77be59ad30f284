// Rows of a heap snapshot without allocation traces: objects by where their constructors are defined.
import type { Header } from '../../src/heapsnapshot/header.ts'
import { type Handler, RowFault } from '../../src/heapsnapshot/values.ts'
import { pathOfUrl } from '../../src/model/names/script-url.ts'
import type { Tables } from '../../src/model/tables/tables.ts'
import { reserve, TupleIds } from '../../src/model/tables/typed-arrays.ts'
import type { Rows } from './rows.ts'

/** Where the constructors of objects are defined, for files without traces. */
export class Locations {
  readonly #header: Header
  readonly #rows: Rows
  // Per node: the row of its bytes + 1 (0 = none), its size, its name where scripts are named by nodes.
  #row = new Uint32Array(1024)
  #size = new Float64Array(1024)
  #name: Uint32Array | undefined
  #nodes = 0
  /** Distinct places: script, number of the string that names it (0 = unknown), line, column. */
  readonly #places = new TupleIds(4)

  constructor(header: Header, rows: Rows) {
    this.#header = header
    this.#rows = rows
    if (header.locationFields.script_object_index !== undefined) this.#name = new Uint32Array(1024)
  }

  /** Takes the node at `values[at]`; `row` is where its bytes were added, -1 = nowhere. */
  node(values: Uint32Array, at: number, row: number, size: number): void {
    const node = this.#nodes++
    if (node === this.#row.length) {
      this.#row = reserve(this.#row, node + 1)
      this.#size = reserve(this.#size, node + 1)
      if (this.#name) this.#name = reserve(this.#name, node + 1)
    }
    this.#row[node] = row + 1
    this.#size[node] = size
    if (this.#name) this.#name[node] = values[at + this.#header.nodeFields.name]
  }

  /** Reads `locations`: 0-based lines and columns. */
  rows(): Handler {
    const f = this.#header.locationFields
    return {
      read: 'rows',
      fields: f.length,
      rows: (values, length, first) => {
        for (let i = 0; i < length; i += f.length) {
          const node = this.#nodeAt(values[i + f.object_index], first + i + f.object_index)
          let scriptName = 0
          if (this.#name) {
            const script = this.#nodeAt(values[i + f.script_object_index], first + i + f.script_object_index)
            if (script !== 0) scriptName = this.#name[script] // 0 is the root
          }
          const row = this.#row[node] - 1
          if (row < 0) continue
          const at = [values[i + f.script_id], scriptName, values[i + f.line], values[i + f.column]]
          this.#rows.move(row, this.#places.intern(at) + 1, this.#size[node])
          this.#row[node] = 0 // moved
        }
      },
    }
  }

  #nodeAt(index: number, at: number): number {
    const node = index / this.#header.nodeFields.length
    if (!Number.isInteger(node) || node >= this.#nodes) throw new RowFault('no node is there', at)
    return node
  }

  /** Numbers of the strings that name scripts. */
  strings(): Iterable<number> {
    return new Set(Array.from({ length: this.#places.length }, (_, place) => this.#placeAt(place)[1]))
  }

  /** The stack of a row: one frame, or none. A script that the file does not name is known by its number. */
  stack(row: number, tables: Tables, text: (string: number) => string): number {
    const place = this.#rows.place[row] - 1
    if (place < 0) return 0
    const [script, scriptName, line, column] = this.#placeAt(place)
    const file = (scriptName !== 0 && pathOfUrl(text(scriptName))) || `<script:${script}>`
    const isNamed = this.#header.nodeTypes[this.#rows.type[row]] === 'object'
    const name = isNamed ? text(this.#rows.name[row]) : ''
    return tables.stacks.intern(0, tables.frames.intern(name, file, line + 1, column + 1, false))
  }

  #placeAt(place: number): Uint32Array {
    const { values, width } = this.#places
    return values.subarray(place * width, (place + 1) * width)
  }
}
