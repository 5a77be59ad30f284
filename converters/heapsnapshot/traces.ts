import type { Fields } from '../../src/io/heapsnapshot.ts'
import { type Handler, RowFault } from '../../src/io/values.ts'
import { hash2, RowIndex, reserve } from '../../src/model/columns.ts'
import { fileOf, isPseudo } from '../../src/model/filenames.ts'
import { NATIVE, V8 } from '../../src/model/frames.ts'
import type { Tables } from '../../src/model/tables.ts'

/** Functions that allocated, and the tree of calls that led there: `trace_function_infos` and `trace_tree`. */
export class Traces {
  readonly #functionFields: Fields
  readonly #traceFields: Fields
  // Functions; names are numbers of the file's strings.
  #name = new Uint32Array(64)
  #script = new Uint32Array(64)
  #scriptId = new Uint32Array(64)
  #line = new Uint32Array(64)
  #column = new Uint32Array(64)
  #functions = 0
  // Calls, parents first.
  #id = new Uint32Array(64)
  #parent = new Uint32Array(64) // the parent's place here; the root is its own
  #function = new Uint32Array(64)
  #calls = 0
  readonly #index = new RowIndex()

  constructor(functionFields: Fields, traceFields: Fields) {
    this.#functionFields = functionFields
    this.#traceFields = traceFields
  }

  /** Reads `trace_function_infos`. Lines and columns are 1-based there, 0 = unknown. */
  functions(): Handler {
    const f = this.#functionFields
    return {
      read: 'rows',
      fields: f.length,
      rows: (values, length) => {
        for (let i = 0; i < length; i += f.length) {
          const row = this.#functions++
          this.#name = reserve(this.#name, row + 1)
          this.#script = reserve(this.#script, row + 1)
          this.#scriptId = reserve(this.#scriptId, row + 1)
          this.#line = reserve(this.#line, row + 1)
          this.#column = reserve(this.#column, row + 1)
          this.#name[row] = values[i + f.name]
          this.#script[row] = values[i + f.script_name]
          this.#scriptId[row] = f.script_id === undefined ? 0 : values[i + f.script_id]
          this.#line[row] = values[i + f.line]
          this.#column[row] = values[i + f.column]
        }
      },
    }
  }

  /**
   * Reads `trace_tree`: `[id, function_info_index, count, size, [children]]`, where the children follow each other without
   * brackets of their own. Counts and sizes in it are of everything ever allocated, so they are left alone.
   */
  tree(): Handler {
    const { length, id, function_info_index: functionIndex, children } = this.#traceFields
    const parents: number[] = []
    const row = new Array<number>(length).fill(0)
    let at = 0
    let numbers = 0
    const wrong = (what: string): never => {
      throw new RowFault(what, numbers)
    }
    return {
      read: 'nested',
      number: value => {
        if (at === children || at >= length) wrong('a number where the children of a call should be')
        row[at++] = value
        numbers++
      },
      open: () => {
        if (at !== children || children !== length - 1) wrong('children in the wrong place')
        parents.push(this.#addCall(row[id], row[functionIndex], parents.at(-1), numbers))
        at = 0
      },
      close: () => {
        if (at !== 0) wrong('a call that is not whole')
        if (parents.pop() === undefined) wrong('one call too few')
        at = 0
        if (parents.length === 0) at = length // the root is alone
      },
      done: () => {
        if (at !== 0 && at !== length) wrong('a call that is not whole')
      },
    }
  }

  #addCall(id: number, functionIndex: number, parent: number | undefined, index: number): number {
    if (functionIndex >= this.#functions) throw new RowFault('a function that is not there', index)
    if (id > 0xffffffff || this.#find(id) >= 0) throw new RowFault(`the call ${id} is there twice`, index)
    const row = this.#calls++
    this.#id = reserve(this.#id, row + 1)
    this.#parent = reserve(this.#parent, row + 1)
    this.#function = reserve(this.#function, row + 1)
    this.#id[row] = id
    this.#parent[row] = parent ?? row
    this.#function[row] = functionIndex
    this.#index.add(hash2(id, 0), row, i => hash2(this.#id[i], 0))
    return row
  }

  #find(id: number): number {
    return this.#index.find(hash2(id, 0), i => this.#id[i] === id)
  }

  /** Numbers of the strings that the functions need. */
  strings(): Uint32Array {
    const all = new Uint32Array(this.#functions * 2)
    all.set(this.#name.subarray(0, this.#functions))
    all.set(this.#script.subarray(0, this.#functions), this.#functions)
    return all
  }

  /** The stack of each call in `tables`, by the call's id: 0 for an unknown id. The root, `(root)`, is the empty stack. */
  stacks(tables: Tables, text: (string: number) => string): (id: number) => number {
    const { frames } = tables
    const names = Array.from(this.#name.subarray(0, this.#functions), text)
    const files = names.map((_, i) =>
      fileOf(`${this.#scriptId[i]}`, text(this.#script[i]), this.#line[i] > 0),
    )
    const frame = (i: number, file: string) => frames.intern(names[i], file, this.#line[i], this.#column[i])
    const stacks = new Uint32Array(this.#calls)
    for (let call = 0; call < this.#calls; call++) {
      const parent = this.#parent[call]
      if (parent === call) continue // the root
      const i = this.#function[call]
      const isAlone = stacks[parent] === 0 && files[i] === NATIVE && isPseudo(names[i])
      stacks[call] = tables.stacks.intern(stacks[parent], frame(i, isAlone ? V8 : files[i]))
    }
    return id => {
      const row = this.#find(id)
      return row < 0 ? 0 : stacks[row]
    }
  }
}
