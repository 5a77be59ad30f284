import { reserve } from '../../src/model/columns.ts'

const TWO32 = 4294967296

/** The ids that a file gives its locations or functions, any of 1 .. 2^64 - 1, each with its index. */
export class Ids {
  length = 0
  #low = new Uint32Array(64)
  #high = new Uint32Array(64)
  /** Indices in the order of their ids; not there where every id is its index + 1, as nearly all writers have it. */
  #sorted: Uint32Array | undefined

  add(low: number, high: number): void {
    const i = this.length++
    this.#low = reserve(this.#low, this.length)
    this.#high = reserve(this.#high, this.length)
    this.#low[i] = low
    this.#high[i] = high
  }

  /** To be called once all are added. Returns the index of an id that is there twice, or -1. */
  seal(): number {
    let isDense = true
    for (let i = 0; i < this.length && isDense; i++) isDense = this.#low[i] === i + 1 && this.#high[i] === 0
    if (isDense) return -1
    this.#sorted = Uint32Array.from({ length: this.length }, (_, i) => i).sort(
      (a, b) => this.#high[a] - this.#high[b] || this.#low[a] - this.#low[b],
    )
    for (let i = 1; i < this.length; i++) {
      const index = this.#sorted[i]
      if (this.#compare(this.#sorted[i - 1], this.#low[index], this.#high[index]) === 0) return index
    }
    return -1
  }

  /** Index of an id, or -1. */
  find(low: number, high: number): number {
    const sorted = this.#sorted
    if (!sorted) return high === 0 && low > 0 && low <= this.length ? low - 1 : -1
    let from = 0
    let to = this.length
    while (from < to) {
      const middle = (from + to) >>> 1
      const order = this.#compare(sorted[middle], low, high)
      if (order === 0) return sorted[middle]
      if (order < 0) from = middle + 1
      else to = middle
    }
    return -1
  }

  #compare(i: number, low: number, high: number): number {
    return this.#high[i] - high || this.#low[i] - low
  }
}

/** An id as text, hexadecimal. */
export function hex(low: number, high: number): string {
  return `0x${high === 0 ? low.toString(16) : (BigInt(high) * BigInt(TWO32) + BigInt(low)).toString(16)}`
}
