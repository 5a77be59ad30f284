// SHA-256 (FIPS 180-4). Written out because the model has neither Node nor the browser's asynchronous
// `crypto.subtle`.

/** The standard's constants: 32 bits of the fractional parts of the first primes' cube (square) roots. */
const { K, INITIAL } = constants()

/** SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits. Lone surrogates count as U+FFFD. */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const length = Math.ceil((bytes.length + 9) / 64) * 64 // a one bit, zeros, and the length in 8 bytes
  const padded = new Uint8Array(length)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(length - 8, Math.floor(bytes.length / 0x20000000))
  view.setUint32(length - 4, bytes.length * 8)
  const hash = Uint32Array.from(INITIAL)
  for (let at = 0; at < length; at += 64) addBlock(hash, view, at)
  return Array.from(hash, word => word.toString(16).padStart(8, '0')).join('')
}

const words = new Uint32Array(64)

function addBlock(hash: Uint32Array, view: DataView, at: number): void {
  const w = words
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + i * 4)
  for (let i = 16; i < 64; i++) {
    const s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >>> 3)
    const s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >>> 10)
    w[i] = w[i - 16] + s0 + w[i - 7] + s1
  }
  let [a, b, c, d, e, f, g, h] = hash
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) hash[i] += word
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function constants(): { K: Uint32Array; INITIAL: Uint32Array } {
  const K = new Uint32Array(64)
  const INITIAL = new Uint32Array(8)
  const fraction = (x: number) => Math.floor((x - Math.floor(x)) * 0x100000000)
  for (let n = 2, i = 0; i < 64; n++) {
    if (isPrime(n)) {
      if (i < 8) INITIAL[i] = fraction(Math.sqrt(n))
      K[i++] = fraction(Math.cbrt(n))
    }
  }
  return { K, INITIAL }
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
  return true
}
