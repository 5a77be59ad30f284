// The messages of a pprof file as columns, before anything in them is looked up.
import { Cursor, MessageWriter, WIRE } from '../../src/bytes/protobuf.ts'
import { FormatError } from '../../src/errors.ts'
import { ByteKeys, ByteStrings } from './byte-strings.ts'
import {
  FUNCTION,
  LABEL_STRINGS,
  LINE,
  LOCATION,
  MAPPING_STRINGS,
  PRIVATE,
  PROFILE,
  SAMPLE,
  VALUE_TYPE,
} from './fields.ts'
import { Ids } from './ids.ts'
import { float64List, uint32List } from './list.ts'
import { PrivateReader } from './private.ts'

/** String indices of a sample type or of the period's. */
export interface ValueType {
  type: number
  unit: number
  offset: number
}

/** The same error, with a path in front of its own. */
function located(error: unknown, path: string): unknown {
  if (!(error instanceof FormatError)) return error
  const { code, reason, offset, cause, hint } = error
  const whole = error.path ? `${path}.${error.path}` : path
  return new FormatError(code, reason, { offset, cause, hint, path: whole })
}

const WORDS: Record<number, string> = {
  [PROFILE.sampleType]: 'sample_type',
  [PROFILE.sample]: 'sample',
  [PROFILE.location]: 'location',
  [PROFILE.function]: 'function',
  [PROFILE.stringTable]: 'string_table',
  [PROFILE.timeNanos]: 'time_nanos',
  [PROFILE.periodType]: 'period_type',
  [PROFILE.period]: 'period',
  [PRIVATE]: 'tracemalloc',
}

/**
 * A file as it stands, in columns: references between its parts are not looked up yet, as the parts may come
 * in any order. A sample's location ids are kept as the raw bytes of their packed form, each distinct row of
 * bytes once.
 */
export class Profile {
  /** Bytes read. */
  length = 0
  readonly sampleTypes: ValueType[] = []
  /** Distinct lists of location ids, packed, leaf first. */
  readonly stacks = new ByteKeys()
  /** Offset of the first sample that has the stack. */
  readonly stackOffset = float64List()
  /** Per sample: its stack, and `width` values one after another. */
  readonly sampleStack = uint32List()
  readonly sampleValues = float64List()
  /** Values that each sample has; 0 = no sample yet. */
  width = 0
  /** Labels left out. */
  labels = 0
  readonly locations = new Ids()
  readonly locationOffset = float64List()
  readonly addressLow = uint32List()
  readonly addressHigh = uint32List()
  /** Where the location's lines end among all lines. */
  readonly lineEnd = uint32List()
  /** Per line: the function's id (0 = none), the line, the column. */
  readonly lineFunctionLow = uint32List()
  readonly lineFunctionHigh = uint32List()
  readonly line = uint32List()
  readonly column = uint32List()
  readonly functions = new Ids()
  readonly functionOffset = float64List()
  /** String indices. */
  readonly functionName = uint32List()
  readonly filename = uint32List()
  readonly startLine = uint32List()
  readonly strings = new ByteStrings()
  /** The highest string index that anything refers to, and where. */
  highestString = 0
  highestStringOffset = 0
  periodType: ValueType | undefined
  period = 0
  /** Milliseconds since 1970; 0 = unknown. */
  time = 0
  readonly private: PrivateReader

  #nested = new Cursor()
  /** Inside of `#nested`. */
  #inner = new Cursor()
  /** A sample's location ids, where the file has them in several fields. */
  #ids = new MessageWriter()

  constructor(withSamples: boolean) {
    this.private = new PrivateReader(withSamples)
  }

  /** Reads one field of the file. */
  readField(field: Cursor): void {
    try {
      this.private.checkOrder(field)
      this.#readField(field)
    } catch (error) {
      throw located(error, this.#pathOf(field.field))
    }
    this.length = field.base + field.at
  }

  #pathOf(field: number): string {
    const word = WORDS[field] ?? `field ${field}`
    if (field === PROFILE.sampleType) return `${word}[${this.sampleTypes.length}]`
    if (field === PROFILE.sample) return `${word}[${this.sampleStack.length}]`
    if (field === PROFILE.location) return `${word}[${this.locations.length}]`
    if (field === PROFILE.function) return `${word}[${this.functions.length}]`
    return word
  }

  #readField(field: Cursor): void {
    switch (field.field) {
      case PROFILE.sample:
        this.#readSample(field)
        break
      case PROFILE.location:
        this.#readLocation(field)
        break
      case PROFILE.function:
        this.#readFunction(field)
        break
      case PROFILE.stringTable:
        field.value()
        this.strings.append(field.bytes, field.start, field.stop)
        break
      case PROFILE.sampleType:
        this.sampleTypes.push(this.#readValueType(field))
        break
      case PROFILE.periodType:
        this.periodType = this.#readValueType(field)
        break
      case PROFILE.period:
        this.period = field.int()
        break
      case PROFILE.timeNanos:
        field.uint64()
        // Nanoseconds since 1970 pass 2^53; a double of milliseconds keeps microseconds.
        this.time = ((field.high | 0) * 4294967296 + field.low) / 1e6
        break
      case PROFILE.mapping:
        this.#references(field, MAPPING_STRINGS)
        break
      case PROFILE.dropFrames:
      case PROFILE.keepFrames:
      case PROFILE.defaultSampleType:
      case PROFILE.docUrl:
        this.#reference(field)
        break
      case PRIVATE:
        this.private.read(field, this.sampleStack.length === 0)
    }
  }

  /** The string index in the current field. Each is noted, so that a cut of the strings is noticed. */
  #reference(c: Cursor): number {
    const index = c.uint32('a string index')
    if (index > this.highestString) {
      this.highestString = index
      this.highestStringOffset = c.offset
    }
    return index
  }

  /** Looks at the string indices of a message that is not read otherwise. */
  #references(field: Cursor, fields: readonly number[]): void {
    for (const c = this.#inner.enter(field); c.next(); ) if (fields.includes(c.field)) this.#reference(c)
  }

  #readValueType(field: Cursor): ValueType {
    const result = { type: 0, unit: 0, offset: field.offset }
    for (const c = this.#nested.enter(field); c.next(); ) {
      if (c.field === VALUE_TYPE.type) result.type = this.#reference(c)
      else if (c.field === VALUE_TYPE.unit) result.unit = this.#reference(c)
    }
    return result
  }

  #readSample(field: Cursor): void {
    const c = this.#nested.enter(field)
    let start = 0
    let stop = 0
    let fields = 0
    let width = 0
    while (c.next()) {
      if (c.field === SAMPLE.locationId) {
        if (c.wire !== WIRE.bytes) c.uint64()
        if (++fields === 1) {
          start = c.start
          stop = c.stop
        } else {
          if (fields === 2) this.#ids.clear().raw(c.bytes.subarray(start, stop))
          this.#ids.raw(c.bytes.subarray(c.start, c.stop))
        }
      } else if (c.field === SAMPLE.value) width += this.#readValues(c)
      else if (c.field === SAMPLE.label) {
        this.#references(c, LABEL_STRINGS)
        this.labels++
      }
    }
    if (width === 0) c.fail('malformed', 'a sample without values', field.offset)
    if (this.width === 0) this.width = width
    if (width !== this.width) {
      c.fail('malformed', `a sample of ${width} values, others have ${this.width}`, field.offset)
    }
    const { stacks } = this
    const stack =
      fields > 1 ? stacks.intern(this.#ids.view(), 0, this.#ids.length) : stacks.intern(c.bytes, start, stop)
    if (stack === this.stackOffset.length) this.stackOffset.push(field.offset)
    this.sampleStack.push(stack)
  }

  #readValues(c: Cursor): number {
    if (c.wire !== WIRE.bytes) {
      this.sampleValues.push(c.int())
      return 1
    }
    let count = 0
    for (const p = this.#inner.enter(c); p.more; count++) {
      p.varint()
      this.sampleValues.push(p.int())
    }
    return count
  }

  #readLocation(field: Cursor): void {
    const c = this.#nested.enter(field)
    let idLow = 0
    let idHigh = 0
    let addressLow = 0
    let addressHigh = 0
    while (c.next()) {
      if (c.field === LOCATION.id) {
        c.uint64()
        idLow = c.low
        idHigh = c.high
      } else if (c.field === LOCATION.address) {
        c.uint64()
        addressLow = c.low
        addressHigh = c.high
      } else if (c.field === LOCATION.line) this.#readLine(c)
    }
    if (idLow === 0 && idHigh === 0) c.fail('malformed', 'a location without an id', field.offset)
    this.locations.add(idLow, idHigh)
    this.locationOffset.push(field.offset)
    this.addressLow.push(addressLow)
    this.addressHigh.push(addressHigh)
    this.lineEnd.push(this.line.length)
  }

  #readLine(field: Cursor): void {
    let functionLow = 0
    let functionHigh = 0
    let line = 0
    let column = 0
    for (const c = this.#inner.enter(field); c.next(); ) {
      if (c.field === LINE.functionId) {
        c.uint64()
        functionLow = c.low
        functionHigh = c.high
      } else if (c.field === LINE.line) line = c.uint32('a line')
      else if (c.field === LINE.column) column = c.uint32('a column')
    }
    this.lineFunctionLow.push(functionLow)
    this.lineFunctionHigh.push(functionHigh)
    this.line.push(line)
    this.column.push(column)
  }

  #readFunction(field: Cursor): void {
    const c = this.#nested.enter(field)
    let low = 0
    let high = 0
    let name = 0
    let systemName = 0
    let filename = 0
    let startLine = 0
    while (c.next()) {
      if (c.field === FUNCTION.id) {
        c.uint64()
        low = c.low
        high = c.high
      } else if (c.field === FUNCTION.name) name = this.#reference(c)
      else if (c.field === FUNCTION.systemName) systemName = this.#reference(c)
      else if (c.field === FUNCTION.filename) filename = this.#reference(c)
      else if (c.field === FUNCTION.startLine) startLine = c.uint32('a line')
    }
    if (low === 0 && high === 0) c.fail('malformed', 'a function without an id', field.offset)
    this.functions.add(low, high)
    this.functionOffset.push(field.offset)
    this.functionName.push(name || systemName)
    this.filename.push(filename)
    this.startLine.push(startLine)
  }
}
