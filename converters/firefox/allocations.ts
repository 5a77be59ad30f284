// Reads a table of allocations: its columns are kept, packed, to the table's end, then added up to a row for
// each stack and type.
import { into, type JsonReader, type Reading } from '../../src/bytes/json-reader.ts'
import { PackedNumbers, type PackedReader } from '../../src/bytes/packed-numbers.ts'
import { reserve, TupleIds } from '../../src/model/tables/typed-arrays.ts'
import type { ReadOptions } from '../converter.ts'
import { take } from './stack-tables.ts'

/** Memory that a live address takes, and after how many more it is asked for. */
const ADDRESS_BYTES = 120
const STEP = 1 << 16

/** Rows of a table of allocations. */
export class Allocations {
  /** Are they what is alive, not what was allocated? */
  readonly isLive: boolean
  readonly #path: string
  readonly #types: readonly string[]
  readonly #keys = new TupleIds(2) // index of the stack plus 1, index of the type
  #size = new Float64Array(64)
  #count = new Float64Array(64)
  /** The greatest index of a stack, and where it is. */
  #greatest = -1
  #greatestAt = 0

  constructor(path: string, isLive: boolean, types: readonly string[]) {
    this.#path = path
    this.isLive = isLive
    this.#types = types
  }

  /** The row of a stack (NaN = none) and type. */
  row(stack: number, type: number, at: number): number {
    if (stack > this.#greatest) {
      this.#greatest = stack
      this.#greatestAt = at
    }
    const row = this.#keys.intern([Number.isNaN(stack) ? 0 : stack + 1, type])
    this.#size = reserve(this.#size, row + 1)
    this.#count = reserve(this.#count, row + 1)
    return row
  }

  grow(row: number, size: number, count: number): void {
    this.#size[row] = take.number(this.#size[row] + size, `${this.#path}.weight`)
    this.#count[row] += count
  }

  /**
   * Each row: the index of its stack (-1 = none), which is below `stacks`, bytes, blocks (NaN = unknown),
   * type.
   */
  forEach(stacks: number, each: (stack: number, size: number, count: number, type: string) => void): void {
    take.index(Math.max(0, this.#greatest), Math.max(1, stacks), `${this.#path}.stack[${this.#greatestAt}]`)
    for (let row = 0; row < this.#keys.length; row++) {
      const count = this.#count[row]
      if (count === 0) continue // all of it was freed
      const [stack, type] = this.#keys.values.subarray(row * 2, row * 2 + 2)
      each(stack - 1, this.#size[row], count, this.#types[type])
    }
  }
}

/** The rows of a table; undefined for null. */
export function* readAllocations(
  reader: JsonReader,
  path: string,
  isJs: boolean,
  afford: ReadOptions['afford'],
): Reading<Allocations | undefined> {
  if (yield* reader.isNull()) return undefined
  const columns = new Map<string, PackedNumbers>()
  const types: string[] = ['']
  let length: number | undefined
  yield* reader.object(path, key => {
    const at = `${path}.${key}`
    if (key === 'length') return into(reader.value(), value => (length = take.index(value, 2 ** 32, at)))
    const isType = key === 'className'
    if (isType ? !isJs : !['stack', 'weight', 'memoryAddress'].includes(key)) return undefined
    const column = new PackedNumbers()
    columns.set(key, column)
    if (isType) return readTypes(reader, at, types, column)
    const check = key === 'stack' ? checkStack : take.number.bind(take)
    const add = (value: number) => {
      if (!(Math.abs(value) < 2 ** 32 && value >= 0)) check(value, `${at}[${column.length}]`)
      column.add(value)
    }
    return reader.numbers(at, add)
  })
  if (length === undefined) return take.fail(`${path}.length`, 'not a whole number below 4294967296')
  for (const name of ['stack', 'weight', ...(isJs ? ['className'] : [])]) {
    if (!columns.has(name)) take.fail(`${path}.${name}`, 'not an array')
  }
  for (const [name, { length: found }] of columns) {
    if (found !== length) take.fail(`${path}.${name}`, `${found} values in a table of ${length}`)
  }
  const open = (name: string) => columns.get(name)?.reader()
  const address = open('memoryAddress')
  const rows = new Allocations(path, address !== undefined, types)
  const all = { stack: open('stack')!, weight: open('weight')!, type: open('className') }
  if (address) addLive(rows, all, address, afford)
  else addAll(rows, all)
  return rows
}

function checkStack(value: number, path: string): void {
  if (!Number.isNaN(value)) take.index(value, 2 ** 32 - 1, path)
}

/** Texts as indexes of the distinct ones. */
function* readTypes(reader: JsonReader, path: string, types: string[], column: PackedNumbers): Reading {
  const ids = new Map(types.map((type, id) => [type, id]))
  yield* reader.strings(path, found => {
    const text = take.string(found, `${path}[${column.length}]`)
    let id = ids.get(text)
    if (id === undefined) {
      id = types.push(text) - 1
      ids.set(text, id)
    }
    column.add(id)
  })
}

interface Columns {
  readonly stack: PackedReader
  readonly weight: PackedReader
  readonly type: PackedReader | undefined
}

function addAll(rows: Allocations, { stack, weight, type }: Columns): void {
  const count = type ? 1 : Number.NaN
  for (let i = 0; stack.left > 0; i++) {
    rows.grow(rows.row(stack.take(), type?.take() ?? 0, i), weight.take(), count)
  }
}

/** Adds those whose address is not freed behind them. */
function addLive(
  rows: Allocations,
  { stack, weight, type }: Columns,
  address: PackedReader,
  afford: ReadOptions['afford'],
): void {
  const live = new Map<number, { row: number; bytes: number }>()
  let asked = STEP
  for (let i = 0; stack.left > 0; i++) {
    const at = address.take()
    const bytes = weight.take()
    const row = rows.row(stack.take(), type?.take() ?? 0, i)
    const before = live.get(at)
    if (bytes > 0) {
      rows.grow(row, bytes, 1)
      live.set(at, { row, bytes })
    } else if (before) {
      rows.grow(before.row, -before.bytes, -1)
      live.delete(at)
    }
    if (live.size > asked) afford?.((asked += STEP) * ADDRESS_BYTES)
  }
}
