// Reads and checks the facts about a snapshot that the private part of a pprof file holds as JSON.
import { LARGEST_INTERVAL, type SnapshotMeta } from '../../src/model/meta.ts'

type Test = (value: unknown) => boolean

const isText: Test = value => typeof value === 'string'
const isNumber: Test = value => typeof value === 'number' // JSON has no NaN and no infinity short of 1e999
const oneOf =
  (...words: string[]): Test =>
  value =>
    words.includes(value as string)
const isRecord: Test = value =>
  typeof value === 'object' && value !== null && Object.values(value).every(isNumber)

const REQUIRED: Readonly<Record<string, Test>> = {
  source: isText,
  measure: oneOf('live', 'allocated', 'peak'),
  accuracy: oneOf('exact', 'sampled'),
  counts: oneOf('exact', 'estimated'),
}

const OPTIONAL: Readonly<Record<string, Test>> = {
  interval: value => typeof value === 'number' && value > 0 && value <= LARGEST_INTERVAL,
  intervalSource: oneOf('given', 'recorded', 'inferred'),
  runtime: isText,
  runtimeVersion: isText,
  time: isNumber,
  session: isText,
  read: isNumber,
  pid: isNumber,
  isolate: isText,
  name: isText,
  memory: isRecord,
  skipped: isRecord,
  notes: value => Array.isArray(value) && value.every(isText),
}

/** Unknown metadata is kept, so that an older version does not lose it, unless it is deep. */
const DEEPEST = 8

/** The metadata of a snapshot, from its JSON. Calls `fail` if it is not JSON or has a wrong type. */
export function parseMeta(bytes: Uint8Array, fail: (reason: string) => never): SnapshotMeta {
  let meta: Record<string, unknown>
  try {
    meta = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return fail('meta is not JSON')
  }
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) return fail('meta is not an object')
  for (const [key, test] of Object.entries(REQUIRED)) {
    if (!Object.hasOwn(meta, key) || !test(meta[key])) return fail(`meta: ${key}`)
  }
  for (const [key, value] of Object.entries(meta)) {
    const test = Object.hasOwn(OPTIONAL, key) ? OPTIONAL[key] : undefined
    if (key === '__proto__' || (test ? !test(value) : isDeep(value, DEEPEST))) return fail(`meta: ${key}`)
  }
  if (meta.accuracy === 'exact' && meta.interval !== undefined && meta.interval !== 1) {
    return fail('meta: exact, but with a sampling interval')
  }
  return meta as unknown as SnapshotMeta
}

function isDeep(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return left === 0 || Object.values(value).some(inner => isDeep(inner, left - 1))
}
