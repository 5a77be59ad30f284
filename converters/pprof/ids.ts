// Looks up the 64-bit ids that a pprof file gives its locations and functions.
import { hash2, RowIndex, reserve } from '../../src/model/tables/typed-arrays.ts'

/** The ids that a file gives its locations or functions, any of 1 .. 2^64 - 1, each with its index. */
export class Ids {
  length = 0
  /** Unsigned halves. */
  #low = new Uint32Array(64)
  #high = new Uint32Array(64)
  /** Not there where every id is its index + 1, as nearly all writers have it. */
  #index: RowIndex | undefined
  /** So that no file can be made to collide. */
  readonly #seed = Math.floor(Math.random() * 0x100000000)

  add(low: number, high: number): void {
    const i = this.length++
    this.#low = reserve(this.#low, this.length)
    this.#high = reserve(this.#high, this.length)
    this.#low[i] = low
    this.#high[i] = high
  }

  /** To be called once all are added. Returns the index of an id that was there before, or -1. */
  seal(): number {
    let isDense = true
    for (let i = 0; i < this.length && isDense; i++) isDense = this.#low[i] === i + 1 && this.#high[i] === 0
    if (isDense) return -1
    const index = (this.#index = new RowIndex())
    const hashOf = (i: number) => this.#hash(this.#low[i], this.#high[i])
    for (let i = 0; i < this.length; i++) {
      if (this.find(this.#low[i], this.#high[i]) >= 0) return i
      index.add(hashOf(i), i, hashOf)
    }
    return -1
  }

  /** Index of an id, or -1. */
  find(low: number, high: number): number {
    if (!this.#index) return high === 0 && low > 0 && low <= this.length ? low - 1 : -1
    return this.#index.find(this.#hash(low, high), i => this.#low[i] === low && this.#high[i] === high)
  }

  #hash(low: number, high: number): number {
    return hash2(low ^ this.#seed, high)
  }
}

/** An id as text, hexadecimal. */
export function hex(low: number, high: number): string {
  return `0x${high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0')}`
}
