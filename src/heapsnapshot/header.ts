// The header of a `.heapsnapshot`, and how nodes get their class names.
import { FormatError } from '../errors.ts'
import { LONGEST_ROW } from './scan.ts'

/** Largest size of the member `snapshot` in bytes: V8 writes about 2 KB. */
export const LONGEST_HEADER = 1 << 20

/** Name of the native node that represents the bytes of an ArrayBuffer. */
export const BUFFER_DATA = 'system / JSArrayBufferData'

/** Index of each field in a row of a section, undefined if the file does not have the field. */
export type Fields = Readonly<Record<string, number>> & { readonly length: number }

/** The header of a `.heapsnapshot`: V8's `HeapSnapshotJSONSerializer::SerializeSnapshot`. */
export interface Header {
  readonly nodeFields: Fields
  /** Names of the node types, by number: 256, as old Chrome used types that it did not list. */
  readonly nodeTypes: readonly string[]
  readonly edgeFields: Fields
  readonly edgeTypes: readonly string[]
  readonly functionFields: Fields
  readonly traceFields: Fields
  readonly locationFields: Fields
  readonly sampleFields: Fields
  /** Number of rows that the sections should have, 0 = unknown (Hermes). It may be false. */
  readonly nodeCount: number
  readonly edgeCount: number
  /** 0 if allocations were not tracked. */
  readonly traceFunctionCount: number
  /** Bytes outside the graph. */
  readonly extraNativeBytes: number
  /** Index of the root in `nodes`, from 0. */
  readonly root: number
}

/** Checks the member `snapshot`. Throws FormatError. */
export function readHeader(value: unknown): Header {
  const snapshot = object(value, 'snapshot')
  const meta = object(snapshot.meta, 'snapshot.meta')
  const nodeFields = fields(meta, 'node_fields', ['type', 'name', 'id', 'self_size', 'edge_count'])
  const edgeFields = fields(meta, 'edge_fields', ['type', 'name_or_index', 'to_node'])
  const traceFunctionCount = count(snapshot, 'trace_function_count')
  const functions = ['name', 'script_name', 'line', 'column']
  const calls = ['id', 'function_info_index', 'children']
  const rootIndex = count(snapshot, 'root_index')
  if (rootIndex % nodeFields.length !== 0) throw bad('snapshot.root_index', 'not the start of a node')
  return {
    nodeFields,
    nodeTypes: withUnlisted(typeNames(meta, 'node_types', nodeFields.type)),
    edgeFields,
    edgeTypes: typeNames(meta, 'edge_types', edgeFields.type),
    functionFields: fields(meta, 'trace_function_info_fields', traceFunctionCount > 0 ? functions : []),
    traceFields: fields(meta, 'trace_node_fields', traceFunctionCount > 0 ? calls : []),
    locationFields: fields(meta, 'location_fields', []),
    sampleFields: fields(meta, 'sample_fields', []),
    nodeCount: count(snapshot, 'node_count'),
    edgeCount: count(snapshot, 'edge_count'),
    traceFunctionCount,
    extraNativeBytes: count(snapshot, 'extra_native_bytes'),
    root: rootIndex / nodeFields.length,
  }
}

function bad(path: string, reason: string): FormatError {
  return new FormatError('malformed', reason, { path })
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(path, 'an object was expected')
  return value as Record<string, unknown>
}

/** A number in the header; 0 if it is missing. */
function count(snapshot: Record<string, unknown>, name: string): number {
  const value = snapshot[name] ?? 0
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(`snapshot.${name}`, 'not a count')
  return value as number
}

function fields(meta: Record<string, unknown>, name: string, needed: readonly string[]): Fields {
  const path = `snapshot.meta.${name}`
  const list = meta[name] ?? []
  if (!Array.isArray(list) || !list.every(f => typeof f === 'string') || list.length > LONGEST_ROW) {
    throw bad(path, 'a short list of names was expected')
  }
  const places = Object.assign(Object.create(null), { length: list.length }) as Record<string, number>
  for (const [i, field] of (list as string[]).entries()) if (field !== 'length') places[field] ??= i
  for (const field of needed) {
    if (places[field] === undefined) throw new FormatError('unsupported', `no field '${field}'`, { path })
  }
  return places as Fields
}

function typeNames(meta: Record<string, unknown>, name: string, at: number): readonly string[] {
  const list = (meta[name] as unknown[] | undefined)?.[at]
  if (
    !Array.isArray(list) ||
    list.length === 0 ||
    list.length > MOST_TYPES ||
    !list.every(t => typeof t === 'string')
  ) {
    throw bad(`snapshot.meta.${name}`, 'a list of types was expected')
  }
  return list as string[]
}

/** Numbers of node types fit a byte. */
const MOST_TYPES = 256

function withUnlisted(listed: readonly string[]): readonly string[] {
  return Array.from({ length: MOST_TYPES }, (_, i) => listed[i] ?? `type ${i}`)
}

/** DevTools' class of a node, before it infers interfaces: the constructor's name, or a word for its kind. */
export function className(type: string, name: string): string {
  switch (type) {
    case 'hidden':
      return '(system)'
    case 'code':
      return '(compiled code)'
    case 'closure':
      return 'Function'
    case 'regexp':
      return 'RegExp'
    case 'object':
    case 'native':
      return elementName(name)
    default:
      return `(${type})`
  }
}

/** Is the class of such nodes in their name? */
export function isNamed(type: string): boolean {
  return type === 'object' || type === 'native'
}

/** `<div id="a">` is a `<div>`. */
function elementName(name: string): string {
  const from = name.startsWith('<') ? 0 : name.startsWith('Detached <') ? 10 : -1
  const space = from < 0 ? -1 : name.indexOf(' ', from)
  return space < 0 ? name : `${name.slice(0, space)}>`
}
