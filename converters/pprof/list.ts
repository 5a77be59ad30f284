// A typed array that grows, for the tables of a pprof file.
import { type Column, reserve } from '../../src/model/tables/typed-arrays.ts'

/**
 * A typed array that grows.
 * @public the declarations of the tables name it
 */
export class List<T extends Column> {
  length = 0
  #values: T

  constructor(empty: T) {
    this.#values = empty
  }

  get values(): T {
    return this.#values.subarray(0, this.length) as T
  }

  at(i: number): number {
    return this.#values[i]
  }

  push(value: number): void {
    if (this.length === this.#values.length) this.#values = reserve(this.#values, this.length + 1)
    this.#values[this.length++] = value
  }
}

export const uint32List = () => new List(new Uint32Array(0))
export const float64List = () => new List(new Float64Array(0))
