// Properties that a program adds to a snapshot (`snapshot.label = 'warm'`). Dumps keep them, as in Python.
import { UsageError } from '../errors.ts'
import { Snapshot } from './snapshot.ts'

/** Names that are the snapshot's own, and those that would change what it is. */
function isOwn(name: string, snapshot: Snapshot): boolean {
  return name in Snapshot.prototype || FIELDS.has(name) || Object.hasOwn(snapshot, name)
}
const FIELDS = new Set(['tables', 'columns', 'meta', 'tracebackLimit', '__proto__'])

/**
 * Copies added properties into the metadata, which dumps contain. Throws UsageError for a value that is not
 * JSON.
 */
export function noteAttributes(snapshot: Snapshot): Snapshot {
  const attached = Object.entries(snapshot).filter(([name]) => !FIELDS.has(name))
  if (attached.length === 0) return snapshot
  const attributes = Object.fromEntries(attached.map(([name, value]) => [name, jsonValue(name, value)]))
  return snapshot.with({ meta: { attributes } })
}

/** Adds the properties that a dump has kept, except those that would hide a part of the snapshot. */
export function attach(snapshot: Snapshot): Snapshot {
  for (const [name, value] of Object.entries(snapshot.meta.attributes ?? {})) {
    if (isOwn(name, snapshot)) continue
    Object.defineProperty(snapshot, name, { value, writable: true, configurable: true, enumerable: true })
  }
  return snapshot
}

function jsonValue(name: string, value: unknown): unknown {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {}
  if (text === undefined) throw new UsageError(`a dump cannot keep the attribute ${name}: it is not JSON`)
  return JSON.parse(text)
}
