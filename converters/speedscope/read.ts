// Reads speedscope's own format in one pass over its tokens.
import { into, JsonReader, type Reading, type Scalar } from '../../src/bytes/json-reader.ts'
import type { Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { UNKNOWN } from '../../src/model/frame-text.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import { parseMeta } from '../../src/model/meta-json.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { reserve } from '../../src/model/tables/typed-arrays.ts'
import { rowAdder } from '../../src/transform/merge.ts'
import type { ReadOptions } from '../converter.ts'
import { Calls } from './calls.ts'
import { ANONYMOUS, FORMAT, SCHEMA, TIME, take } from './names.ts'
import { type Profile, readProfile } from './profiles.ts'

/** Reads the snapshots of a file: its profiles of bytes. */
export async function read(source: Source, { afford }: ReadOptions): Promise<readonly Snapshot[]> {
  const reader = new JsonReader(FORMAT)
  const file = new File(reader, afford)
  await reader.read(source, file.read())
  return file.snapshots()
}

/** What is known of a file, whatever the order of its members. */
class File {
  readonly #reader: JsonReader
  readonly #tables = new Tables()
  readonly #calls: Calls
  #schema: unknown
  #hasShared = false
  #hasFrames = false
  #profiles: Profile[] | undefined
  #facts: readonly unknown[] | undefined

  constructor(reader: JsonReader, afford: ReadOptions['afford']) {
    this.#reader = reader
    this.#calls = new Calls(afford)
  }

  *read(): Reading {
    const reader = this.#reader
    yield* reader.object('', key => {
      if (key === '$schema') return this.#readSchema()
      if (key === 'shared') return this.#readShared()
      if (key === 'profiles') return this.#readProfiles()
      return key === 'tracemalloc' ? this.#readFacts() : undefined
    })
  }

  *#readSchema(): Reading {
    this.#schema = yield* this.#reader.value()
  }

  *#readFacts(): Reading {
    this.#facts = take.array(yield* this.#reader.value(), 'tracemalloc')
  }

  *#readShared(): Reading {
    this.#hasShared = true
    yield* this.#reader.object('shared', key => (key === 'frames' ? this.#readFrames() : undefined))
  }

  *#readFrames(): Reading {
    let ids = new Uint32Array(64)
    let length = 0
    yield* this.#reader.records('shared.frames', ['name', 'file', 'line', 'col'], (values, i) => {
      ids = reserve(ids, i + 1)
      ids[i] = this.#frame(values, i)
      length = i + 1
    })
    this.#hasFrames = true
    this.#calls.setFrames(ids.subarray(0, length))
  }

  #frame([name, file, line, col]: readonly Scalar[], i: number): number {
    const path = (key: string) => `shared.frames[${i}].${key}`
    const text = typeof name === 'string' ? name : take.string(name, path('name'))
    return this.#tables.frames.intern(
      text === ANONYMOUS ? '' : text,
      file === undefined ? UNKNOWN : typeof file === 'string' ? file : take.string(file, path('file')),
      positionOf(line, () => path('line')),
      positionOf(col, () => path('col')),
    )
  }

  *#readProfiles(): Reading {
    const profiles: Profile[] = []
    yield* this.#reader.array('profiles', i =>
      into(readProfile(this.#reader, `profiles[${i}]`, this.#calls), profile => profiles.push(profile)),
    )
    this.#profiles = profiles
  }

  snapshots(): Snapshot[] {
    if (this.#schema !== SCHEMA) take.fail('$schema', `not ${SCHEMA}`)
    if (!this.#hasShared) take.fail('shared', 'not an object')
    if (!this.#hasFrames) take.fail('shared.frames', 'not an array')
    const all = this.#profiles ?? take.fail('profiles', 'not an array')
    const hasBytes = all.some(profile => profile.unit === 'bytes')
    const profiles = all.filter(({ unit }) => !(hasBytes && TIME.has(unit)))
    if (profiles.length === 0) take.fail('profiles', 'no profile')
    for (const { unit, path } of profiles) checkUnit(unit, `${path}.unit`)
    const stacks = this.#calls.stacksIn(this.#tables)
    const make: Make = (...args) => snapshotOf(this.#tables, stacks, ...args)
    return this.#facts
      ? ofFacts(this.#facts, profiles, make)
      : profiles.map(profile => make(profile, undefined, metaOf(profile.name), profile.deepest))
  }
}

function positionOf(value: Scalar, path: () => string): number {
  return typeof value === 'number' && value > 0 && value < 2 ** 32 && Number.isInteger(value)
    ? value
    : take.position(value, path())
}

function checkUnit(unit: string, path: string): void {
  if (unit === 'bytes' || unit === 'none') return
  throw new FormatError(
    'unsupported',
    TIME.has(unit)
      ? `it measures time (${unit}), not memory`
      : `unit ${unit}: speedscope's unit of memory is bytes`,
    {
      format: FORMAT,
      path,
      hint: 'a profile of bytes is needed: of V8, Memory > Allocation sampling',
    },
  )
}

/** Nothing is known but the sizes; the weakest is assumed. */
function metaOf(name: string): SnapshotMeta {
  return { source: FORMAT, measure: 'live', accuracy: 'sampled', counts: 'estimated', ...(name && { name }) }
}

type Make = (bytes: Profile, blocks: Profile | undefined, meta: SnapshotMeta, limit: number) => Snapshot

/** A profile of bytes for each fact, each with or without its profile of blocks. */
function ofFacts(facts: readonly unknown[], profiles: readonly Profile[], make: Make): Snapshot[] {
  const queue = [...profiles].reverse()
  const snapshots = facts.map((fact, i) => {
    const parsed = parseMeta(fact, FORMAT)
    if (!parsed) take.fail(`tracemalloc[${i}]`, 'not the facts of a snapshot')
    const bytes = queue.pop()
    if (bytes?.unit !== 'bytes') take.fail(`tracemalloc[${i}]`, 'no profile of its bytes')
    const blocks = queue.at(-1)?.unit === 'none' ? queue.pop() : undefined
    const isSame = blocks?.nodes.every((node, row) => node === bytes.nodes[row])
    if (blocks && !(isSame && blocks.samples === bytes.samples)) {
      take.fail(`tracemalloc[${i}]`, 'its bytes and blocks differ in their samples')
    }
    return make(bytes, blocks, parsed.meta, parsed.tracebackLimit)
  })
  if (queue.length > 0) take.fail('tracemalloc', 'fewer facts than profiles')
  return snapshots
}

/** A row for each distinct stack: frames that are there twice make two nodes of one. */
function snapshotOf(
  tables: Tables,
  stacks: Uint32Array,
  bytes: Profile,
  blocks: Profile | undefined,
  meta: SnapshotMeta,
  tracebackLimit: number,
): Snapshot {
  const builder = new SnapshotBuilder(tables)
  const add = rowAdder(builder)
  bytes.nodes.forEach((node, i) => {
    add(stacks[node], bytes.weights[i], blocks?.weights[i] ?? Number.NaN, 0, 0)
  })
  return builder.build(meta, tracebackLimit)
}
