// The encoded mappings of a source map, decoded on demand.
import { decodedMappings, type SourceMapSegment, TraceMap, traceSegment } from '@jridgewell/trace-mapping'

/** A mapping: generated column, then source, original line, original column, then name; all 0-based. */
export type Mapping = Readonly<SourceMapSegment>

/**
 * A piece of encoded mappings, decoded on first use: most of a map is never needed, and decoding is what
 * takes time and memory. Its numbers are relative to the values here, which are those of the preceding
 * mapping.
 */
interface Piece {
  line: number
  column: number
  source: number
  originalLine: number
  originalColumn: number
  name: number
  /** Where its text begins; it ends where the next piece begins. */
  start: number
  map?: TraceMap
}

/** Minimum length of a piece, in characters. */
const PIECE = 512
const COMMA = 0x2c
const SEMICOLON = 0x3b

/** The mappings of a map (ECMA-426), checked and ready for lookup. */
export class Mappings {
  readonly #text: string
  readonly #pieces: Piece[]

  constructor(text: string, pieces: Piece[]) {
    this.#text = text
    this.#pieces = pieces
  }

  /** The nearest mapping at or before a generated position, on its line. */
  at(line: number, column: number): Mapping | undefined {
    for (let i = this.#pieceOf(line, column); i >= 0; i--) {
      const piece = this.#pieces[i]
      const shift = piece.line === line ? piece.column : 0
      const found = traceSegment(this.#mapOf(i), line - piece.line, column - shift)
      if (found) return absolute(found, piece, shift)
      if (piece.line < line || !this.#isInsideLine(i)) return undefined
    }
    return undefined
  }

  /** All mappings of a generated line. */
  line(line: number): Mapping[] {
    const mappings: Mapping[] = []
    for (let i = this.#pieceOf(line, Number.POSITIVE_INFINITY); i >= 0; i--) {
      const piece = this.#pieces[i]
      const shift = piece.line === line ? piece.column : 0
      const own = decodedMappings(this.#mapOf(i))[line - piece.line] ?? []
      mappings.unshift(...own.map(mapping => absolute(mapping, piece, shift)))
      if (piece.line < line || !this.#isInsideLine(i)) break
    }
    return mappings
  }

  /** The last piece that can hold what is at or before a position. */
  #pieceOf(line: number, column: number): number {
    let low = 0
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >> 1
      const piece = this.#pieces[middle]
      // What is requested at a piece's first column can be the preceding mapping, which is at that column
      // too.
      const isBefore =
        piece.line < line || (piece.line === line && (piece.column < column || !this.#isInsideLine(middle)))
      if (isBefore) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Does a piece continue a line that begins in the previous one? */
  #isInsideLine(i: number): boolean {
    const { start } = this.#pieces[i]
    return start > 0 && this.#text.charCodeAt(start - 1) === COMMA
  }

  #mapOf(i: number): TraceMap {
    const piece = this.#pieces[i]
    const end = i + 1 < this.#pieces.length ? this.#pieces[i + 1].start - 1 : this.#text.length
    piece.map ??= new TraceMap({
      version: 3,
      sources: [],
      names: [],
      mappings: this.#text.slice(piece.start, end),
    })
    return piece.map
  }
}

function absolute(mapping: Mapping, piece: Piece, shift: number): Mapping {
  const column = mapping[0] + shift
  if (mapping.length === 1) return [column]
  const source = mapping[1] + piece.source
  const line = mapping[2] + piece.originalLine
  const originalColumn = mapping[3] + piece.originalColumn
  if (mapping.length === 4) return [column, source, line, originalColumn]
  return [column, source, line, originalColumn, mapping[4] + piece.name]
}

/**
 * Checks encoded mappings and cuts them into pieces. Numbers must be integers of 32 bits (five per digit,
 * lowest first; the lowest bit is the sign), 1, 4 or 5 per mapping; their running sums must not be negative,
 * or beyond the number of sources and names. Otherwise the result is the index of the first bad character.
 */
export function readMappings(text: string, sources: number, names: number): Mappings | number {
  const bytes = new TextEncoder().encode(text) // twice as fast to scan as a string
  const values = new Int32Array(5) // column, source, original line, original column, name
  const most = Int32Array.of(MAX, sources - 1, MAX, MAX, names - 1)
  let piece = pieceAt(0, 0, values)
  const pieces = [piece]
  let line = 0
  let previous = 0 // column of the previous mapping on the same line
  let isSorted = true
  let fields = 0 // of the incomplete mapping
  let digits = 0 // of the incomplete number
  let bits = 0
  for (let i = 0; i <= bytes.length; i++) {
    const code = i < bytes.length ? bytes[i] : SEMICOLON
    const digit = DIGITS[code]
    if (digit < NO_DIGIT) {
      if (digits > 5 && (digits > 6 ? digit & 31 : (digit & 31) > 3)) return i // more than 32 bits
      if (digits < 7) bits |= (digit & 31) << (5 * digits)
      if (digit > 31) {
        digits++
        continue
      }
      if (fields > 4) return i
      const value = values[fields] + (bits & 1 ? -(bits >>> 1) : bits >>> 1)
      if (value < 0 || value > most[fields]) return i
      values[fields++] = value
      digits = bits = 0
      continue
    }
    if (code !== COMMA && code !== SEMICOLON) return i
    if (digits > 0 || (fields !== 1 && fields !== 4 && fields !== 5 && !isEmptyLine(bytes, i, fields)))
      return i
    if (values[0] < previous) {
      // A line that is out of order is sorted when it is decoded, so it has to stay in one piece.
      isSorted = false
      while (piece.line === line && piece.start > 0 && bytes[piece.start - 1] === COMMA) {
        pieces.pop()
        piece = pieces[pieces.length - 1]
      }
    }
    previous = values[0]
    fields = 0
    if (code === SEMICOLON) {
      line++
      values[0] = previous = 0
      isSorted = true
    }
    if (isSorted && i + 1 - piece.start >= PIECE) pieces.push((piece = pieceAt(i + 1, line, values)))
  }
  return new Mappings(text, pieces)
}

/** Largest value of a number, which has 32 bits, one of them the sign. */
const MAX = 0x7fffffff

function isEmptyLine(bytes: Uint8Array, end: number, fields: number): boolean {
  if (fields !== 0 || (end < bytes.length && bytes[end] === COMMA)) return false
  return end === 0 || bytes[end - 1] === SEMICOLON
}

function pieceAt(start: number, line: number, values: Int32Array): Piece {
  const [column, source, originalLine, originalColumn, name] = values
  return { line, column, source, originalLine, originalColumn, name, start }
}

const NO_DIGIT = 64
/** Value of a base 64 digit by its byte; from 32 on, more digits follow. */
const DIGITS = new Uint8Array(256).fill(NO_DIGIT)
for (const [i, c] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  DIGITS[c.charCodeAt(0)] = i
