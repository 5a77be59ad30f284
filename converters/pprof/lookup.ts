// Turns locations and functions of a pprof file into frames and stacks, each once.
import { Cursor } from '../../src/bytes/protobuf.ts'
import { FormatError } from '../../src/errors.ts'
import { NATIVE } from '../../src/model/tables/frames.ts'
import type { Tables } from '../../src/model/tables/tables.ts'
import { hex } from './ids.ts'
import { uint32List } from './list.ts'
import type { Profile } from './profile.ts'

/** Longest string in bytes; V8's end at 2^29 units. */
const LONGEST_STRING = 2 ** 28

/**
 * A location with many inlined lines costs a sample one byte. No writer comes near these many frames per byte
 * of a file, in a whole file, and in a stack.
 */
const FRAMES_PER_BYTE = 8
const MOST_FRAMES = 2 ** 28
const DEEPEST = 2 ** 24

/**
 * Resolves a profile's references into tables: the frames of all locations in their order, so that frames
 * keep their order from dump to dump; strings and stacks when they are asked for.
 */
export class Lookup {
  readonly #profile: Profile
  readonly #tables: Tables
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  /** String id by string index, + 1; 0 = not decoded yet. */
  readonly #stringIds: Uint32Array
  /** Frame ids of all locations, leaf first: one for each, or those of inlined calls. */
  readonly #frames = uint32List()
  /** Where those of a location end. */
  readonly #framesEnd: Uint32Array
  /** Per location of ours: is the line the allocating one? */
  readonly #exact: Uint8Array | undefined
  #framesLeft: number
  /** Most frames of a stack. */
  deepest = 0

  /** Throws FormatError where a reference leads nowhere. */
  constructor(profile: Profile, tables: Tables) {
    this.#profile = profile
    this.#tables = tables
    this.#stringIds = new Uint32Array(profile.strings.length)
    this.#framesLeft = Math.min(FRAMES_PER_BYTE * (profile.length + 1024), MOST_FRAMES)
    this.#checkStrings()
    this.#checkIds()
    if (profile.private.isOurs) this.#exact = expandRuns(profile)
    this.#framesEnd = new Uint32Array(profile.locations.length)
    for (let i = 0; i < this.#framesEnd.length; i++) this.#addFrames(i)
  }

  #checkStrings(): void {
    const { strings, highestString, highestStringOffset } = this.#profile
    if (strings.length === 0) malformed('no string table', this.#profile.length, '', 'truncated')
    if (strings.ends[0] !== 0) malformed('the first string is not empty', 0, 'string_table[0]')
    if (highestString >= strings.length)
      missing('string', highestStringOffset, `string_table[${highestString}]`)
    for (const index of this.#profile.private.texts.keys()) {
      if (index === 0 || index >= strings.length) missing('string', this.#profile.length, 'tracemalloc.text')
    }
  }

  #checkIds(): void {
    const { functions, functionOffset, locations, locationOffset } = this.#profile
    const f = functions.seal()
    if (f >= 0) malformed('the id of another function', functionOffset.at(f), `function[${f}].id`)
    const l = locations.seal()
    if (l >= 0) malformed('the id of another location', locationOffset.at(l), `location[${l}].id`)
    const ends = this.#profile.lineEnd.values
    const low = this.#profile.lineFunctionLow.values
    const high = this.#profile.lineFunctionHigh.values
    for (let location = 0, line = 0; location < ends.length; location++) {
      for (const first = line; line < ends[location]; line++) {
        if ((low[line] === 0 && high[line] === 0) || functions.find(low[line], high[line]) >= 0) continue
        const path = `location[${location}].line[${line - first}].function_id`
        missing('function', locationOffset.at(location), path)
      }
    }
  }

  /** String id of a string index. */
  string(index: number, offset: number, path: string): number {
    if (index >= this.#stringIds.length) missing('string', offset, path)
    if (this.#stringIds[index] === 0) {
      const { strings, private: own } = this.#profile
      const bytes = strings.get(index)
      if (bytes.length > LONGEST_STRING) malformed('a string too long', offset, path, 'too-large')
      const text = own.texts.get(index) ?? this.#decoder.decode(bytes)
      this.#stringIds[index] = this.#tables.strings.intern(text) + 1
    }
    return this.#stringIds[index] - 1
  }

  text(index: number, offset: number, path: string): string {
    return this.#tables.strings.get(this.string(index, offset, path))
  }

  /** Stack ids of all distinct stacks of the profile. */
  stacks(): Uint32Array {
    const { stacks, stackOffset } = this.#profile
    const offsets = stackOffset.values
    const result = new Uint32Array(stacks.length)
    const cursor = new Cursor()
    const frames = this.#frames.values
    const leafFirst: number[] = []
    for (let i = 0; i < result.length; i++) {
      cursor.over(stacks.bytes, stacks.startOf(i), stacks.ends[i])
      leafFirst.length = 0
      for (let k = 0; cursor.more; k++) {
        try {
          cursor.varint()
        } catch {
          malformed('a number cut short or too long', offsets[i], `${this.#sampleOf(i)}.location_id`)
        }
        const location = this.#profile.locations.find(cursor.low, cursor.high)
        if (location < 0) missing('location', offsets[i], `${this.#sampleOf(i)}.location_id[${k}]`)
        const end = this.#framesEnd[location]
        let frame = location === 0 ? 0 : this.#framesEnd[location - 1]
        this.#framesLeft -= end - frame
        if (this.#framesLeft < 0 || leafFirst.length + end - frame > DEEPEST) {
          malformed('more frames than any profile has', offsets[i], this.#sampleOf(i), 'too-large')
        }
        while (frame < end) leafFirst.push(frames[frame++])
      }
      this.deepest = Math.max(this.deepest, leafFirst.length)
      let stack = 0
      for (let k = leafFirst.length - 1; k >= 0; k--) stack = this.#tables.stacks.intern(stack, leafFirst[k])
      result[i] = stack
    }
    return result
  }

  /** Path of the first sample that has a stack. */
  #sampleOf(stack: number): string {
    return `sample[${this.#profile.sampleStack.values.indexOf(stack)}]`
  }

  #addFrames(location: number): void {
    const { lineEnd } = this.#profile
    const first = location === 0 ? 0 : lineEnd.at(location - 1)
    const end = lineEnd.at(location)
    for (let line = first; line < end; line++) this.#frames.push(this.#frameOf(location, line))
    if (first === end) this.#frames.push(this.#addressFrame(location, 0))
    this.#framesEnd[location] = this.#frames.length
  }

  #frameOf(location: number, line: number): number {
    const p = this.#profile
    const f = p.functions.find(p.lineFunctionLow.at(line), p.lineFunctionHigh.at(line))
    const lineno = p.line.at(line)
    if (f < 0) return this.#addressFrame(location, lineno)
    const offset = p.functionOffset.at(f)
    const name = this.string(p.functionName.at(f), offset, `function[${f}].name`)
    const filename = this.string(p.filename.at(f), offset, `function[${f}].filename`)
    const { frames, strings } = this.#tables
    const column = p.column.at(line)
    const start = p.startLine.at(f)
    if (this.#exact) {
      if (!this.#exact[location]) return frames.internIds(name, filename, lineno, column, 0)
      const startColumn = p.private.startColumn?.[location] ?? 0
      return frames.internIds(name, filename, lineno, column, 1, start, startColumn)
    }
    const file = filename || strings.intern(NATIVE)
    const isExact = lineno > 0 && lineno !== start
    return frames.internIds(name, file, lineno, column, isExact ? 1 : 0, isExact ? start : 0)
  }

  #addressFrame(location: number, lineno: number): number {
    const p = this.#profile
    const name = hex(p.addressLow.at(location), p.addressHigh.at(location))
    return this.#tables.frames.intern(name, NATIVE, lineno)
  }
}

/** The flags of a file's locations from the lengths of their runs. */
function expandRuns(profile: Profile): Uint8Array {
  const flags = new Uint8Array(profile.locations.length)
  let at = 0
  let flag = 0
  for (const length of profile.private.exact ?? []) {
    if (!(length >= 0 && at + length <= flags.length)) {
      malformed('more flags than locations', profile.length, 'tracemalloc.exact')
    }
    flags.fill(flag, at, (at += length))
    flag ^= 1
  }
  return flags
}

function missing(what: string, offset: number, path: string): never {
  malformed(`no such ${what}`, offset, path)
}

function malformed(
  reason: string,
  offset: number,
  path: string,
  code: 'malformed' | 'truncated' | 'too-large' = 'malformed',
): never {
  throw new FormatError(code, reason, { offset, path })
}
