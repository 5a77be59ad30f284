// A column of numbers that is read as it was written, in about as many bytes as its small whole numbers need.
const CHUNK = 1 << 16
/** Longest number: a mark and the eight bytes of a double. */
const LONGEST = 9
const DOUBLE = 1
/** Whole numbers below this are written as such. */
const WHOLE = 2 ** 48
const SPLIT = 2 ** 28

const bits = new DataView(new ArrayBuffer(8))

/**
 * Appended to, then read once from the start: for the first of two columns that belong together, until the second one
 * comes. A whole number below 64 takes a byte, one below 8192 two; others, negative ones and NaN nine.
 */
export class PackedNumbers {
  length = 0
  readonly #chunks: Uint8Array[] = []
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  #reading = 0
  #taken = 0

  add(value: number): void {
    if (this.#at + LONGEST > this.#chunk.length) {
      if (this.#at > 0) this.#chunks.push(this.#chunk.subarray(0, this.#at))
      this.#chunk = new Uint8Array(this.length === 0 ? 256 : CHUNK)
      this.#at = 0
    }
    this.length++
    const chunk = this.#chunk
    if (!(value >= 0 && value < WHOLE && Number.isInteger(value)) || Object.is(value, -0)) {
      bits.setFloat64(0, value)
      chunk[this.#at++] = DOUBLE
      for (let i = 0; i < 8; i++) chunk[this.#at++] = bits.getUint8(i)
      return
    }
    let rest = value * 2 // an odd first byte is the mark of a double
    for (; rest >= SPLIT; rest = Math.floor(rest / 128)) chunk[this.#at++] = (rest % 128) | 128
    for (; rest >= 128; rest >>>= 7) chunk[this.#at++] = (rest & 127) | 128
    chunk[this.#at++] = rest
  }

  /** How many are left. */
  get left(): number {
    return this.length - this.#taken
  }

  /** The next number that was not taken yet; only after the last `add`, and while there is one left. */
  take(): number {
    if (this.#taken++ === 0) {
      this.#chunks.push(this.#chunk.subarray(0, this.#at))
      this.#open(0)
    } else if (this.#at === this.#chunk.length) this.#open(this.#reading + 1)
    const chunk = this.#chunk
    let byte = chunk[this.#at++]
    if (byte === DOUBLE) {
      for (let i = 0; i < 8; i++) bits.setUint8(i, chunk[this.#at++])
      return bits.getFloat64(0)
    }
    let value = byte & 127
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = chunk[this.#at++]
      value += (byte & 127) * scale
    }
    return value / 2
  }

  #open(index: number): void {
    this.#reading = index
    this.#chunk = this.#chunks[index]
    this.#chunks[index] = new Uint8Array(0) // what was read is not kept
    this.#at = 0
  }
}
