/** A seeded generator of numbers: the same seed gives the same inputs on every machine (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 up to but not including `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let x = this.#state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 4294967296) * end)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]
  }

  /** Mostly small, sometimes as large as `most`. */
  length(most: number): number {
    return this.below(1 + this.below(1 + this.below(most)))
  }
}
