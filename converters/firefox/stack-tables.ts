// The tables that stacks are looked up in, of a thread or of the file: kept as columns until all of them are
// known.
import { Taker } from '../../src/bytes/json-document.ts'
import { into, type JsonReader, type Reading } from '../../src/bytes/json-reader.ts'
import { TOKEN } from '../../src/bytes/json-tokens.ts'
import { PackedNumbers, type PackedReader } from '../../src/bytes/packed-numbers.ts'
import { UNKNOWN } from '../../src/model/frame-text.ts'
import type { Tables } from '../../src/model/tables/tables.ts'

export const FORMAT = 'firefox'
export const take: Taker = new Taker(FORMAT)
const ANONYMOUS = '(anonymous)'

/** The columns that are wanted of a table; others are passed over. */
const COLUMNS = {
  stackTable: ['frame', 'prefix', 'prefixOffset'],
  frameTable: ['func', 'line', 'column'],
  funcTable: ['name', 'fileName', 'source', 'lineNumber', 'columnNumber'],
  sources: ['filename'],
} as const
type TableName = keyof typeof COLUMNS

/** What a row of a table takes when stacks are made of it. */
const ROW_BYTES = 100
/** What a text takes at least, and after how many more memory is asked for. */
const STRING_BYTES = 100
const STEP = 1 << 16

/** A table as it is read: columns of numbers, with NaN for null. */
class Table {
  readonly path: string
  readonly #columns = new Map<string, PackedNumbers>()
  #length: unknown

  constructor(path: string) {
    this.path = path
  }

  *read(reader: JsonReader, wanted: readonly string[]): Reading {
    yield* reader.object(this.path, key => {
      if (key === 'length') return into(reader.value(), value => (this.#length = value))
      if (!wanted.includes(key)) return undefined
      return this.#readColumn(reader, key)
    })
  }

  *#readColumn(reader: JsonReader, name: string): Reading {
    if (!(yield* reader.begins(TOKEN.array))) return
    const column = new PackedNumbers()
    this.#columns.set(name, column)
    yield* reader.numbers(`${this.path}.${name}`, value => column.add(value))
  }

  has(name: string): boolean {
    return this.#columns.has(name)
  }

  get length(): number {
    return take.index(this.#length, 2 ** 32, `${this.path}.length`)
  }

  /** The values of a column, which must be as long as the table says. */
  column(name: string): PackedReader {
    const path = `${this.path}.${name}`
    const { length } = this
    const column = this.#columns.get(name) ?? take.fail(path, 'not an array')
    if (column.length !== length) take.fail(path, `${column.length} values in a table of ${length}`)
    return column.reader()
  }
}

/** The tables and texts of a thread or of the whole file, as far as it has them. */
export class OpenTables {
  readonly path: string
  readonly #afford: ((bytes: number) => void) | undefined
  readonly #tables = new Map<string, Table>()
  strings: readonly (string | undefined)[] | undefined

  constructor(path: string, afford?: (bytes: number) => void) {
    this.path = path
    this.#afford = afford
  }

  /** The reading of a member; nothing for another one. */
  member(reader: JsonReader, key: string): Reading | undefined {
    if (key === 'stringArray') return this.#readStrings(reader)
    if (!Object.hasOwn(COLUMNS, key)) return undefined
    return this.#readTable(reader, key as TableName)
  }

  *#readTable(reader: JsonReader, name: TableName): Reading {
    if (!(yield* reader.begins(TOKEN.object))) return
    const table = new Table(`${this.path}.${name}`)
    this.#tables.set(name, table)
    yield* table.read(reader, COLUMNS[name])
  }

  *#readStrings(reader: JsonReader): Reading {
    if (!(yield* reader.begins(TOKEN.array))) return
    const strings: (string | undefined)[] = []
    yield* reader.strings('stringArray', text => {
      if (strings.push(text) % STEP === 0) this.#afford?.(strings.length * STRING_BYTES)
    })
    this.strings = strings
  }

  table(name: TableName): Table | undefined {
    return this.#tables.get(name)
  }
}

type StringAt = (value: number, path: string) => string

/** Stack ids by index in the stack table, of a thread or of all. */
export function stackReader(
  shared: OpenTables,
  tables: Tables,
  afford: (bytes: number) => void = () => {},
): (thread: OpenTables) => Uint32Array {
  let ofAll: Uint32Array | undefined
  return thread => {
    const isShared = shared.table('stackTable') !== undefined
    if (isShared && ofAll) return ofAll
    const part = (name: TableName): Table => {
      const table = thread.table(name) ?? shared.table(name) ?? take.fail(`shared.${name}`, 'not an object')
      afford(table.length * ROW_BYTES)
      return table
    }
    const strings = thread.strings ?? shared.strings ?? take.fail('stringArray', 'not an array')
    const string: StringAt = (value, at) =>
      take.string(strings[take.index(value, strings.length, at)], `stringArray[${value}]`)
    const functions = readFunctions(part('funcTable'), () => part('sources'), string)
    const frames = readFrames(part('frameTable'), functions, tables)
    const stacks = readStacks(part('stackTable'), frames, tables)
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

function readFunctions(table: Table, sourcesOf: () => Table, string: StringAt): Func[] {
  const { path } = table
  const lines = table.column('lineNumber')
  const columns = table.column('columnNumber')
  const hasSources = table.has('source')
  const files = table.column(hasSources ? 'source' : 'fileName')
  const sources = hasSources ? readSources(sourcesOf(), string) : undefined
  const names = table.column('name')
  const functions: Func[] = []
  for (let i = 0; names.left > 0; i++) {
    const file = files.take()
    let filename = UNKNOWN
    if (!Number.isNaN(file)) {
      filename = sources
        ? sources[take.index(file, sources.length, `${path}.source[${i}]`)]
        : string(file, `${path}.fileName[${i}]`)
    }
    const name = string(names.take(), `${path}.name[${i}]`)
    functions.push({
      name: name === ANONYMOUS ? '' : name,
      file: filename,
      lineno: positionOf(lines.take(), `${path}.lineNumber[${i}]`),
      column: positionOf(columns.take(), `${path}.columnNumber[${i}]`),
    })
  }
  return functions
}

function readSources(table: Table, string: StringAt): string[] {
  const names = table.column('filename')
  return Array.from({ length: names.left }, (_, i) => string(names.take(), `${table.path}.filename[${i}]`))
}

function positionOf(value: number, path: string): number {
  return Number.isNaN(value) ? 0 : take.position(value, path)
}

/** Frame ids by index: a line of the frame's own is exact, else it is where the function starts. */
function readFrames(table: Table, functions: readonly Func[], tables: Tables): Uint32Array {
  const { path } = table
  const lines = table.column('line')
  const columns = table.column('column')
  const funcs = table.column('func')
  const ids = new Uint32Array(funcs.left)
  for (let i = 0; i < ids.length; i++) {
    const func = functions[take.index(funcs.take(), functions.length, `${path}.func[${i}]`)]
    const line = lines.take()
    const lineno = positionOf(line, `${path}.line[${i}]`)
    const column = positionOf(columns.take(), `${path}.column[${i}]`)
    ids[i] = Number.isNaN(line)
      ? tables.frames.intern(func.name, func.file, func.lineno, func.column, false)
      : tables.frames.intern(func.name, func.file, lineno, column, true)
  }
  return ids
}

function readStacks(table: Table, frames: Uint32Array, tables: Tables): Uint32Array {
  const { path } = table
  const name = table.has('prefixOffset') ? 'prefixOffset' : 'prefix'
  const prefixes = table.column(name)
  const calls = table.column('frame')
  const stacks = new Uint32Array(calls.left)
  for (let i = 0; i < stacks.length; i++) {
    const prefix = prefixes.take()
    let parent = 0
    if (name === 'prefix' ? !Number.isNaN(prefix) : prefix !== 0) {
      const at = name === 'prefix' ? prefix : i - take.index(prefix, i + 1, `${path}.${name}[${i}]`)
      parent = stacks[take.index(at, i, `${path}.${name}[${i}]`)]
    }
    const frame = take.index(calls.take(), frames.length, `${path}.frame[${i}]`)
    stacks[i] = tables.stacks.intern(parent, frames[frame])
  }
  return stacks
}
