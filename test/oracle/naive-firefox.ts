// Reads the Firefox Profiler's processed profile as a whole, by JSON.parse: the oracle of the reader in one
// pass.
import { Taker } from '../../src/bytes/json-document.ts'
import { FormatError } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { UNKNOWN } from '../../src/model/frame-text.ts'
import { parseMeta } from '../../src/model/meta-json.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'

const FORMAT = 'firefox'
const OLDEST = 48
const NEWEST = 70
const ANONYMOUS = '(anonymous)'
const take: Taker = new Taker(FORMAT)

export function naiveFirefox(text: string): readonly Snapshot[] {
  const profile = take.object(JSON.parse(text), '')
  const meta = take.object(take.member(profile, 'meta'), 'meta')
  const version = take.index(
    take.member(meta, 'preprocessedProfileVersion'),
    2 ** 32,
    'meta.preprocessedProfileVersion',
  )
  if (version < OLDEST || version > NEWEST) {
    throw new FormatError('unsupported', `version ${version}; versions ${OLDEST} to ${NEWEST} can be read`, {
      format: FORMAT,
      path: 'meta.preprocessedProfileVersion',
    })
  }
  const shared = take.member(profile, 'shared')
  const tables = new Tables()
  const stacksOf = stackReader(shared === undefined ? {} : take.object(shared, 'shared'), tables)
  const threads = take.array(take.member(profile, 'threads'), 'threads')
  const facts = take.member(meta, 'tracemalloc')
  const ours = facts === undefined ? undefined : take.array(facts, 'meta.tracemalloc')
  const snapshots = threads.flatMap((value, i) => {
    const thread = take.object(value, `threads[${i}]`)
    return (['nativeAllocations', 'jsAllocations'] as const).flatMap(name => {
      const table = take.member(thread, name)
      if (table === undefined || table === null) return []
      const path = `threads[${i}].${name}`
      const rows = readRows(
        take.object(table, path),
        path,
        name === 'jsAllocations',
        stacksOf(thread, `threads[${i}]`),
        tables,
      )
      return [snapshotOf(rows, thread, meta, ours?.[i], `meta.tracemalloc[${i}]`)]
    })
  })
  if (snapshots.length === 0) {
    throw new FormatError('unsupported', 'no thread has allocations', { format: FORMAT, path: 'threads' })
  }
  return snapshots
}

interface Rows {
  builder: SnapshotBuilder
  /** Are they what is alive, not what was allocated? */
  isLive: boolean
}

function snapshotOf(
  { builder, isLive }: Rows,
  thread: object,
  meta: object,
  fact: unknown,
  path: string,
): Snapshot {
  if (fact !== undefined) {
    const parsed = parseMeta(fact, FORMAT)
    if (!parsed) take.fail(path, 'not the facts of a snapshot')
    return builder.build(parsed.meta, parsed.tracebackLimit)
  }
  const time = take.member(meta, 'startTime')
  const name = take.member(thread, 'name')
  return builder.build(
    {
      source: FORMAT,
      measure: isLive ? 'live' : 'allocated',
      accuracy: 'sampled',
      counts: 'estimated',
      ...(typeof time === 'number' && time > 0 && { time }),
      ...(typeof name === 'string' && name !== '' && { name }),
    },
    deepestOf(builder),
  )
}

function deepestOf({ tables }: SnapshotBuilder): number {
  const depth = new Uint32Array(tables.stacks.length)
  let deepest = 0
  for (let i = 1; i < depth.length; i++)
    deepest = Math.max(deepest, (depth[i] = depth[tables.stacks.parent[i]] + 1))
  return deepest
}

function readRows(table: object, path: string, isJs: boolean, stacks: Uint32Array, tables: Tables): Rows {
  const column = columnReader(table, path)
  const stack = column('stack')
  const weight = column('weight')
  const className = isJs ? column('className') : undefined
  const address = take.member(table, 'memoryAddress') === undefined ? undefined : column('memoryAddress')
  const builder = new SnapshotBuilder(tables)
  const bytes = weight.map((value, i) => take.number(value, `${path}.weight[${i}]`))
  const isLive = address ? survivors(address, bytes, path) : undefined
  for (let i = 0; i < bytes.length; i++) {
    const id = stack[i] === null ? 0 : stacks[take.index(stack[i], stacks.length, `${path}.stack[${i}]`)]
    if (isLive && !isLive[i]) continue
    const type = className ? tables.strings.intern(take.string(className[i], `${path}.className[${i}]`)) : 0
    builder.add(id, bytes[i], isLive || className ? 1 : Number.NaN, 0, type)
  }
  return { builder, isLive: isLive !== undefined }
}

/** 1 for each allocation whose address was not freed behind it. */
function survivors(address: readonly unknown[], bytes: readonly number[], path: string): Uint8Array {
  const isLive = new Uint8Array(bytes.length)
  const rowOf = new Map<number, number>()
  for (let i = 0; i < bytes.length; i++) {
    const at = take.number(address[i], `${path}.memoryAddress[${i}]`)
    const before = rowOf.get(at)
    if (bytes[i] > 0) {
      isLive[i] = 1
      rowOf.set(at, i)
    } else if (before !== undefined) {
      isLive[before] = 0
      rowOf.delete(at)
    }
  }
  return isLive
}

/** Gives the columns of a table; each must be as long as the table says. */
function columnReader(table: object, path: string) {
  const length = take.index(take.member(table, 'length'), 2 ** 32, `${path}.length`)
  return (name: string): readonly unknown[] => {
    const column = take.array(take.member(table, name), `${path}.${name}`)
    if (column.length !== length)
      take.fail(`${path}.${name}`, `${column.length} values in a table of ${length}`)
    return column
  }
}

/** Stack ids by index in the stack table, of a thread or of all. */
function stackReader(shared: object, tables: Tables) {
  let ofAll: Uint32Array | undefined
  return (thread: object, path: string): Uint32Array => {
    const isShared = take.member(shared, 'stackTable') !== undefined
    if (isShared && ofAll) return ofAll
    const part = (name: string): [object, string] => {
      const own = take.member(thread, name)
      return own === undefined
        ? [take.object(take.member(shared, name), `shared.${name}`), `shared.${name}`]
        : [take.object(own, `${path}.${name}`), `${path}.${name}`]
    }
    const stringsOf = take.member(thread, 'stringArray') ?? take.member(shared, 'stringArray')
    const strings = take.array(stringsOf, 'stringArray')
    const string = (value: unknown, at: string) =>
      take.string(strings[take.index(value, strings.length, at)], `stringArray[${value}]`)
    const functions = readFunctions(...part('funcTable'), shared, string)
    const frames = readFrames(...part('frameTable'), functions, tables)
    const stacks = readStacks(...part('stackTable'), frames, tables)
    if (isShared) ofAll = stacks
    return stacks
  }
}

/** What a function says of its frames. */
interface Func {
  name: string
  file: string
  lineno: number
  column: number
}

type StringAt = (value: unknown, path: string) => string

function readFunctions(table: object, path: string, shared: object, string: StringAt): Func[] {
  const column = columnReader(table, path)
  const lineno = column('lineNumber')
  const columnNumber = column('columnNumber')
  const hasSources = take.member(table, 'source') !== undefined
  const file = column(hasSources ? 'source' : 'fileName')
  const sources = hasSources ? readSources(shared, string) : undefined
  return column('name').map((name, i) => {
    const at = file[i]
    let filename = UNKNOWN
    if (at !== null && at !== undefined) {
      filename = sources
        ? sources[take.index(at, sources.length, `${path}.source[${i}]`)]
        : string(at, `${path}.fileName[${i}]`)
    }
    const text = string(name, `${path}.name[${i}]`)
    return {
      name: text === ANONYMOUS ? '' : text,
      file: filename,
      lineno: take.position(lineno[i], `${path}.lineNumber[${i}]`),
      column: take.position(columnNumber[i], `${path}.columnNumber[${i}]`),
    }
  })
}

function readSources(shared: object, string: StringAt): string[] {
  const table = take.object(take.member(shared, 'sources'), 'shared.sources')
  return columnReader(
    table,
    'shared.sources',
  )('filename').map((value, i) => string(value, `shared.sources.filename[${i}]`))
}

/** Frame ids by index: a line of the frame's own is exact, else it is where the function starts. */
function readFrames(table: object, path: string, functions: readonly Func[], tables: Tables): number[] {
  const column = columnReader(table, path)
  const lines = column('line')
  const columns = column('column')
  return column('func').map((value, i) => {
    const {
      name,
      file,
      lineno,
      column: start,
    } = functions[take.index(value, functions.length, `${path}.func[${i}]`)]
    const at = take.position(columns[i], `${path}.column[${i}]`)
    return lines[i] === null || lines[i] === undefined
      ? tables.frames.intern(name, file, lineno, start, false)
      : tables.frames.intern(name, file, take.position(lines[i], `${path}.line[${i}]`), at, true)
  })
}

function readStacks(table: object, path: string, frames: readonly number[], tables: Tables): Uint32Array {
  const column = columnReader(table, path)
  const hasOffsets = take.member(table, 'prefixOffset') !== undefined
  const name = hasOffsets ? 'prefixOffset' : 'prefix'
  const prefix = column(name)
  const frame = column('frame')
  const stacks = new Uint32Array(frame.length)
  for (let i = 0; i < stacks.length; i++) {
    const value = prefix[i]
    let parent = 0
    if (hasOffsets ? value !== 0 : value !== null) {
      const at = hasOffsets ? i - take.index(value, i + 1, `${path}.${name}[${i}]`) : value
      parent = stacks[take.index(at, i, `${path}.${name}[${i}]`)]
    }
    stacks[i] = tables.stacks.intern(
      parent,
      frames[take.index(frame[i], frames.length, `${path}.frame[${i}]`)],
    )
  }
  return stacks
}
