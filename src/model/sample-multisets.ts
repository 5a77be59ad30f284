// A row's samples as a multiset: which sizes occur and how often. It replaces the samples when no reader
// needs their ordinals. Objects have few sizes, so one multiset serves many rows: a million samples make
// about a thousand multisets.
import { hash2, RowIndex, reserve, TupleIds } from './tables/typed-arrays.ts'

/** The live samples of each row, without their ordinals. */
export interface SampleMultisets {
  /** Multiset of each row; 0 = no samples. */
  readonly ofRow: Uint32Array
  /** The entries of multiset m are `start[m]` to `start[m + 1]` of `value` and `n`. */
  readonly start: Uint32Array
  /** For each entry: the index of its size in `sizes`, and its number of samples. */
  readonly value: Uint32Array
  readonly n: Uint32Array
  /** The distinct sizes as V8 reports them, in order of appearance, and the number of samples of each. */
  readonly sizes: Float64Array
  readonly samples: Float64Array
}

/** Most samples in a shared multiset; a row with more has its own. */
const MOST = 12
/** Takes the place of a multiset's id for a row whose entries are in `#many`. */
const MANY = 0xffffffff

/** Slots in the cache of recent sizes. */
const RECENT = 1 << 10
/** Width of a slot of `#steps`: the multiset plus 1 (0 = free), the size, and the resulting multiset. */
const STEP = 4

/** Collects samples, in any order of their rows. */
export class MultisetBuilder {
  readonly #valueOf = new Map<number, number>()
  /** A cache in front of the map: recent sizes by a hash, and their indexes. */
  readonly #recentSize = new Float64Array(RECENT).fill(Number.NaN)
  readonly #recentValue = new Uint32Array(RECENT)
  readonly #sizes: number[] = []
  #samples = new Float64Array(64)
  #ofRow = new Uint32Array(64)

  // The shared multisets. Entries are sorted by value.
  #length = 1
  #start = new Uint32Array(64)
  #value = new Uint32Array(64)
  #n = new Uint32Array(64)
  readonly #index = new RowIndex()
  /** Multiset after adding a sample to another: an open-addressing table. */
  #steps = new Uint32Array(STEP * 64)
  #stepCount = 0

  /** Entries of the rows with more than MOST samples: row, value; and their numbers of samples. */
  readonly #many = new TupleIds(2)
  #manyN = new Uint32Array(64)

  readonly #pair = [0, 0]

  /** Adds a sample of a row. */
  add(row: number, size: number): void {
    const value = this.#valueIdOf(size)
    this.#samples[value]++
    if (row >= this.#ofRow.length) this.#ofRow = reserve(this.#ofRow, row + 1)
    const multiset = this.#ofRow[row]
    if (multiset === MANY) this.#addMany(row, value, 1)
    else if ((this.#ofRow[row] = this.#step(multiset, value)) === MANY) {
      for (let i = this.#start[multiset]; i < this.#start[multiset + 1]; i++)
        this.#addMany(row, this.#value[i], this.#n[i])
      this.#addMany(row, value, 1)
    }
  }

  /** The multiset that results from adding a sample; MANY = too many samples. */
  #step(multiset: number, value: number): number {
    const steps = this.#steps
    const last = steps.length - STEP
    for (let at = (hash2(multiset, value) << 2) & last; steps[at] !== 0; at = (at + STEP) & last) {
      if (steps[at] === multiset + 1 && steps[at + 1] === value) return steps[at + 2]
    }
    const next = this.#grown(multiset, value)
    if (++this.#stepCount * 2 * STEP > steps.length) {
      this.#steps = new Uint32Array(steps.length * 2)
      for (let at = 0; at <= last; at += STEP) {
        if (steps[at] !== 0) this.#putStep(steps[at] - 1, steps[at + 1], steps[at + 2])
      }
    }
    this.#putStep(multiset, value, next)
    return next
  }

  #putStep(multiset: number, value: number, next: number): void {
    const steps = this.#steps
    const last = steps.length - STEP
    let at = (hash2(multiset, value) << 2) & last
    while (steps[at] !== 0) at = (at + STEP) & last
    steps[at] = multiset + 1
    steps[at + 1] = value
    steps[at + 2] = next
  }

  /** The multisets of the first `rows` rows. */
  build(rows: number): SampleMultisets {
    this.#ofRow = reserve(this.#ofRow, rows)
    const { values } = this.#many
    const entries = new Map<number, number[]>()
    for (let i = 0; i < this.#many.length; i++) {
      const row = values[i * 2]
      const list = entries.get(row)
      if (list) list.push(i)
      else entries.set(row, [i])
    }
    for (const [row, list] of entries) {
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

  /** Finds or makes the multiset that results from adding a sample; MANY = too many samples. */
  #grown(multiset: number, value: number): number {
    // The entries are written after the last multiset's, and stay there if the result is new.
    const from = this.#start[this.#length]
    let end = from
    let total = 1
    let isIn = false
    for (let i = this.#start[multiset]; i < this.#start[multiset + 1]; i++) {
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

  /** Turns the last entries, up to `end`, into a multiset. */
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

  #isEqual(multiset: number, from: number, end: number): boolean {
    const start = this.#start[multiset]
    if (this.#start[multiset + 1] - start !== end - from) return false
    for (let i = 0; i < end - from; i++) {
      if (this.#value[start + i] !== this.#value[from + i] || this.#n[start + i] !== this.#n[from + i])
        return false
    }
    return true
  }
}

/** Number of samples of a row. */
export function samplesOf({ ofRow, start, n }: SampleMultisets, row: number): number {
  let samples = 0
  for (let i = start[ofRow[row]]; i < start[ofRow[row] + 1]; i++) samples += n[i]
  return samples
}
