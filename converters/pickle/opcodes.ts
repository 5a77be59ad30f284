// The opcodes of pickles that a snapshot consists of, and how long each is.
import { FormatError } from '../../src/errors.ts'

/** Longest string or line that is read, in bytes. */
const LONGEST_TEXT = 1 << 20

/** Opcodes that snapshots are made of, by CPython's names (`Lib/pickle.py`). */
export const OP = {
  MARK: 0x28,
  STOP: 0x2e,
  NONE: 0x4e,
  INT: 0x49,
  LONG: 0x4c,
  BININT: 0x4a,
  BININT1: 0x4b,
  BININT2: 0x4d,
  LONG1: 0x8a,
  LONG4: 0x8b,
  UNICODE: 0x56,
  BINUNICODE: 0x58,
  SHORT_BINUNICODE: 0x8c,
  BINUNICODE8: 0x8d,
  EMPTY_TUPLE: 0x29,
  TUPLE: 0x74,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  EMPTY_LIST: 0x5d,
  LIST: 0x6c,
  APPEND: 0x61,
  APPENDS: 0x65,
  EMPTY_DICT: 0x7d,
  DICT: 0x64,
  SETITEM: 0x73,
  SETITEMS: 0x75,
  GLOBAL: 0x63,
  STACK_GLOBAL: 0x93,
  REDUCE: 0x52,
  NEWOBJ: 0x81,
  BUILD: 0x62,
  PUT: 0x70,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  MEMOIZE: 0x94,
  GET: 0x67,
  BINGET: 0x68,
  LONG_BINGET: 0x6a,
  PROTO: 0x80,
  FRAME: 0x95,
} as const

// Arguments: 0 to 8 bytes, or one of these.
const COUNTED_1 = 100
const COUNTED_4 = 101
const COUNTED_8 = 102
const ONE_LINE = 103
const TWO_LINES = 104
const UNKNOWN = 255

/** Bytes of an opcode's argument; above 8, how they are found. */
export const ARGUMENTS = new Uint8Array(256).fill(UNKNOWN)
for (const op of Object.values(OP)) ARGUMENTS[op] = 0
for (const op of [OP.BININT1, OP.BINPUT, OP.BINGET, OP.PROTO]) ARGUMENTS[op] = 1
ARGUMENTS[OP.BININT2] = 2
for (const op of [OP.BININT, OP.LONG_BINPUT, OP.LONG_BINGET]) ARGUMENTS[op] = 4
ARGUMENTS[OP.FRAME] = 8
for (const op of [OP.LONG1, OP.SHORT_BINUNICODE]) ARGUMENTS[op] = COUNTED_1
for (const op of [OP.LONG4, OP.BINUNICODE]) ARGUMENTS[op] = COUNTED_4
ARGUMENTS[OP.BINUNICODE8] = COUNTED_8
for (const op of [OP.INT, OP.LONG, OP.UNICODE, OP.PUT, OP.GET]) ARGUMENTS[op] = ONE_LINE
ARGUMENTS[OP.GLOBAL] = TWO_LINES

/** Bytes of the number after the opcodes of small integers and of memo places; 0 for others. */
export const INT_WIDTH = new Uint8Array(256)
for (const op of [OP.BININT1, OP.BININT2, OP.BININT]) INT_WIDTH[op] = ARGUMENTS[op]
export const GET_WIDTH = new Uint8Array(256)
for (const op of [OP.BINGET, OP.LONG_BINGET]) GET_WIDTH[op] = ARGUMENTS[op]

/**
 * Length of the operation at `at` with its argument. Where more bytes than `end` are needed to know it, some
 * number beyond `end`. Throws FormatError for an opcode that snapshots are not made of and for a text that is
 * too long.
 */
export function operationLength(bytes: Uint8Array, at: number, end: number): number {
  const argument = ARGUMENTS[bytes[at]]
  if (argument <= 8) return 1 + argument
  if (argument === UNKNOWN) {
    const hex = bytes[at].toString(16).padStart(2, '0')
    throw new FormatError('unsupported', `opcode 0x${hex}, which no tracemalloc snapshot has`)
  }
  if (argument === ONE_LINE) return lineEnd(bytes, at + 1, end) - at
  if (argument === TWO_LINES) {
    const first = lineEnd(bytes, at + 1, end)
    return first > end ? first - at : lineEnd(bytes, first, end) - at
  }
  const width = argument === COUNTED_1 ? 1 : argument === COUNTED_4 ? 4 : 8
  if (at + 1 + width > end) return 1 + width
  const length = unsigned(bytes, at + 1, width)
  if (length > LONGEST_TEXT) throw new FormatError('too-large', `a text or number of ${length} bytes`)
  return 1 + width + length
}

/** Offset after the line's newline, or `end` + 1 where there is none yet. */
function lineEnd(bytes: Uint8Array, from: number, end: number): number {
  const newline = bytes.subarray(from, end).indexOf(0x0a)
  if ((newline < 0 ? end - from : newline) > LONGEST_TEXT) {
    throw new FormatError('too-large', `a line of more than ${LONGEST_TEXT} bytes`)
  }
  return newline < 0 ? end + 1 : from + newline + 1
}

/** A little-endian number of up to 8 bytes; above 2^53 not exact. */
export function unsigned(bytes: Uint8Array, at: number, width: number): number {
  if (width === 1) return bytes[at]
  if (width === 2) return bytes[at] | (bytes[at + 1] << 8)
  if (width === 4)
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
  let value = 0
  for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i]
  return value
}

/** Attribute of a snapshot, 0 where traces are no blocks. Python keeps it and looks at nothing but traces. */
export const COUNTS_KNOWN = 'counts_known'
