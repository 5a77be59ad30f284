// The new text, written from left to right: pieces of the source, and what goes between them.
import { helperName, type Site } from './helper-name.ts'

/** Does a line end with this UTF-16 unit? Of `\r\n` only the second. */
function isLineEnd(source: string, at: number): boolean {
  const unit = source.charCodeAt(at)
  if (unit > 13 && unit < 0x2028) return false
  return (
    unit === 10 || unit === 0x2028 || unit === 0x2029 || (unit === 13 && source.charCodeAt(at + 1) !== 10)
  )
}

/** Where the lines of a text start, as V8 counts them. */
function lineStartsOf(source: string): number[] {
  const starts = [0]
  for (let at = 0; at < source.length; at++) if (isLineEnd(source, at)) starts.push(at + 1)
  return starts
}

/** May a name go on with this UTF-16 unit? */
function isPartOfName(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) || // a-z
    (unit >= 65 && unit <= 90) || // A-Z
    (unit >= 48 && unit <= 57) || // 0-9
    unit === 36 || // $
    unit === 95 || // _
    unit === 92 || // an escape
    unit > 127
  )
}

export class Output {
  readonly #source: string
  readonly #starts: number[]
  readonly #pieces: string[] = []
  /** Names given to helpers by the offset of their site: the first has the number that is kept here. */
  readonly #names = new Map<number, number>()
  readonly #firstNth: number
  /** Up to here the source has been written, or left out. */
  #at = 0
  /** The line that was looked up last: the next is most often the same. */
  #line = 0

  /** `firstNth` is the number of the first helper at each site. */
  constructor(source: string, firstNth: number) {
    this.#source = source
    this.#starts = lineStartsOf(source)
    this.#firstNth = firstNth
  }

  /** Writes the source up to an offset unchanged. */
  copy(to: number): void {
    if (to <= this.#at) return
    this.#pieces.push(this.#source.slice(this.#at, to))
    this.#at = to
  }

  /** Leaves the source out up to an offset, but for its line ends. */
  skip(to: number): void {
    for (let at = this.#at; at < to; at++) {
      const unit = this.#source.charCodeAt(at)
      if (unit === 10 || unit === 13 || unit === 0x2028 || unit === 0x2029)
        this.#pieces.push(this.#source[at]!)
    }
    if (to > this.#at) this.#at = to
  }

  write(text: string): void {
    this.#pieces.push(text)
  }

  /** Writes a name, apart from a word that the source has just before it: `return[1]`. */
  writeName(name: string): void {
    const isGlued = this.#at > 0 && isPartOfName(this.#source.charCodeAt(this.#at - 1))
    this.#pieces.push(isGlued ? ` ${name}` : name)
  }

  /** A new name for a helper of the operation at an offset. */
  nameAt(offset: number): string {
    const nth = this.#names.get(offset) ?? this.#firstNth
    this.#names.set(offset, nth + 1)
    return helperName(this.siteOf(offset), nth)
  }

  siteOf(offset: number): Site {
    const line = this.lineOf(offset)
    return { lineno: line + 1, column: offset - this.#starts[line]! + 1 }
  }

  /** The line of an offset, from 0. */
  lineOf(offset: number): number {
    const starts = this.#starts
    let low = this.#line
    let high = low + 8
    if (offset < starts[low]!) [low, high] = [0, low]
    else if (high >= starts.length || offset >= starts[high]!) high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    this.#line = low
    return low
  }

  /** How long a line is, with its end. */
  lengthOfLine(line: number): number {
    return (this.#starts[line + 1] ?? this.#source.length) - this.#starts[line]!
  }

  /** The whole text; `extra` stands at the offset `where`, which has not been written yet. */
  finish(where: number, extra: string): string {
    this.copy(where)
    this.#pieces.push(extra)
    this.copy(this.#source.length)
    return this.#pieces.join('')
  }
}
