// Picks single strings from the string section while it is read.
import { copyOf, joinPieces } from '../bytes/source.ts'
import { FormatError } from '../errors.ts'
import { decode } from './values.ts'

/** Longest string that is decoded. */
const LONGEST = 64 << 20

/** Picks some strings from an array of strings as its pieces are read. */
export class StringPicker {
  readonly #wanted: Uint32Array
  readonly #take: (index: number, text: string) => void
  #next = 0 // index in #wanted
  #index = 0 // number of complete strings
  #open = false
  #held: Uint8Array[] = []
  #heldLength = 0

  /** `wanted` is sorted, without duplicates. */
  constructor(wanted: Uint32Array, take: (index: number, text: string) => void) {
    this.#wanted = wanted
    this.#take = take
  }

  /** Number of strings seen. */
  get length(): number {
    return this.#index
  }

  piece(bytes: Uint8Array, start: number, end: number, quotes: Uint32Array, count: number): void {
    let i = 0
    if (this.#open) {
      const close = count > 0 ? quotes[0] : end
      if (this.#isWanted()) this.#hold(copyOf(bytes, start, close))
      if (count === 0) return
      this.#ends()
      i = 1
    }
    // Complete strings: skip straight to the wanted ones.
    for (;;) {
      const skip = Math.min((this.#wanted[this.#next] ?? Infinity) - this.#index, (count - i) >> 1)
      this.#index += skip
      i += skip * 2
      if (i + 1 >= count) break
      this.#hold(bytes.subarray(quotes[i] + 1, quotes[i + 1]))
      this.#ends()
      i += 2
    }
    this.#open = i < count
    if (this.#open && this.#isWanted()) this.#hold(copyOf(bytes, quotes[i] + 1, end))
  }

  #isWanted(): boolean {
    return this.#wanted[this.#next] === this.#index
  }

  #hold(bytes: Uint8Array): void {
    this.#heldLength += bytes.length
    if (this.#heldLength > LONGEST) {
      throw new FormatError('too-large', 'a string is too long', { path: `strings[${this.#index}]` })
    }
    this.#held.push(bytes)
  }

  #ends(): void {
    if (this.#isWanted()) {
      const text = decode(joinPieces(this.#held, this.#heldLength))
      if (text === undefined) {
        throw new FormatError('malformed', 'bad string', { path: `strings[${this.#index}]` })
      }
      this.#take(this.#index, text)
      this.#next++
      this.#held = []
      this.#heldLength = 0
    }
    this.#index++
  }
}
