// The shapes of objects: their lists of property names.
import { hash2, RowIndex, reserve } from '../model/tables/typed-arrays.ts'

/** The distinct lists of property names of objects, in the order of their edges. Shape 0 is empty. */
export class Shapes {
  #names = new Uint32Array(1024) // all lists, one after another
  #first = new Uint32Array(64) // where each list begins
  #hash = new Uint32Array(64)
  #used = 0
  #count = 0
  #open = 0 // names pushed since the last list
  #openHash = 0
  readonly #index = new RowIndex()

  constructor() {
    this.close()
  }

  get length(): number {
    return this.#count
  }

  /** Appends a name to the current list. */
  push(name: number): void {
    const at = this.#used + this.#open++
    if (at >= this.#names.length) this.#names = reserve(this.#names, at + 1)
    this.#names[at] = name
    this.#openHash = (Math.imul(this.#openHash, 0x01000193) ^ name) | 0
  }

  /** Ends the current list and returns its shape. */
  close(): number {
    const length = this.#open
    const hash = hash2(this.#openHash, length)
    this.#open = 0
    this.#openHash = 0
    const found = this.#index.find(hash, shape => this.#hash[shape] === hash && this.#equals(shape, length))
    if (found >= 0) return found
    const shape = this.#count++
    this.#first = reserve(this.#first, this.#count + 1)
    this.#hash = reserve(this.#hash, this.#count)
    this.#first[shape] = this.#used
    this.#used += length
    this.#first[shape + 1] = this.#used
    this.#hash[shape] = hash
    this.#index.add(hash, shape, i => this.#hash[i])
    return shape
  }

  #equals(shape: number, length: number): boolean {
    const first = this.#first[shape]
    if (this.#first[shape + 1] - first !== length) return false
    for (let i = 0; i < length; i++) if (this.#names[first + i] !== this.#names[this.#used + i]) return false
    return true
  }

  /** String indexes of a shape's names. */
  names(shape: number): Uint32Array {
    return this.#names.subarray(this.#first[shape], this.#first[shape + 1])
  }
}
