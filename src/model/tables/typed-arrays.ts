// Growing typed arrays, sorting by a column, and hash tables of integers.

/** The typed arrays that columns are made of. */
export type Column = Uint8Array | Uint32Array | Float64Array

/**
 * A column with room for at least `length` values: itself, or a copy twice as long. Long columns grow by
 * four: that leaves the garbage collector fewer copies, and room that is never written to takes no memory.
 */
export function reserve<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column
  const grown = new (column.constructor as new (n: number) => T)(
    Math.max(length, column.length * (column.length < 1 << 16 ? 2 : 4), 64),
  )
  grown.set(column as never)
  return grown
}

/** Indexes of the 1s among the first `length` marks, ascending. */
export function positions(marks: Uint8Array, length = marks.length): Uint32Array {
  const found = new Uint32Array(length)
  let n = 0
  for (let i = 0; i < length; i++) if (marks[i] === 1) found[n++] = i
  return found.subarray(0, n)
}

/** Ids sorted by their values in a column, largest first: a stable radix sort by bytes. */
export function sortDescending(ids: Uint32Array, column: Float64Array): Uint32Array {
  const n = ids.length
  const low = new Uint32Array(n)
  const high = new Uint32Array(n)
  const bits = new DataView(new ArrayBuffer(8))
  for (let i = 0; i < n; i++) {
    bits.setFloat64(0, column[ids[i]] + 0) // -0 becomes 0
    const sign = bits.getInt32(0) >> 31
    // Inverted so that ascending bits mean descending numbers; negative numbers already order that way.
    high[i] = ~(bits.getUint32(0) ^ (sign | 0x80000000))
    low[i] = ~(bits.getUint32(4) ^ sign)
  }
  let order = Uint32Array.from(ids.keys())
  let next = new Uint32Array(n)
  for (let byte = 0; byte < 8; byte++) {
    const words = byte < 4 ? low : high
    const shift = (byte % 4) * 8
    const starts = new Uint32Array(257)
    for (let i = 0; i < n; i++) starts[((words[i] >>> shift) & 255) + 1]++
    if (starts.includes(n)) continue // this byte is the same in all
    for (let value = 0; value < 256; value++) starts[value + 1] += starts[value]
    for (let i = 0; i < n; i++) next[starts[(words[order[i]] >>> shift) & 255]++] = order[i]
    ;[order, next] = [next, order]
  }
  return order.map(i => ids[i])
}

/** Mixes two 32-bit integers into a hash. */
export function hash2(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b1, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}

/** An open-addressing set of row numbers. The owner of the rows' columns supplies hashes and comparisons. */
export class RowIndex {
  #slots = new Uint32Array(64) // row + 1; 0 = free
  #used = 0
  #cursor = 0

  /** The stored row that `same` accepts, or -1. */
  find(hash: number, same: (row: number) => boolean): number {
    let row = this.first(hash)
    while (row >= 0 && !same(row)) row = this.next()
    return row
  }

  /** `first`, then `next` until -1, are the rows that may have this hash: `find` without a function call. */
  first(hash: number): number {
    this.#cursor = hash & (this.#slots.length - 1)
    return this.#slots[this.#cursor] - 1
  }

  next(): number {
    this.#cursor = (this.#cursor + 1) & (this.#slots.length - 1)
    return this.#slots[this.#cursor] - 1
  }

  add(hash: number, row: number, hashOf: (row: number) => number): void {
    if ((this.#used + 1) * 3 > this.#slots.length * 2) this.#grow(hashOf)
    this.#put(hash, row)
    this.#used++
  }

  #put(hash: number, row: number): void {
    const mask = this.#slots.length - 1
    let i = hash & mask
    while (this.#slots[i] !== 0) i = (i + 1) & mask
    this.#slots[i] = row + 1
  }

  #grow(hashOf: (row: number) => number): void {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    for (const slot of old) if (slot !== 0) this.#put(hashOf(slot - 1), slot - 1)
  }
}

/** Ids of tuples of integers, in the order of their first appearance. */
export class TupleIds {
  readonly width: number
  values: Uint32Array
  length = 0
  #slots = new Uint32Array(64) // id + 1; 0 = free

  constructor(width: number) {
    this.width = width
    this.values = new Uint32Array(width * 64)
  }

  intern(tuple: ArrayLike<number>): number {
    const { width, values } = this
    const mask = this.#slots.length - 1
    let i = hashOf(tuple, 0, width) & mask
    for (; this.#slots[i] !== 0; i = (i + 1) & mask) {
      const id = this.#slots[i] - 1
      let k = 0
      while (k < width && values[id * width + k] === tuple[k]) k++
      if (k === width) return id
    }
    const id = this.length++
    this.#slots[i] = this.length
    this.values = reserve(values, this.length * width)
    for (let k = 0; k < width; k++) this.values[id * width + k] = tuple[k]
    if (this.length * 3 > this.#slots.length * 2) this.#grow()
    return id
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 4)
    const mask = slots.length - 1
    for (let id = 0; id < this.length; id++) {
      let i = hashOf(this.values, id * this.width, this.width) & mask
      while (slots[i] !== 0) i = (i + 1) & mask
      slots[i] = id + 1
    }
    this.#slots = slots
  }
}

function hashOf(values: ArrayLike<number>, at: number, width: number): number {
  let hash = 0
  for (let k = 0; k < width; k++) hash = hash2(hash, values[at + k])
  return hash
}
