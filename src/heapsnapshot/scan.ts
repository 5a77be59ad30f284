// Fast scanners for the long arrays of numbers and strings in a `.heapsnapshot`.
import { KERNEL } from './scan-kernel.ts'

/** Bytes scanned at a time. A scanner's input has room for them after the tail. */
export const PIECE = 256 * 1024
/** Largest number of bytes left over from one piece for the next: more between two commas is refused. */
export const TAIL = 4096

/** Why a scan stopped. */
export const STOP = {
  /** All bytes are used up. */
  end: 0,
  /** After the `]` of the array. */
  closed: 1,
  /** At a number of ten or more digits, which may not fit in 32 bits. */
  long: 2,
  /** At a byte that is not allowed there. */
  bad: 3,
} as const

/** State of a scan in an array of strings. The WebAssembly kernel uses the same numbers. */
export const AT = { first: 0, inside: 1, escaped: 2, after: 3, comma: 4 } as const

/**
 * Reads the contents of JSON arrays of unsigned integers, or of strings, about as fast as memory allows. It
 * is strict about what stands between the values and ignores everything else. Both implementations give the
 * same results.
 */
export interface Scanner {
  readonly name: 'wasm' | 'typescript'
  /** TAIL + PIECE bytes, filled by the caller. */
  readonly input: Uint8Array
  /** Numbers, or positions of quotes in `input`: one per two bytes of input, after room for a row. */
  readonly output: Uint32Array
  /** Where in `input` the last scan stopped. */
  next: number
  /** Why it stopped: one of STOP. */
  stop: number
  /** One of AT: state of the last scan for strings. */
  state: number
  /**
   * Appends the numbers of `input[start, end)` to `output` from `at` on and returns the new length. A value
   * is expected at `start`, and `input[end - 1]` is `,` or `]`. Numbers of more than nine digits are left to
   * the caller (`STOP.long`).
   */
  numbers(start: number, end: number, at: number): number
  /** Writes the positions of the strings' quotes in `input[start, end)`. `state` is the last scan's. */
  strings(start: number, end: number, state: number): number
}

/** Room before the numbers of a piece, for a row that began in the previous piece. */
export const LONGEST_ROW = 64
// A number takes at least two bytes; `"",` has two quotes in three.
const OUTPUT = LONGEST_ROW + Math.ceil((TAIL + PIECE) * 0.7)

const idle: Scanner[] = []

/** Lends the fastest available scanner, WebAssembly or TypeScript. Give it back with `returnScanner`. */
export function borrowScanner(): Scanner {
  const scanner = idle.pop()
  if (scanner) return scanner
  try {
    return wasmScanner()
  } catch {
    return typescriptScanner()
  }
}

export function returnScanner(scanner: Scanner): void {
  if (idle.length < 2) idle.push(scanner)
}

interface KernelExports {
  memory: { buffer: ArrayBuffer }
  numbers(start: number, end: number, output: number): number
  strings(start: number, end: number, output: number, state: number): number
}

interface WebAssemblyLike {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: unknown }
}

/** The scanner in WebAssembly (`scan-kernel.wat`). Throws if WebAssembly is missing or forbidden. */
export function wasmScanner(): Scanner {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyLike }).WebAssembly
  const bytes = Uint8Array.from(atob(KERNEL), c => c.charCodeAt(0))
  const kernel = new Instance(new Module(bytes)).exports as KernelExports
  const { buffer } = kernel.memory
  const results = new Uint32Array(buffer, 0, 3) // next, stop, state
  const inputAt = 64
  const outputAt = (inputAt + TAIL + PIECE + 63) & ~63
  const collect = (scanner: Scanner) => {
    scanner.next = results[0] - inputAt
    scanner.stop = results[1]
  }
  return {
    name: 'wasm',
    input: new Uint8Array(buffer, inputAt, TAIL + PIECE),
    output: new Uint32Array(buffer, outputAt, OUTPUT),
    next: 0,
    stop: 0,
    state: 0,
    numbers(start, end, at) {
      const last = kernel.numbers(inputAt + start, inputAt + end, outputAt + at * 4)
      collect(this)
      return (last - outputAt) >>> 2
    },
    strings(start, end, state) {
      const last = kernel.strings(inputAt + start, inputAt + end, outputAt, state)
      collect(this)
      this.state = results[2]
      const count = (last - outputAt) >>> 2
      for (let i = 0; i < count; i++) this.output[i] -= inputAt
      return count
    },
  }
}

/** The scanner in plain TypeScript. */
export function typescriptScanner(): Scanner {
  return {
    name: 'typescript',
    input: new Uint8Array(TAIL + PIECE),
    output: new Uint32Array(OUTPUT),
    next: 0,
    stop: 0,
    state: 0,
    numbers(start, end, at) {
      return scanNumbers(this, start, end, at)
    },
    strings(start, end, state) {
      return scanStrings(this, start, end, state)
    },
  }
}

// Digits are compared as `byte - 48`, so `,` is -4 and `]` is 45.
const COMMA = -4
const CLOSE = 45

function isSpace(c: number): boolean {
  return c === -16 || c === -38 || c === -35 || c === -39
}

function scanNumbers(scanner: Scanner, start: number, end: number, at: number): number {
  const { input, output } = scanner
  let p = start
  let stop: number = STOP.end
  outer: while (p < end) {
    let c = (input[p] - 48) | 0
    if (c >>> 0 > 9) {
      if (isSpace(c)) {
        p++
        continue
      }
      stop = STOP.bad
      break
    }
    const first = p
    let value = c
    // The last byte is not a digit, so this ends.
    while ((c = (input[++p] - 48) | 0) >>> 0 <= 9) value = (Math.imul(value, 10) + c) | 0
    if (p - first > 9) {
      p = first
      stop = STOP.long
      break
    }
    while (c !== COMMA) {
      if (c === CLOSE) {
        output[at++] = value
        p++
        stop = STOP.closed
        break outer
      }
      if (!isSpace(c)) {
        stop = STOP.bad
        break outer
      }
      c = (input[++p] - 48) | 0
    }
    output[at++] = value
    p++
  }
  scanner.next = p
  scanner.stop = stop
  return at
}

function scanStrings(scanner: Scanner, start: number, end: number, state: number): number {
  const { input, output } = scanner
  let p = start
  let count = 0
  let stop: number = STOP.end
  while (p < end) {
    const c = input[p]
    if (state === AT.escaped) state = AT.inside
    else if (state === AT.inside) {
      if (c === 34) {
        output[count++] = p
        state = AT.after
      } else if (c === 92) state = AT.escaped
    } else if (isSpace(c - 48)) {
      // between values
    } else if (c === 34 && state !== AT.after) {
      output[count++] = p
      state = AT.inside
    } else if (c === 44 && state === AT.after) state = AT.comma
    else if (c === 93 && state !== AT.comma) {
      stop = STOP.closed
      p++
      break
    } else {
      stop = STOP.bad
      break
    }
    p++
  }
  scanner.next = p
  scanner.stop = stop
  scanner.state = state
  return count
}
