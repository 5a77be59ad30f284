// Reads speedscope's own format as a whole, by JSON.parse: the oracle of the reader in one pass. A row for
// each sample.
import { Taker } from '../../src/bytes/json-document.ts'
import { FormatError } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { UNKNOWN } from '../../src/model/frame-text.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import { parseMeta } from '../../src/model/meta-json.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'

const FORMAT = 'speedscope'
const SCHEMA = 'https://www.speedscope.app/file-format-schema.json'
const ANONYMOUS = '(anonymous)'
const take: Taker = new Taker(FORMAT)

const TIME = new Set(['nanoseconds', 'microseconds', 'milliseconds', 'seconds'])

function isOfBytes(profile: unknown): boolean {
  return (profile as { unit?: unknown } | null)?.unit === 'bytes'
}

/** A profile of the file: one weight for each of its rows. */
interface Profile {
  name: string
  unit: string
  /** Stack ids. */
  stacks: number[]
  weights: number[]
  deepest: number
}

export function naiveSpeedscope(text: string): readonly Snapshot[] {
  const file = take.object(JSON.parse(text), '')
  if (take.member(file, '$schema') !== SCHEMA) take.fail('$schema', `not ${SCHEMA}`)
  const tables = new Tables()
  const frames = readFrames(take.object(take.member(file, 'shared'), 'shared'), tables)
  const all = take.array(take.member(file, 'profiles'), 'profiles')
  const profiles = all.flatMap((profile, i) => {
    const path = `profiles[${i}]`
    const isOfTime = TIME.has(take.string(take.member(take.object(profile, path), 'unit'), `${path}.unit`))
    return isOfTime && all.some(isOfBytes) ? [] : [readProfile(profile, path, frames, tables)]
  })
  if (profiles.length === 0) take.fail('profiles', 'no profile')
  const facts = take.member(file, 'tracemalloc')
  return facts === undefined
    ? profiles.map(profile => snapshotOf(profile, undefined, tables, metaOf(profile.name), profile.deepest))
    : readOurs(take.array(facts, 'tracemalloc'), profiles, tables)
}

/** Nothing is known but the sizes; the weakest is assumed. */
function metaOf(name: string): SnapshotMeta {
  return { source: FORMAT, measure: 'live', accuracy: 'sampled', counts: 'estimated', ...(name && { name }) }
}

/** A profile of bytes for each fact, each with or without its profile of blocks. */
function readOurs(facts: readonly unknown[], profiles: Profile[], tables: Tables): Snapshot[] {
  const queue = [...profiles].reverse()
  const snapshots = facts.map((fact, i) => {
    const parsed = parseMeta(fact, FORMAT)
    if (!parsed) take.fail(`tracemalloc[${i}]`, 'not the facts of a snapshot')
    const bytes = queue.pop()
    if (bytes?.unit !== 'bytes') take.fail(`tracemalloc[${i}]`, 'no profile of its bytes')
    const blocks = queue.at(-1)?.unit === 'none' ? queue.pop() : undefined
    const isSame = blocks?.stacks.every((stack, row) => stack === bytes.stacks[row])
    if (blocks && !(isSame && blocks.stacks.length === bytes.stacks.length)) {
      take.fail(`tracemalloc[${i}]`, 'its bytes and blocks differ in their samples')
    }
    return snapshotOf(bytes, blocks, tables, parsed.meta, parsed.tracebackLimit)
  })
  if (queue.length > 0) take.fail('tracemalloc', 'fewer facts than profiles')
  return snapshots
}

function snapshotOf(
  bytes: Profile,
  blocks: Profile | undefined,
  tables: Tables,
  meta: SnapshotMeta,
  tracebackLimit: number,
): Snapshot {
  const builder = new SnapshotBuilder(tables)
  bytes.stacks.forEach((stack, i) => {
    builder.add(stack, bytes.weights[i], blocks?.weights[i] ?? Number.NaN)
  })
  return builder.build(meta, tracebackLimit)
}

/** Frame ids by index in the file. */
function readFrames(shared: object, tables: Tables): number[] {
  return take.array(take.member(shared, 'frames'), 'shared.frames').map((value, i) => {
    const path = `shared.frames[${i}]`
    const frame = take.object(value, path)
    const name = take.string(take.member(frame, 'name'), `${path}.name`)
    const file = take.member(frame, 'file')
    return tables.frames.intern(
      name === ANONYMOUS ? '' : name,
      file === undefined ? UNKNOWN : take.string(file, `${path}.file`),
      take.position(take.member(frame, 'line'), `${path}.line`),
      take.position(take.member(frame, 'col'), `${path}.col`),
    )
  })
}

function readProfile(value: unknown, path: string, frames: readonly number[], tables: Tables): Profile {
  const file = take.object(value, path)
  const unit = take.string(take.member(file, 'unit'), `${path}.unit`)
  if (unit !== 'bytes' && unit !== 'none') {
    throw new FormatError(
      'unsupported',
      TIME.has(unit)
        ? `it measures time (${unit}), not memory`
        : `unit ${unit}: speedscope's unit of memory is bytes`,
      {
        format: FORMAT,
        path: `${path}.unit`,
        hint: 'a profile of bytes is needed: of V8, Memory > Allocation sampling',
      },
    )
  }
  const name = take.string(take.member(file, 'name') ?? '', `${path}.name`)
  const profile: Profile = { name, unit, stacks: [], weights: [], deepest: 0 }
  const type = take.member(file, 'type')
  if (type === 'sampled') readSamples(file, path, frames, tables, profile)
  else if (type === 'evented') readEvents(file, path, frames, tables, profile)
  else take.fail(`${path}.type`, 'neither sampled nor evented')
  return profile
}

function readSamples(
  file: object,
  path: string,
  frames: readonly number[],
  tables: Tables,
  to: Profile,
): void {
  const samples = take.array(take.member(file, 'samples'), `${path}.samples`)
  const weights = take.array(take.member(file, 'weights'), `${path}.weights`)
  if (samples.length !== weights.length) take.fail(`${path}.weights`, 'not as many as samples')
  for (let i = 0; i < samples.length; i++) {
    const at = `${path}.samples[${i}]`
    const calls = take.array(samples[i], at)
    let stack = 0
    for (const call of calls) stack = tables.stacks.intern(stack, frames[take.index(call, frames.length, at)])
    to.stacks.push(stack)
    to.weights.push(take.number(weights[i], `${path}.weights[${i}]`))
    to.deepest = Math.max(to.deepest, calls.length)
  }
}

/** Between two events, what is open gains the distance. */
function readEvents(
  file: object,
  path: string,
  frames: readonly number[],
  tables: Tables,
  to: Profile,
): void {
  const rows = new Map<number, number>() // stack -> row
  let last = take.number(take.member(file, 'startValue'), `${path}.startValue`)
  let stack = 0
  let depth = 0
  for (const [i, value] of take.array(take.member(file, 'events'), `${path}.events`).entries()) {
    const where = `${path}.events[${i}]`
    const event = take.object(value, where)
    const at = take.number(take.member(event, 'at'), `${where}.at`)
    if (at < last) take.fail(`${where}.at`, 'goes back')
    if (at > last) grow(to, rows, stack, at - last)
    last = at
    const frame = frames[take.index(take.member(event, 'frame'), frames.length, `${where}.frame`)]
    const type = take.member(event, 'type')
    if (type === 'O') {
      stack = tables.stacks.intern(stack, frame)
      to.deepest = Math.max(to.deepest, ++depth)
    } else if (type === 'C' && depth > 0 && tables.stacks.frame[stack] === frame) {
      stack = tables.stacks.parent[stack]
      depth--
    } else take.fail(where, 'neither opens a frame nor closes the open one')
  }
  if (depth > 0) take.fail(`${path}.events`, 'a frame stays open')
}

function grow(profile: Profile, rows: Map<number, number>, stack: number, weight: number): void {
  let row = rows.get(stack)
  if (row === undefined) {
    row = profile.stacks.push(stack) - 1
    profile.weights.push(0)
    rows.set(stack, row)
  }
  profile.weights[row] = take.number(profile.weights[row] + weight, 'profiles')
}
