// The call tree of V8's allocation tracker, as columns.
import { fileOf, isPseudoName } from '../model/names/script-url.ts'
import { NATIVE, V8 } from '../model/tables/frames.ts'
import type { Tables } from '../model/tables/tables.ts'
import { hash2, RowIndex, reserve } from '../model/tables/typed-arrays.ts'

/**
 * The tree of calls in which V8's allocation tracker records where objects were allocated, as columns. Names
 * are indexes of the file's strings. Lines and columns are 1-based, 0 = unknown, and those of the function's
 * start.
 */
export class AllocationCalls {
  #name = new Uint32Array(64)
  #script = new Uint32Array(64)
  #scriptId = new Uint32Array(64)
  #line = new Uint32Array(64)
  #column = new Uint32Array(64)
  #functions = 0
  // Calls, parents first.
  #id = new Uint32Array(64)
  #parent = new Uint32Array(64) // index of the parent; the root is its own
  #function = new Uint32Array(64)
  #calls = 0
  readonly #index = new RowIndex()

  /** Number of functions. */
  get functions(): number {
    return this.#functions
  }

  addFunction(name: number, script: number, scriptId: number, line: number, column: number): void {
    const row = this.#functions++
    this.#name = reserve(this.#name, row + 1)
    this.#script = reserve(this.#script, row + 1)
    this.#scriptId = reserve(this.#scriptId, row + 1)
    this.#line = reserve(this.#line, row + 1)
    this.#column = reserve(this.#column, row + 1)
    this.#name[row] = name
    this.#script[row] = script
    this.#scriptId[row] = scriptId
    this.#line[row] = line
    this.#column[row] = column
  }

  /** Adds a call of a function. Returns its index, the `parent` of its children. -1 is the root's parent. */
  add(id: number, functionIndex: number, parent: number): number {
    const row = this.#calls++
    this.#id = reserve(this.#id, row + 1)
    this.#parent = reserve(this.#parent, row + 1)
    this.#function = reserve(this.#function, row + 1)
    this.#id[row] = id
    this.#parent[row] = parent < 0 ? row : parent
    this.#function[row] = functionIndex
    this.#index.add(hash2(id, 0), row, i => hash2(this.#id[i], 0))
    return row
  }

  /** Index of the call with this id, or -1. */
  find(id: number): number {
    return this.#index.find(hash2(id, 0), i => this.#id[i] === id)
  }

  /** Indexes of the strings that the functions need. */
  strings(): Uint32Array {
    const all = new Uint32Array(this.#functions * 2)
    all.set(this.#name.subarray(0, this.#functions))
    all.set(this.#script.subarray(0, this.#functions), this.#functions)
    return all
  }

  /**
   * Adds the calls to `tables`. Returns a function from a call's id to its stack: 0, the empty stack, for the
   * root (`(root)`) and for an unknown id.
   */
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
      const isAlone = stacks[parent] === 0 && files[i] === NATIVE && isPseudoName(names[i])
      stacks[call] = tables.stacks.intern(stacks[parent], frame(i, isAlone ? V8 : files[i]))
    }
    return id => {
      const row = this.find(id)
      return row < 0 ? 0 : stacks[row]
    }
  }
}
