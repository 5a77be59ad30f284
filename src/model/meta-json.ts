// A snapshot's metadata in the JSON of dumps and baselines.
import { LARGEST_INTERVAL, type SnapshotMeta } from './meta.ts'
import type { Snapshot } from './snapshot.ts'

/** A snapshot's metadata as the project's own JSON files hold it. */
export type MetaJson = Omit<SnapshotMeta, 'source'> & { tracebackLimit: number }

const CHOICES: Record<string, readonly string[]> = {
  measure: ['live', 'allocated', 'peak'],
  accuracy: ['exact', 'sampled'],
  counts: ['exact', 'estimated'],
  frames: ['stable', 'inlined'],
  intervalSource: ['given', 'recorded', 'inferred'],
}
const NUMBERS = ['time', 'read', 'pid']
const STRINGS = ['runtime', 'runtimeVersion', 'session', 'isolate', 'document', 'name']
const TALLIES = ['memory', 'skipped']
const KNOWN = new Set([
  ...Object.keys(CHOICES),
  ...NUMBERS,
  ...STRINGS,
  ...TALLIES,
  'interval',
  'bufferInterval',
  'notes',
  'attributes',
])

export function metaJson({ meta, tracebackLimit }: Snapshot): MetaJson {
  const { source: _, ...rest } = meta
  return { ...rest, tracebackLimit }
}

/** Metadata from a file of format `source`, without unknown fields; undefined if a known one is wrong. */
export function parseMeta(
  value: unknown,
  source: string,
): { meta: SnapshotMeta; tracebackLimit: number } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const meta: Record<string, unknown> = { source }
  for (const [key, field] of Object.entries(value)) {
    if (!KNOWN.has(key)) continue
    if (!isValid(key, field)) return undefined
    meta[key] = field
  }
  const limit = (value as { tracebackLimit?: unknown }).tracebackLimit
  if (!meta.measure || !meta.accuracy || !meta.counts) return undefined
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0) return undefined
  if (meta.accuracy === 'exact' && meta.interval !== undefined && meta.interval !== 1) return undefined
  return { meta: meta as unknown as SnapshotMeta, tracebackLimit: limit }
}

function isValid(key: string, value: unknown): boolean {
  if (Object.hasOwn(CHOICES, key)) return CHOICES[key].includes(value as string)
  if (key === 'interval' || key === 'bufferInterval')
    return typeof value === 'number' && value > 0 && value <= LARGEST_INTERVAL
  if (NUMBERS.includes(key)) return Number.isFinite(value)
  if (STRINGS.includes(key)) return typeof value === 'string'
  if (key === 'notes') return Array.isArray(value) && value.every(note => typeof note === 'string')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return key === 'attributes' || Object.values(value).every(n => Number.isFinite(n))
}
