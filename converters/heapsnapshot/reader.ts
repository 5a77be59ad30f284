// Reads the sections of a heap snapshot, in the order of the file, into rows.
import { FormatError } from '../../src/errors.ts'
import { AllocationCalls } from '../../src/heapsnapshot/allocation-calls.ts'
import {
  BUFFER_DATA,
  className,
  type Header,
  isNamed,
  LONGEST_HEADER,
  readHeader,
} from '../../src/heapsnapshot/header.ts'
import { StringPicker } from '../../src/heapsnapshot/string-picker.ts'
import { callTree, functionRows } from '../../src/heapsnapshot/trace-tree.ts'
import { exactly, type Handler, RowFault, type RowSink } from '../../src/heapsnapshot/values.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { DOMAIN } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { OLDER } from '../../src/model/tables/frames.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { hash2, RowIndex } from '../../src/model/tables/typed-arrays.ts'
import { foldHelpers } from '../../src/transform/fold-helpers.ts'
import { type ReadOptions, ROW_COLUMNS } from '../converter.ts'
import { Locations } from './locations.ts'
import { Rows } from './rows.ts'
import { OLDER_PLACE, Untraced } from './untraced.ts'

/** Sections that are read. */
const KNOWN = new Set([
  ...['nodes', 'edges', 'strings', 'trace_function_infos', 'trace_tree', 'samples', 'locations'],
])
/** Sections without which nothing can be told. */
const REQUIRED = ['snapshot', 'nodes', 'edges', 'strings']
/** Sections of plain numbers that nothing here is taken from. */
const PASSED = new Set(['scopes', 'scope_context_vars', 'scope_uses'])

/** Reads the sections of one file into rows. What the wanted columns do not need is passed over. */
export class SnapshotReader {
  readonly #wants: ReadonlySet<string>
  readonly #object: number | undefined
  readonly #seen = new Set<string>()
  readonly #rows = new Rows()
  #header: Header | undefined
  #traces: AllocationCalls | undefined
  #untraced: Untraced | undefined
  #locations: Locations | undefined
  #nodes = 0
  #edges = 0
  #picker: StringPicker | undefined
  #wanted = new Uint32Array(0)
  readonly #texts = new Map<number, string>()

  constructor(options: ReadOptions) {
    this.#wants = new Set<string>(options.columns ?? ROW_COLUMNS)
    this.#object = options.object
  }

  /** What to do with a section; nothing keeps it, as it needs others that may still come. */
  member(name: string, isLast: boolean): Handler | undefined {
    const needed = this.#neededBy(name).filter(section => !this.#seen.has(section))
    if (needed.length > 0 && !isLast) return undefined
    const missing = needed.find(section => REQUIRED.includes(section))
    if (missing) throw new FormatError('malformed', `no section '${missing}'`)
    if (this.#seen.has(name)) throw new FormatError('malformed', 'the section is there twice')
    this.#seen.add(name)
    if (name === 'snapshot') {
      return { read: 'json', limit: LONGEST_HEADER, value: value => this.#start(readHeader(value)) }
    }
    const header = this.#header
    if (PASSED.has(name)) return { read: 'pass' }
    if (!header) return { read: 'skip' }
    if (name === 'nodes') return this.#nodeRows(header)
    if (name === 'edges') return this.#edgeRows(header)
    const traces = this.#traces
    if (name === 'trace_function_infos' && traces) return functionRows(header.functionFields, traces)
    if (name === 'trace_tree' && traces) return callTree(header.traceFields, traces)
    if (name === 'samples') return this.#untraced?.samples() ?? { read: 'pass' }
    if (name === 'locations') return this.#locations?.rows() ?? { read: 'pass' }
    if (name === 'strings') return this.#strings()
    return { read: 'skip' }
  }

  #start(header: Header): void {
    this.#header = header
    if (!this.#wants.has('stack')) return
    if (header.traceFunctionCount > 0 && header.nodeFields.trace_node_id !== undefined) {
      this.#traces = new AllocationCalls()
      this.#untraced = new Untraced(header, this.#rows)
    } else if (header.locationFields.object_index !== undefined) {
      this.#locations = new Locations(header, this.#rows)
    }
  }

  /** The sections that must have been read before one. */
  #neededBy(name: string): readonly string[] {
    if (name === 'snapshot') return []
    if (!this.#header) return KNOWN.has(name) ? ['snapshot'] : []
    if (name === 'edges') return this.#untraced ? ['nodes'] : []
    if (name === 'locations') return this.#locations ? ['nodes'] : []
    if (name === 'trace_tree') return this.#traces ? ['trace_function_infos'] : []
    if (name !== 'strings') return []
    if (this.#traces) return ['nodes', 'edges', 'trace_function_infos', 'trace_tree']
    return this.#locations ? ['nodes', 'locations'] : ['nodes']
  }

  #nodeRows(header: Header): Handler {
    const fields = header.nodeFields
    const rows = this.#nodeSink(header)
    return {
      read: 'rows',
      fields: fields.length,
      wide: [fields.self_size, fields.id],
      rows: (values, length, first, wide) => {
        this.#nodes += length / fields.length
        rows(values, length, first, wide)
      },
      done: () => {
        if (header.nodeCount !== 0 && this.#nodes !== header.nodeCount) {
          throw new FormatError('malformed', `${this.#nodes} nodes, but node_count is ${header.nodeCount}`)
        }
      },
    }
  }

  /** Adds nodes to the rows. */
  #nodeSink(header: Header): RowSink {
    const { length: step, type: typeAt, name: nameAt, self_size: sizeAt } = header.nodeFields
    const only = this.#object
    const { id: idAt } = header.nodeFields
    const traceAt = this.#traces ? header.nodeFields.trace_node_id : -1
    const types = header.nodeTypes.length
    const named = Uint8Array.from(header.nodeTypes, type => (this.#isNamed(type) ? 1 : 0))
    const sameType = Uint8Array.from(header.nodeTypes, (type, i) => (this.#tellsTypes(type) ? i : 0))
    const rowOfType = new Int32Array(types).fill(-1) // of nodes without a name or a trace
    const keep = this.#untraced ?? this.#locations
    const rows = this.#rows
    return (values, length, first, wide) => {
      for (let i = 0; i < length; i += step) {
        const type = values[i + typeAt]
        if (type >= types) throw new RowFault(`there is no node type ${type}`, first + i + typeAt)
        const size = wide.length === 0 ? values[i + sizeAt] : exactly(values, i + sizeAt, wide)
        const trace = traceAt < 0 ? 0 : values[i + traceAt]
        let row = -1
        if (size !== 0 && (only === undefined || exactly(values, i + idAt, wide) === only)) {
          if (named[type] === 1 || trace !== 0) {
            row = rows.find(sameType[type], named[type] === 1 ? values[i + nameAt] : 0, trace)
          } else if ((row = rowOfType[type]) < 0) {
            row = rowOfType[type] = rows.find(sameType[type], 0, 0)
          }
          rows.size[row] += size
          rows.count[row]++
        }
        if (keep) keep.node(values, i, row, size)
      }
    }
  }

  /** Does a node's name matter for the wanted columns? */
  #isNamed(type: string): boolean {
    if (this.#wants.has('type')) return isNamed(type)
    return (this.#wants.has('domain') && type === 'native') || this.#namesFrames(type)
  }

  /** Is the node's type to be told from the others'? */
  #tellsTypes(type: string): boolean {
    if (this.#wants.has('type')) return true
    if (type === 'native') return this.#wants.has('domain') || this.#untraced !== undefined // their bytes are credited
    return (this.#wants.has('domain') && type === 'code') || this.#namesFrames(type)
  }

  /**
   * Is the name of such a node the function of its frame? It is, where all that is known is where a
   * constructor is.
   */
  #namesFrames(type: string): boolean {
    return this.#locations !== undefined && type === 'object'
  }

  #edgeRows(header: Header): Handler {
    const untraced = this.#untraced
    if (!untraced) return { read: 'pass' }
    const { length: step } = header.edgeFields
    return {
      read: 'rows',
      fields: step,
      rows: (values, length, first) => {
        this.#edges += length / step
        untraced.edges(values, length, first)
      },
      done: () => {
        if (header.edgeCount !== 0 && this.#edges !== header.edgeCount) {
          throw new FormatError('malformed', `${this.#edges} edges, but edge_count is ${header.edgeCount}`)
        }
      },
    }
  }

  #strings(): Handler {
    const wanted = new Set<number>([0])
    for (let row = 0; row < this.#rows.length; row++) wanted.add(this.#rows.name[row])
    for (const name of this.#traces?.strings() ?? []) wanted.add(name)
    for (const name of this.#untraced?.strings() ?? []) wanted.add(name)
    for (const name of this.#locations?.strings() ?? []) wanted.add(name)
    this.#wanted = Uint32Array.from(wanted).sort()
    const picker = new StringPicker(this.#wanted, (index, text) => this.#texts.set(index, text))
    this.#picker = picker
    return {
      read: 'strings',
      piece: (bytes, start, end, quotes, count) => picker.piece(bytes, start, end, quotes, count),
      done: () => {
        const last = this.#wanted.at(-1) ?? 0
        if (last > 0 && last >= picker.length) {
          throw new FormatError('malformed', `string ${last} is used, but there are only ${picker.length}`)
        }
      },
    }
  }

  #text = (string: number): string => this.#texts.get(string) ?? ''

  /** The rows read, as a snapshot. Throws FormatError when a section is missing. */
  snapshot(): Snapshot {
    const header = this.#header
    for (const name of REQUIRED) {
      if (!this.#seen.has(name)) throw new FormatError('malformed', `no section '${name}'`)
    }
    if (!header || !this.#picker)
      throw new FormatError('unsupported', "the section 'snapshot' is not the first")
    this.#untraced?.credit(this.#text)
    const tables = new Tables()
    const stackOf = this.#stackOf(tables)
    const rows = new Merged(tables)
    let traced = 0
    let lost = 0
    for (let row = 0; row < this.#rows.length; row++) {
      if (this.#rows.count[row] === 0) continue
      const type = header.nodeTypes[this.#rows.type[row]]
      const name = this.#text(this.#rows.name[row])
      const label = this.#wants.has('type') ? wellFormed(className(type, name)) : ''
      const domain = this.#wants.has('domain') ? domainOf(type, name) : 0
      const stack = stackOf(row)
      const size = this.#rows.size[row]
      rows.add(stack, domain, tables.strings.intern(label), size, this.#rows.count[row])
      if (domain !== DOMAIN.heap || this.#rows.place[row] === OLDER_PLACE) continue
      if (stack === 0) lost += size
      else traced += size
    }
    const notes = this.#traces && this.#wants.has('domain') ? lostNotes(lost, traced) : []
    return foldHelpers(rows.build(header, notes))
  }

  /** The stack of each row. */
  #stackOf(tables: Tables): (row: number) => number {
    if (this.#traces) {
      const stackOf = this.#traces.stacks(tables, string => wellFormed(this.#text(string)))
      const older = tables.stacks.intern(0, tables.frames.intern('', OLDER, 0, 0, true))
      return row => (this.#rows.place[row] === OLDER_PLACE ? older : stackOf(this.#rows.place[row]))
    }
    const locations = this.#locations
    if (!locations) return () => 0
    return row => locations.stack(row, tables, string => wellFormed(this.#text(string)))
  }
}

/** V8 cuts astral characters to half of them; such halves are replaced. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

function domainOf(type: string, name: string): number {
  if (type === 'code') return DOMAIN.code
  if (type !== 'native') return DOMAIN.heap
  return name === BUFFER_DATA ? DOMAIN.arrayBuffer : DOMAIN.native
}

/** Says how much of what was allocated since the tracker started has no trace. */
function lostNotes(lost: number, traced: number): string[] {
  const share = (100 * lost) / (lost + traced)
  if (!(share >= 0.05)) return []
  return [
    `V8 has lost the traces of ${share.toFixed(1)} % of what was allocated since its tracker started: <untraced>`,
  ]
}

/** Rows of a snapshot, one for each (stack, domain, type). */
class Merged {
  readonly #builder: SnapshotBuilder
  readonly #index = new RowIndex()
  readonly #keys: { stack: number; domain: number; type: number }[] = []

  constructor(tables: Tables) {
    this.#builder = new SnapshotBuilder(tables)
  }

  add(stack: number, domain: number, type: number, size: number, count: number): void {
    const hash = hash2(stack, type * 4 + domain)
    const found = this.#index.find(hash, i => {
      const key = this.#keys[i]
      return key.stack === stack && key.type === type && key.domain === domain
    })
    if (found >= 0) {
      this.#builder.grow(found, size, count)
      return
    }
    const row = this.#builder.add(stack, size, count, domain, type)
    this.#keys.push({ stack, domain, type })
    this.#index.add(hash, row, i => hash2(this.#keys[i].stack, this.#keys[i].type * 4 + this.#keys[i].domain))
  }

  build(header: Header, notes: string[]): Snapshot {
    const { stacks } = this.#builder.tables
    let deepest = 1
    const depth = new Uint32Array(stacks.length)
    for (let i = 1; i < depth.length; i++) {
      depth[i] = depth[stacks.parent[i]] + 1
      deepest = Math.max(deepest, depth[i])
    }
    return this.#builder.build(
      {
        source: 'heapsnapshot',
        measure: 'live',
        accuracy: 'exact',
        counts: 'exact',
        ...(header.extraNativeBytes > 0 && { memory: { extraNative: header.extraNativeBytes } }),
        ...(notes.length > 0 && { notes }),
      },
      deepest,
    )
  }
}
