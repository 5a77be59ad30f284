// Reads the Firefox Profiler's processed profile in one pass: its allocation samples become snapshots. What
// is kept of a table of samples is a row for each stack and type.
import { into, JsonReader, type Reading } from '../../src/bytes/json-reader.ts'
import type { Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { parseMeta } from '../../src/model/meta-json.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { rowAdder } from '../../src/transform/merge.ts'
import type { ReadOptions } from '../converter.ts'
import { type Allocations, readAllocations } from './allocations.ts'
import { FORMAT, OpenTables, stackReader, take } from './stack-tables.ts'

const OLDEST = 48
const NEWEST = 70
const KINDS = ['nativeAllocations', 'jsAllocations'] as const

export async function read(source: Source, { afford }: ReadOptions): Promise<readonly Snapshot[]> {
  const reader = new JsonReader(FORMAT)
  const file = new File(reader, afford)
  await reader.read(source, file.read())
  return file.snapshots()
}

/** A thread that has allocations. */
interface Thread {
  readonly index: number
  readonly name: unknown
  readonly tables: OpenTables
  readonly allocations: readonly Allocations[]
}

/** What is known of a file, whatever the order of its members. */
class File {
  readonly #reader: JsonReader
  readonly #afford: ReadOptions['afford']
  readonly #shared: OpenTables
  #threads: Thread[] | undefined
  #hasMeta = false
  #version: number | undefined
  #time: unknown
  #facts: readonly unknown[] | undefined

  constructor(reader: JsonReader, afford: ReadOptions['afford']) {
    this.#reader = reader
    this.#afford = afford
    this.#shared = new OpenTables('shared', afford)
  }

  *read(): Reading {
    const reader = this.#reader
    yield* reader.object('', key => {
      if (key === 'meta') return this.#readMeta()
      if (key === 'shared') return reader.object('shared', name => this.#shared.member(reader, name))
      return key === 'threads' ? this.#readThreads() : undefined
    })
  }

  *#readMeta(): Reading {
    this.#hasMeta = true
    const reader = this.#reader
    yield* reader.object('meta', key => {
      if (key === 'preprocessedProfileVersion')
        return into(reader.value(), value => (this.#version = take.index(value, 2 ** 32, VERSION)))
      if (key === 'startTime') return into(reader.value(), value => (this.#time = value))
      return key === 'tracemalloc'
        ? into(reader.value(), value => (this.#facts = take.array(value, 'meta.tracemalloc')))
        : undefined
    })
  }

  *#readThreads(): Reading {
    const threads: Thread[] = []
    yield* this.#reader.array('threads', i =>
      into(this.#readThread(i), thread => {
        if (thread.allocations.length > 0) threads.push(thread)
      }),
    )
    this.#threads = threads
  }

  *#readThread(index: number): Reading<Thread> {
    const reader = this.#reader
    const path = `threads[${index}]`
    const tables = new OpenTables(path, this.#afford)
    const found = new Map<string, Allocations>()
    let name: unknown
    yield* reader.object(path, key => {
      if (key === 'name') return into(reader.value(), value => (name = value))
      const kind = KINDS.find(kind => kind === key)
      if (!kind) return tables.member(reader, key)
      return into(
        readAllocations(reader, `${path}.${kind}`, kind === 'jsAllocations', this.#afford),
        rows => {
          if (rows) found.set(kind, rows)
        },
      )
    })
    const allocations = KINDS.flatMap(kind => found.get(kind) ?? [])
    return { index, name, tables, allocations }
  }

  snapshots(): Snapshot[] {
    this.#checkVersion()
    const threads = this.#threads ?? take.fail('threads', 'not an array')
    if (threads.length === 0) {
      throw new FormatError('unsupported', 'no thread has allocations', { format: FORMAT, path: 'threads' })
    }
    const tables = new Tables()
    const stacksOf = stackReader(this.#shared, tables, this.#afford)
    return threads.flatMap(thread => {
      const stacks = stacksOf(thread.tables)
      return thread.allocations.map(rows => this.#snapshotOf(rows, stacks, tables, thread))
    })
  }

  #checkVersion(): void {
    if (!this.#hasMeta) take.fail('meta', 'not an object')
    const version = this.#version ?? take.fail(VERSION, 'not a whole number below 4294967296')
    if (version >= OLDEST && version <= NEWEST) return
    throw new FormatError('unsupported', `version ${version}; versions ${OLDEST} to ${NEWEST} can be read`, {
      format: FORMAT,
      path: VERSION,
    })
  }

  #snapshotOf(rows: Allocations, stacks: Uint32Array, tables: Tables, { index, name }: Thread): Snapshot {
    const builder = new SnapshotBuilder(tables)
    const add = rowAdder(builder)
    rows.forEach(stacks.length, (stack, size, count, type) =>
      add(stack < 0 ? 0 : stacks[stack], size, count, 0, tables.strings.intern(type)),
    )
    const fact = this.#facts?.[index]
    if (fact !== undefined) {
      const parsed = parseMeta(fact, FORMAT)
      if (!parsed) return take.fail(`meta.tracemalloc[${index}]`, 'not the facts of a snapshot')
      return builder.build(parsed.meta, parsed.tracebackLimit)
    }
    const time = this.#time
    return builder.build(
      {
        source: FORMAT,
        measure: rows.isLive ? 'live' : 'allocated',
        accuracy: 'sampled',
        counts: 'estimated',
        ...(typeof time === 'number' && time > 0 && { time }),
        ...(typeof name === 'string' && name !== '' && { name }),
      },
      deepestOf(tables),
    )
  }
}

const VERSION = 'meta.preprocessedProfileVersion'

function deepestOf({ stacks }: Tables): number {
  const depth = new Uint32Array(stacks.length)
  let deepest = 0
  for (let i = 1; i < depth.length; i++) deepest = Math.max(deepest, (depth[i] = depth[stacks.parent[i]] + 1))
  return deepest
}
