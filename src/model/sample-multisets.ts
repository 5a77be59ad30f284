// Samples that need not be told apart: what counts of a row is which sizes its samples have, and how many of each. A bag is such
// a multiset. Objects have few sizes, so many rows share a bag, and a profile of a million samples has a thousand bags.

import { hash2, RowIndex, reserve, TupleIds } from './tables/typed-arrays.ts'

/** The live samples of each row, without their ordinals. */
export interface Bags {
  /** Bag of each row; 0 = no samples. */
  readonly ofRow: Uint32Array
  /** The lots of bag b are `start[b]` to `start[b + 1]` of `value` and `n`. */
  readonly start: Uint32Array
  /** Of each lot: the place of its size in `sizes`, and its number of samples. */
  readonly value: Uint32Array
  readonly n: Uint32Array
  /** The different sizes as V8 reports them, in the order of their first samples, and the number of samples of each. */
  readonly sizes: Float64Array
  readonly samples: Float64Array
}

/** Bags of so many samples are shared; a row of more has its own. */
const MOST = 12
/** Instead of a bag: the row's lots are in `#many`. */
const MANY = 0xffffffff

/** Slots for the numbers of the sizes that came last. */
const RECENT = 1 << 10
/** What `#steps` has for each step: the bag plus 1 (0 = a free slot), the size, and the bag they become. */
const STEP = 4

/** Collects samples, in any order of their rows. */
export class BagBuilder {
  readonly #valueOf = new Map<number, number>()
  /** In front of the map: sizes by a hash, and their numbers. */
  readonly #recentSize = new Float64Array(RECENT).fill(Number.NaN)
  readonly #recentValue = new Uint32Array(RECENT)
  readonly #sizes: number[] = []
  #samples = new Float64Array(64)
  #ofRow = new Uint32Array(64)

  // The shared bags. Lots are in the order of their values.
  #length = 1
  #start = new Uint32Array(64)
  #value = new Uint32Array(64)
  #n = new Uint32Array(64)
  readonly #index = new RowIndex()
  /** What a bag and one more sample become: an open-addressing table. */
  #steps = new Uint32Array(STEP * 64)
  #stepCount = 0

  /** Lots of the rows with more than MOST samples: row, value; and their numbers of samples. */
  readonly #many = new TupleIds(2)
  #manyN = new Uint32Array(64)

  readonly #pair = [0, 0]

  /** Adds a sample of a row. */
  add(row: number, size: number): void {
    const value = this.#valueIdOf(size)
    this.#samples[value]++
    if (row >= this.#ofRow.length) this.#ofRow = reserve(this.#ofRow, row + 1)
    const bag = this.#ofRow[row]
    if (bag === MANY) this.#addMany(row, value, 1)
    else if ((this.#ofRow[row] = this.#step(bag, value)) === MANY) {
      for (let i = this.#start[bag]; i < this.#start[bag + 1]; i++)
        this.#addMany(row, this.#value[i], this.#n[i])
      this.#addMany(row, value, 1)
    }
  }

  /** What a bag and one more sample become. */
  #step(bag: number, value: number): number {
    const steps = this.#steps
    const last = steps.length - STEP
    for (let at = (hash2(bag, value) << 2) & last; steps[at] !== 0; at = (at + STEP) & last) {
      if (steps[at] === bag + 1 && steps[at + 1] === value) return steps[at + 2]
    }
    const next = this.#grown(bag, value)
    if (++this.#stepCount * 2 * STEP > steps.length) {
      this.#steps = new Uint32Array(steps.length * 2)
      for (let at = 0; at <= last; at += STEP) {
        if (steps[at] !== 0) this.#putStep(steps[at] - 1, steps[at + 1], steps[at + 2])
      }
    }
    this.#putStep(bag, value, next)
    return next
  }

  #putStep(bag: number, value: number, next: number): void {
    const steps = this.#steps
    const last = steps.length - STEP
    let at = (hash2(bag, value) << 2) & last
    while (steps[at] !== 0) at = (at + STEP) & last
    steps[at] = bag + 1
    steps[at + 1] = value
    steps[at + 2] = next
  }

  /** The bags of rows 0 to `rows`. */
  build(rows: number): Bags {
    this.#ofRow = reserve(this.#ofRow, rows)
    const { values } = this.#many
    const lots = new Map<number, number[]>()
    for (let i = 0; i < this.#many.length; i++) {
      const row = values[i * 2]
      const list = lots.get(row)
      if (list) list.push(i)
      else lots.set(row, [i])
    }
    for (const [row, list] of lots) {
      let end = this.#start[this.#length]
      for (const i of list) this.#put(end++, values[i * 2 + 1], this.#manyN[i])
      this.#ofRow[row] = this.#close(end)
    }
    return {
      ofRow: this.#ofRow.subarray(0, rows),
      start: this.#start.subarray(0, this.#length + 1),
      value: this.#value.subarray(0, this.#start[this.#length]),
      n: this.#n.subarray(0, this.#start[this.#length]),
      sizes: Float64Array.from(this.#sizes),
      samples: this.#samples.slice(0, this.#sizes.length),
    }
  }

  #valueIdOf(size: number): number {
    const slot = Math.imul(size | 0, 0x9e3779b1) >>> 22
    if (this.#recentSize[slot] === size) return this.#recentValue[slot]
    let value = this.#valueOf.get(size)
    if (value === undefined) {
      value = this.#sizes.push(size) - 1
      this.#valueOf.set(size, value)
      this.#samples = reserve(this.#samples, value + 1)
    }
    this.#recentSize[slot] = size
    return (this.#recentValue[slot] = value)
  }

  #addMany(row: number, value: number, n: number): void {
    this.#pair[0] = row
    this.#pair[1] = value
    const id = this.#many.intern(this.#pair)
    this.#manyN = reserve(this.#manyN, id + 1)
    this.#manyN[id] += n
  }

  /** The bag that `bag` becomes by one more sample: one that is there, or a new one; MANY = too many samples. */
  #grown(bag: number, value: number): number {
    const from = this.#start[this.#length] // the new bag's lots are put behind the last, and left there if it is new
    let end = from
    let total = 1
    let isIn = false
    for (let i = this.#start[bag]; i < this.#start[bag + 1]; i++) {
      if (!isIn && this.#value[i] >= value) {
        isIn = true
        if (this.#value[i] === value) {
          this.#put(end++, value, this.#n[i] + 1)
          total += this.#n[i]
          continue
        }
        this.#put(end++, value, 1)
      }
      this.#put(end++, this.#value[i], this.#n[i])
      total += this.#n[i]
    }
    if (!isIn) this.#put(end++, value, 1)
    if (total > MOST) return MANY
    const hash = this.#hashOf(from, end)
    const found = this.#index.find(hash, other => this.#isEqual(other, from, end))
    if (found >= 0) return found
    const id = this.#close(end)
    this.#index.add(hash, id, b => this.#hashOf(this.#start[b], this.#start[b + 1]))
    return id
  }

  #put(at: number, value: number, n: number): void {
    this.#value = reserve(this.#value, at + 1)
    this.#n = reserve(this.#n, at + 1)
    this.#value[at] = value
    this.#n[at] = n
  }

  /** Makes a bag of the lots up to `end` that are in none yet. */
  #close(end: number): number {
    const id = this.#length++
    this.#start = reserve(this.#start, id + 2)
    this.#start[id + 1] = end
    return id
  }

  #hashOf(from: number, end: number): number {
    let hash = end - from
    for (let i = from; i < end; i++) hash = hash2(hash, hash2(this.#value[i], this.#n[i]))
    return hash
  }

  #isEqual(bag: number, from: number, end: number): boolean {
    const start = this.#start[bag]
    if (this.#start[bag + 1] - start !== end - from) return false
    for (let i = 0; i < end - from; i++) {
      if (this.#value[start + i] !== this.#value[from + i] || this.#n[start + i] !== this.#n[from + i])
        return false
    }
    return true
  }
}

/** Number of samples of a row. */
export function samplesOf({ ofRow, start, n }: Bags, row: number): number {
  let samples = 0
  for (let i = start[ofRow[row]]; i < start[ofRow[row] + 1]; i++) samples += n[i]
  return samples
}
