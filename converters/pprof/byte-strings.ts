// The string table of a pprof file, kept as bytes until a string is needed.
import { reserve } from '../../src/model/tables/typed-arrays.ts'

/** Byte strings one after another in one buffer, by number. */
export class ByteStrings {
  bytes = new Uint8Array(1 << 12)
  /** Where each ends; it begins where the one before ends. */
  ends = new Uint32Array(64)
  length = 0

  append(bytes: Uint8Array, start: number, stop: number): number {
    const from = this.startOf(this.length)
    const to = from + stop - start
    this.bytes = reserve(this.bytes, to)
    // For a few bytes a loop is faster than making a view.
    if (stop - start < 64) for (let i = start, j = from; i < stop; ) this.bytes[j++] = bytes[i++]
    else this.bytes.set(bytes.subarray(start, stop), from)
    this.ends = reserve(this.ends, this.length + 1)
    this.ends[this.length] = to
    return this.length++
  }

  startOf(i: number): number {
    return i === 0 ? 0 : this.ends[i - 1]
  }

  get(i: number): Uint8Array {
    return this.bytes.subarray(this.startOf(i), this.ends[i])
  }
}

/** Byte strings, each stored once. The hash is seeded, so that no file can be made to collide. */
export class ByteKeys extends ByteStrings {
  #hashes = new Uint32Array(64)
  /** Number of a byte string + 1 in each slot, 0 = free; at most two thirds are in use. */
  #slots = new Uint32Array(256)
  readonly #seed = Math.floor(Math.random() * 0x100000000)

  /** Number of the byte string, stored if it is new. */
  intern(bytes: Uint8Array, start: number, stop: number): number {
    const hash = this.#hash(bytes, start, stop)
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = this.#slots[slot] - 1
      if (this.#hashes[id] === hash && this.#equals(id, bytes, start, stop)) return id
    }
    const id = this.append(bytes, start, stop)
    this.#hashes = reserve(this.#hashes, this.length)
    this.#hashes[id] = hash
    this.#slots[slot] = id + 1
    if (this.length * 3 > this.#slots.length * 2) this.#grow()
    return id
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2)
    const mask = this.#slots.length - 1
    for (let id = 0; id < this.length; id++) {
      let slot = this.#hashes[id] & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = id + 1
    }
  }

  #equals(i: number, bytes: Uint8Array, start: number, stop: number): boolean {
    const own = this.bytes
    let at = this.startOf(i)
    if (this.ends[i] - at !== stop - start) return false
    while (start < stop) if (own[at++] !== bytes[start++]) return false
    return true
  }

  #hash(bytes: Uint8Array, start: number, stop: number): number {
    let h = this.#seed ^ (stop - start)
    let i = start
    for (; i + 4 <= stop; i += 4) {
      const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
      h = Math.imul(h ^ word, 0x9e3779b1)
      h ^= h >>> 15
    }
    for (; i < stop; i++) h = Math.imul(h ^ bytes[i], 0x85ebca6b)
    h ^= h >>> 13
    h = Math.imul(h, 0xc2b2ae35)
    return (h ^ (h >>> 16)) >>> 0
  }
}
