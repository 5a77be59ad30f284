// The string section of a `.heapsnapshot`, kept as bytes.
import { FormatError } from '../errors.ts'
import { decode } from './values.ts'

const BLOCK = 1 << 20

/** The strings of a file as raw bytes, decoded one at a time on request. */
export class StringTable {
  readonly #blocks: Uint8Array[] = []
  #length = 0 // bytes
  /** Where the content of each string begins. */
  #starts = new Uint32Array(1024)
  #count = 0
  #inside = false
  readonly #added: string[] = []
  readonly #cache = new Map<number, string>()

  /** Number of strings, including the added ones. */
  get length(): number {
    return this.#count + this.#added.length
  }

  /** Takes a piece of the array of strings from `readMembers`. */
  piece(bytes: Uint8Array, start: number, end: number, quotes: Uint32Array, count: number): void {
    if (this.#length + (end - start) > 0xffffffff)
      throw new FormatError('too-large', 'more than 4 GiB of strings')
    for (let i = this.#inside ? 1 : 0; i < count; i += 2) {
      if (this.#count === this.#starts.length) {
        const starts = new Uint32Array(this.#count * 2)
        starts.set(this.#starts)
        this.#starts = starts
      }
      this.#starts[this.#count++] = this.#length + (quotes[i] + 1 - start)
    }
    if (count % 2 === 1) this.#inside = !this.#inside
    for (let p = start; p < end; ) {
      const at = this.#length % BLOCK
      if (at === 0) this.#blocks.push(new Uint8Array(BLOCK))
      const length = Math.min(end - p, BLOCK - at)
      this.#blocks[this.#blocks.length - 1].set(bytes.subarray(p, p + length), at)
      this.#length += length
      p += length
    }
  }

  /** Appends a string that the file does not have and returns its index. */
  add(text: string): number {
    this.#added.push(text)
    return this.length - 1
  }

  /** The string at an index. Throws FormatError if it is not a JSON string. */
  get(index: number): string {
    if (index >= this.#count) return this.#added[index - this.#count]
    const known = this.#cache.get(index)
    if (known !== undefined) return known
    const text = decode(this.bytes(index))
    if (text === undefined) throw new FormatError('malformed', 'bad string', { path: `strings[${index}]` })
    if (this.#cache.size >= 1 << 16) this.#cache.clear()
    this.#cache.set(index, text)
    return text
  }

  /** The bytes of a string in the file, as written in JSON. */
  bytes(index: number): Uint8Array {
    const start = this.#starts[index]
    let escaped = false
    let end = start
    for (; ; end++) {
      const c = this.#blocks[Math.floor(end / BLOCK)][end % BLOCK]
      if (escaped) escaped = false
      else if (c === 92) escaped = true
      else if (c === 34) break
    }
    const first = Math.floor(start / BLOCK)
    if (first === Math.floor(end / BLOCK)) return this.#blocks[first].subarray(start % BLOCK, end % BLOCK)
    const bytes = new Uint8Array(end - start)
    for (let p = start; p < end; ) {
      const block = this.#blocks[Math.floor(p / BLOCK)]
      const part = block.subarray(p % BLOCK, Math.min(BLOCK, (p % BLOCK) + (end - p)))
      bytes.set(part, p - start)
      p += part.length
    }
    return bytes
  }
}
