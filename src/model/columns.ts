/** The typed arrays that columns are made of. */
export type Column = Uint8Array | Uint32Array | Float64Array

/** A column with room for at least `length` values: itself, or a copy of twice the size. */
export function reserve<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column
  const grown = new (column.constructor as new (n: number) => T)(
    Math.max(length, column.length < 1 << 20 ? column.length * 2 : Math.ceil(column.length * 1.5), 64),
  )
  grown.set(column as never)
  return grown
}

/** Mixes two 32-bit integers into a hash. */
export function hash2(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b1, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}

/**
 * An open-addressing set of row numbers: the rows' own columns are the keys, so a slot is 4 bytes.
 * `hashOf(row)` and `equals(row)` are given by the owner of the columns.
 */
export class RowIndex {
  #slots = new Uint32Array(64) // row + 1; 0 = free
  #used = 0

  /** The row already stored that `same` accepts, or -1. */
  find(hash: number, same: (row: number) => boolean): number {
    const mask = this.#slots.length - 1
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = this.#slots[i]
      if (slot === 0) return -1
      if (same(slot - 1)) return slot - 1
    }
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

/** Ids of tuples of integers. */
export class TupleIds {
  readonly width: number
  values: Uint32Array
  length = 0
  readonly #index = new RowIndex()

  constructor(width: number) {
    this.width = width
    this.values = new Uint32Array(width * 64)
  }

  intern(tuple: ArrayLike<number>): number {
    const { width } = this
    const hash = this.#hash(tuple, 0)
    const found = this.#index.find(hash, i => {
      for (let k = 0; k < width; k++) if (this.values[i * width + k] !== tuple[k]) return false
      return true
    })
    if (found >= 0) return found
    const id = this.length++
    this.values = reserve(this.values, this.length * width)
    for (let k = 0; k < width; k++) this.values[id * width + k] = tuple[k]
    this.#index.add(hash, id, i => this.#hash(this.values, i * width))
    return id
  }

  #hash(values: ArrayLike<number>, at: number): number {
    let h = 0
    for (let k = 0; k < this.width; k++) h = hash2(h, values[at + k])
    return h
  }
}
