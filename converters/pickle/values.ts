// The values of an unpickled snapshot, in typed arrays: tuples, lists, dicts and objects by number.
import type { FormatErrorCode } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import { UNTRACED } from '../../src/model/grouping/keys.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { reserve } from '../../src/model/tables/typed-arrays.ts'
import { COUNTS_KNOWN } from './opcodes.ts'

// What a value on the unpickler's stack or in its memo is; its number means:
export const NONE = 0
/** The integer itself, exact to 2^53. */
export const INT = 1
/** Index in `strings`. */
export const STRING = 2
/** Index in `GLOBALS`. */
export const GLOBAL = 3
/** `(filename, lineno)`: id of the frame. */
const FRAME = 4
/** A tuple of frames, most recent first: id of the stack. */
export const STACK = 5
/** `(domain, size, traceback, total_nframe)`: row of the builder. */
export const TRACE = 6
/** Index in `lists`: a list or tuple of traces. */
export const LIST = 7
/** Index in `dicts`. */
export const DICT = 8
/** Index in `objects`. */
export const OBJECT = 9
/** Arguments of `copyreg._reconstructor`: index of the class in `GLOBALS`. */
export const RECONSTRUCTION = 10

/** The only names a pickle may use. None of them is called: they say which object is built. */
const GLOBALS = ['tracemalloc.Snapshot', 'tracemalloc._Traces', 'copyreg._reconstructor', 'builtins.object']
const [SNAPSHOT, TRACES, RECONSTRUCTOR, OBJECT_CLASS] = GLOBALS.keys()
/** Names that Python 2's standard library had for the modules (protocols 0 to 2). */
const OLD_MODULES: Record<string, string> = { copy_reg: 'copyreg', __builtin__: 'builtins' }

/** A snapshot has two objects, two dicts and one list. */
const MOST_CONTAINERS = 1000

export interface Value {
  kind: number
  value: number
}

/** Rows of the builder. `rows` is not needed if a list has each row once, in order, as CPython's files do. */
interface Rows {
  rows: Uint32Array | undefined
  length: number
}

/** Throws at the place where the pickle is read. */
export type Fail = (code: FormatErrorCode, reason: string) => never

/**
 * The values a pickled snapshot is made of. Tuples become what they stand for at once: a frame, a stack
 * (decoded once, however often the memo gives it again), a row; so there is no JavaScript object per trace.
 */
export class Values {
  readonly strings: string[] = []
  readonly #builder = new SnapshotBuilder()
  readonly #lists: Rows[] = []
  readonly #dicts: Map<string, Value>[] = []
  readonly #objects: { global: number; state: number }[] = []
  readonly #fail: Fail

  constructor(fail: Fail) {
    this.#fail = fail
  }

  /** Number of traces made so far. */
  get traces(): number {
    return this.#builder.length
  }

  addString(text: string): number {
    return this.strings.push(text) - 1
  }

  addGlobal(module: string, name: string): number {
    const id = GLOBALS.indexOf(`${OLD_MODULES[module] ?? module}.${name}`)
    if (id >= 0) return id
    const shown = JSON.stringify(`${module}.${name}`.slice(0, 100)).slice(1, -1)
    return this.#fail('unsupported', `it names ${shown}, which is no part of a tracemalloc snapshot`)
  }

  addDict(): number {
    this.#countContainer()
    return this.#dicts.push(new Map()) - 1
  }

  setItem(dict: number, key: Value, value: Value): void {
    if (key.kind !== STRING) this.#fail('malformed', 'a dict has a key that is not a string')
    this.#dicts[dict].set(this.strings[key.value], value)
  }

  addList(): number {
    this.#countContainer()
    return this.#lists.push({ rows: undefined, length: 0 }) - 1
  }

  /** Appends the traces `from` to `to` of the stack to a list. */
  append(list: number, kinds: Uint8Array, numbers: Float64Array, from: number, to: number): void {
    const into = this.#lists[list]
    for (let i = from; i < to; i++) {
      if (kinds[i] !== TRACE) this.#fail('malformed', 'a list holds something that is not a trace')
      if (!into.rows && numbers[i] !== into.length)
        into.rows = new Uint32Array(into.length).map((_, row) => row)
      if (into.rows) {
        into.rows = reserve(into.rows, into.length + 1)
        into.rows[into.length] = numbers[i]
      }
      into.length++
    }
  }

  /** Adds a row of one block; `totalNframe` 0 = unknown. */
  addTrace(domain: number, size: number, stack: number, totalNframe: number): number {
    return this.#builder.add(stack, size, 1, domain, 0, totalNframe)
  }

  /** An empty object of a class: what `cls.__new__(cls)` gives. */
  addObject(global: number): number {
    if (global !== SNAPSHOT && global !== TRACES) this.#fail('malformed', `${GLOBALS[global]} has no objects`)
    this.#countContainer()
    return this.#objects.push({ global, state: -1 }) - 1
  }

  isReconstructor(value: Value): boolean {
    return value.kind === GLOBAL && value.value === RECONSTRUCTOR
  }

  setState(object: number, dict: number): void {
    this.#objects[object].state = dict
  }

  /** Makes of a tuple on the stack, values `from` to `to`, what it stands for; writes it to `from`. */
  makeTuple(kinds: Uint8Array, numbers: Float64Array, from: number, to: number): void {
    const length = to - from
    if (length === 0) {
      kinds[from] = STACK
      numbers[from] = 0
    } else if (kinds[from] === INT) {
      numbers[from] = this.#trace(kinds, numbers, from, length)
      kinds[from] = TRACE
    } else if (kinds[from] === STRING && length === 2 && kinds[from + 1] === INT) {
      numbers[from] = this.#frame(this.strings[numbers[from]], numbers[from + 1])
      kinds[from] = FRAME
    } else if (kinds[from] === FRAME) {
      numbers[from] = this.#stack(kinds, numbers, from, to)
      kinds[from] = STACK
    } else if (kinds[from] === TRACE) {
      const list = this.addList()
      this.append(list, kinds, numbers, from, to)
      kinds[from] = LIST
      numbers[from] = list
    } else if (kinds[from] === GLOBAL && length === 3 && isObjectClass(kinds, numbers, from + 1)) {
      kinds[from] = RECONSTRUCTION // (class, object, None): the number is the class's already
    } else this.#fail('malformed', 'a tuple is neither a frame, a traceback nor a trace')
  }

  /** The snapshot that a value is. */
  snapshot(result: Value): Snapshot {
    const state = this.#stateOf(result, SNAPSHOT)
    const limit = state.get('traceback_limit')
    if (limit?.kind !== INT || limit.value < 0 || limit.value > 0xffffffff) {
      return this.#fail('malformed', 'the snapshot has no traceback_limit')
    }
    const list = this.#stateOf(state.get('traces'), TRACES).get('_traces')
    // An empty tuple of traces is an empty stack: both are ().
    const isEmpty = list?.kind === STACK && list.value === 0
    if (list?.kind !== LIST && !isEmpty) return this.#fail('malformed', 'the snapshot has no list of traces')
    const { rows, length } = isEmpty ? { rows: undefined, length: 0 } : this.#lists[list.value]
    const snapshot = this.#builder.build(
      { source: 'pickle', runtime: 'python', measure: 'live', accuracy: 'exact', counts: 'exact' },
      limit.value,
    )
    const isWhole = !rows && length === snapshot.length
    const all = isWhole
      ? snapshot
      : snapshot.withRows(rows?.subarray(0, length) ?? Array.from({ length }, (_, row) => row))
    const known = state.get(COUNTS_KNOWN)
    if (known?.kind !== INT || known.value !== 0) return all
    return all.with({ columns: { count: all.columns.count.map(() => Number.NaN) } })
  }

  #stateOf(value: Value | undefined, global: number): Map<string, Value> {
    const object = value?.kind === OBJECT ? this.#objects[value.value] : undefined
    if (object?.global !== global)
      return this.#fail('malformed', `there is no ${GLOBALS[global]} where one belongs`)
    if (object.state < 0) return this.#fail('malformed', `the ${GLOBALS[global]} was left empty`)
    return this.#dicts[object.state]
  }

  #countContainer(): void {
    if (this.#lists.length + this.#dicts.length + this.#objects.length >= MOST_CONTAINERS) {
      this.#fail('malformed', `more than ${MOST_CONTAINERS} lists, dicts and objects`)
    }
  }

  #frame(filename: string, lineno: number): number {
    return this.#builder.tables.frames.intern('', filename, this.#uint32('line number', lineno), 0, true)
  }

  #stack(kinds: Uint8Array, numbers: Float64Array, from: number, to: number): number {
    const { frames, stacks, strings } = this.#builder.tables
    const [first] = numbers.subarray(from)
    const isUntraced = frames.lineno[first] === 0 && strings.get(frames.filename[first]) === UNTRACED
    if (isUntraced && to - from === 1) return 0 // as we write an empty traceback
    let stack = 0
    for (let i = to - 1; i >= from; i--) {
      if (kinds[i] !== FRAME) this.#fail('malformed', 'a traceback holds something that is not a frame')
      stack = stacks.intern(stack, numbers[i])
    }
    return stack
  }

  /**
   * 2 fields: size, traceback (3.4, 3.5). 3: domain before them (3.6 to 3.8). 4: total_nframe last (from
   * 3.9).
   */
  #trace(kinds: Uint8Array, numbers: Float64Array, from: number, length: number): number {
    const size = length === 2 ? from : from + 1
    const nframe = from + 3
    if (length < 2 || length > 4 || kinds[size] !== INT || kinds[size + 1] !== STACK) {
      this.#fail('malformed', 'a trace is not (domain, size, traceback, total_nframe)')
    }
    const bytes = numbers[size]
    if (bytes < 0) this.#fail('unsupported', `a trace has the size ${bytes}`)
    const domain = length === 2 ? 0 : this.#uint32('domain', numbers[from])
    let totalNframe = 0 // unknown
    if (length === 4 && kinds[nframe] !== NONE) {
      if (kinds[nframe] !== INT) this.#fail('malformed', 'total_nframe is neither a number nor None')
      totalNframe = this.#uint32('total_nframe', numbers[nframe])
    }
    return this.addTrace(domain, bytes, numbers[size + 1], totalNframe)
  }

  #uint32(what: string, value: number): number {
    return value >= 0 && value <= 0xffffffff ? value : this.#fail('unsupported', `the ${what} ${value}`)
  }
}

function isObjectClass(kinds: Uint8Array, numbers: Float64Array, at: number): boolean {
  return kinds[at] === GLOBAL && numbers[at] === OBJECT_CLASS && kinds[at + 1] === NONE
}
