import { LARGEST_INTERVAL, type SnapshotMeta } from './meta.ts'
import type { Snapshot } from './snapshot.ts'

/** A snapshot's facts as JSON files of ours hold them. */
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
])

export function metaJson({ meta, tracebackLimit }: Snapshot): MetaJson {
  const { source: _, ...facts } = meta
  return { ...facts, tracebackLimit }
}

/**
 * Facts out of a file, `source` being its format; undefined when `value` is not what `metaJson` made. Unknown facts are
 * left out, of wrong ones the whole is refused.
 */
export function parseMeta(
  value: unknown,
  source: string,
): { meta: SnapshotMeta; tracebackLimit: number } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const meta: Record<string, unknown> = { source }
  for (const [key, fact] of Object.entries(value)) {
    if (!KNOWN.has(key)) continue
    if (!isFact(key, fact)) return undefined
    meta[key] = fact
  }
  const limit = (value as { tracebackLimit?: unknown }).tracebackLimit
  if (!meta.measure || !meta.accuracy || !meta.counts) return undefined
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0) return undefined
  if (meta.accuracy === 'exact' && meta.interval !== undefined && meta.interval !== 1) return undefined
  return { meta: meta as unknown as SnapshotMeta, tracebackLimit: limit }
}

function isFact(key: string, fact: unknown): boolean {
  if (Object.hasOwn(CHOICES, key)) return CHOICES[key].includes(fact as string)
  if (key === 'interval' || key === 'bufferInterval')
    return typeof fact === 'number' && fact > 0 && fact <= LARGEST_INTERVAL
  if (NUMBERS.includes(key)) return Number.isFinite(fact)
  if (STRINGS.includes(key)) return typeof fact === 'string'
  if (key === 'notes') return Array.isArray(fact) && fact.every(note => typeof note === 'string')
  return typeof fact === 'object' && fact !== null && Object.values(fact).every(n => Number.isFinite(n))
}
