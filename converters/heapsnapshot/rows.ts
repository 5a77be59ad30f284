// Sums per node type, name and place while a heap snapshot is read.
import { reserve } from '../../src/model/tables/typed-arrays.ts'

/**
 * Totals per (node type, name, place), as columns: a distinct combination is a row. `place` is the allocation
 * trace's or the code location's number, 0 = none; `name` is a string's number of the file, 0 where the type
 * says it all.
 */
export class Rows {
  type = new Uint8Array(256)
  name = new Uint32Array(256)
  place = new Uint32Array(256)
  size = new Float64Array(256)
  count = new Float64Array(256)
  length = 0
  #slots = new Uint32Array(1024) // row + 1; 0 = free

  /** The row of a combination. */
  find(type: number, name: number, place: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let i = hash(type, name, place) & mask
    for (;;) {
      const row = slots[i] - 1
      if (row < 0) return this.#add(i, type, name, place)
      if (this.name[row] === name && this.place[row] === place && this.type[row] === type) return row
      i = (i + 1) & mask
    }
  }

  add(type: number, name: number, place: number, size: number): number {
    const row = this.find(type, name, place)
    this.size[row] += size
    this.count[row]++
    return row
  }

  /** Moves one block of `size` bytes to the row that differs in its place only. */
  move(row: number, place: number, size: number): void {
    this.size[row] -= size
    this.count[row]--
    this.add(this.type[row], this.name[row], place, size)
  }

  #add(slot: number, type: number, name: number, place: number): number {
    const row = this.length++
    if (row === this.name.length) {
      this.type = reserve(this.type, this.length)
      this.name = reserve(this.name, this.length)
      this.place = reserve(this.place, this.length)
      this.size = reserve(this.size, this.length)
      this.count = reserve(this.count, this.length)
    }
    this.type[row] = type
    this.name[row] = name
    this.place[row] = place
    this.#slots[slot] = row + 1
    if (this.length * 2 > this.#slots.length) this.#rehash()
    return row
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let row = 0; row < this.length; row++) {
      let i = hash(this.type[row], this.name[row], this.place[row]) & mask
      while (slots[i] !== 0) i = (i + 1) & mask
      slots[i] = row + 1
    }
    this.#slots = slots
  }
}

function hash(type: number, name: number, place: number): number {
  let h = Math.imul(name, 0x9e3779b1) ^ Math.imul(place + 0x7f4a7c15, 0x85ebca6b) ^ type
  h ^= h >>> 15
  return Math.imul(h, 0x2c1b3c6d) >>> 7
}
