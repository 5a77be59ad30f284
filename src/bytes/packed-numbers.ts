// Columns of numbers in about as many bytes as their small whole numbers need.
const CHUNK = 1 << 16
/** Longest number: a mark and the eight bytes of a double. */
const LONGEST = 9
/** First bytes that are marks are odd; those of whole numbers are even. */
const DOUBLE = 1
const NOTHING = 3
/** Whole numbers below this are written as such. */
const WHOLE = 2 ** 48
const SPLIT = 2 ** 28

const bits = new DataView(new ArrayBuffer(8))

/**
 * Numbers that are appended, and then read in their order. NaN and a whole number below 64 take a byte, one
 * below 8192 two; fractions and negative numbers take nine.
 */
export class PackedNumbers {
  length = 0
  readonly #full: Uint8Array[] = []
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0

  add(value: number): void {
    if (this.#at + LONGEST > this.#chunk.length) {
      if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at))
      this.#chunk = new Uint8Array(this.length === 0 ? 256 : CHUNK)
      this.#at = 0
    }
    this.length++
    const chunk = this.#chunk
    if (Number.isNaN(value)) {
      chunk[this.#at++] = NOTHING
      return
    }
    if (!(value >= 0 && value < WHOLE && Number.isInteger(value))) {
      bits.setFloat64(0, value)
      chunk[this.#at++] = DOUBLE
      for (let i = 0; i < 8; i++) chunk[this.#at++] = bits.getUint8(i)
      return
    }
    let first = (value % 64) * 2
    let rest = Math.floor(value / 64)
    if (rest > 0) first |= 128
    chunk[this.#at++] = first
    for (; rest >= SPLIT; rest = Math.floor(rest / 128)) chunk[this.#at++] = (rest % 128) | 128
    if (first < 128) return
    for (; rest >= 128; rest >>>= 7) chunk[this.#at++] = (rest & 127) | 128
    chunk[this.#at++] = rest
  }

  /** Reads what was added until now, from the start. */
  reader(): PackedReader {
    return new PackedReader([...this.#full, this.#chunk.subarray(0, this.#at)], this.length)
  }
}

export class PackedReader {
  /** How many numbers are left. */
  left: number
  readonly #chunks: readonly Uint8Array[]
  #next = 0
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(chunks: readonly Uint8Array[], length: number) {
    this.#chunks = chunks
    this.left = length
  }

  /** The next number; only while one is left. */
  take(): number {
    this.left--
    if (this.#at === this.#chunk.length) {
      this.#chunk = this.#chunks[this.#next++]
      this.#at = 0
    }
    const chunk = this.#chunk
    let byte = chunk[this.#at++]
    if (byte === DOUBLE) {
      for (let i = 0; i < 8; i++) bits.setUint8(i, chunk[this.#at++])
      return bits.getFloat64(0)
    }
    if (byte === NOTHING) return Number.NaN
    let value = (byte & 127) / 2
    for (let scale = 64; byte >= 128; scale *= 128) {
      byte = chunk[this.#at++]
      value += (byte & 127) * scale
    }
    return value
  }
}
