// Finds or creates the frame that a node's `callFrame` stands for, from the bytes of the file.
import { JsonTokens, TOKEN } from '../../src/bytes/json-tokens.ts'
import { fileOf, isPseudoName } from '../../src/model/names/script-url.ts'
import { NATIVE, V8 } from '../../src/model/tables/frames.ts'
import type { Tables } from '../../src/model/tables/tables.ts'
import { RowIndex, reserve } from '../../src/model/tables/typed-arrays.ts'

/** V8's `Runtime.CallFrame`. Line and column are 0-based, -1 = unknown. */
interface CallFrame {
  functionName: string
  /** Decimal; `0` = no script. */
  scriptId: string
  url: string
  lineNumber: number
  columnNumber: number
}

export const FRAME_KEYS = ['functionName', 'scriptId', 'url', 'lineNumber', 'columnNumber'] as const
export type FrameKey = (typeof FRAME_KEYS)[number]
/** Bytes that reach into the url of an object as V8 writes it. */
const PREFIX = 64
const GUESSES = 1 << 13
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** The largest 0-based line whose 1-based one fits a column of 32 bits. */
const LAST_LINE = 0xfffffffe
/** Test runners wrap modules in scripts with a negative offset: their lines and columns are unknown. */
const FIRST_LINE = -(2 ** 31)

/**
 * The different `callFrame` objects of a file, interned by their raw bytes: a file of a million nodes has a
 * few thousand, and only these are parsed.
 */
export class CallFrames {
  readonly #tables: Tables
  readonly #tokens: JsonTokens
  readonly #index = new RowIndex()
  /** Raw bytes of all, one after the other; `#end[i]` is where those of `i` end. */
  #raw = new Uint8Array(1 << 16)
  #view = new DataView(this.#raw.buffer)
  #end = new Uint32Array(64)
  #hash = new Uint32Array(64)
  #length = 0
  /** By a hash of the first bytes: the number of the last object with it, plus 1; 0 = none. */
  readonly #guesses = new Uint32Array(GUESSES)
  #guessSlot = 0
  /** Frame id of each below another frame, and directly below the root. */
  #frame = new Uint32Array(64)
  #frameBelowRoot = new Uint32Array(64)
  #isRoot = new Uint8Array(64)

  constructor(tables: Tables, path: () => string) {
    this.#tables = tables
    this.#tokens = new JsonTokens('heapprofile', path)
  }

  /** The number of the object at `from` to `to` of a view; `base` is the offset of the view, for faults. */
  intern(view: DataView, from: number, to: number, base: number): number {
    const hash = hashOf(view, from, to)
    const length = to - from
    const found = this.#index.find(
      hash,
      i =>
        this.#hash[i] === hash &&
        this.lengthOf(i) === length &&
        areEqual(this.#view, this.#end[i] - length, view, from, length),
    )
    return found >= 0 ? found : this.#add(hash, view, from, to, base)
  }

  /** The number of a call frame whose members lie in its node, where lines and columns are 1-based. */
  internBare(members: ReadonlyMap<FrameKey, string>, base: number): number {
    const text = (key: FrameKey) => members.get(key) ?? ''
    const zeroBased = (key: FrameKey) => Math.max(0, Number(text(key)) || 0) - 1
    const frame = {
      functionName: text('functionName'),
      scriptId: text('scriptId') || '0',
      url: text('url'),
      lineNumber: zeroBased('lineNumber'),
      columnNumber: zeroBased('columnNumber'),
    }
    const bytes = new TextEncoder().encode(JSON.stringify(frame))
    return this.intern(new DataView(bytes.buffer), 0, bytes.length, base)
  }

  /**
   * The number of the object that begins at `from`, without looking for its end: the last one seen with the
   * same first bytes, if all its bytes are there. -1 = unknown, `intern` tells. Needs PREFIX bytes before
   * `limit`.
   */
  guess(view: DataView, from: number, limit: number): number {
    const slot = hashOf(view, from, from + PREFIX) & (GUESSES - 1)
    const guess = this.#guesses[slot] - 1
    this.#guessSlot = slot
    if (guess < 0) return -1
    const length = this.lengthOf(guess)
    if (from + length > limit) return -1
    return areEqual(this.#view, this.#end[guess] - length, view, from, length) ? guess : -1
  }

  /** Remembers what the last `guess` did not know. */
  remember(callFrame: number): void {
    this.#guesses[this.#guessSlot] = callFrame + 1
  }

  /** Number of bytes of an object. */
  lengthOf(callFrame: number): number {
    return this.#end[callFrame] - (callFrame === 0 ? 0 : this.#end[callFrame - 1])
  }

  /** The frame that an object stands for, called by a stack. */
  frameBelow(callFrame: number, stack: number): number {
    return stack === 0 ? this.#frameBelowRoot[callFrame] : this.#frame[callFrame]
  }

  /** Is it V8's `(root)`, which is no frame? */
  isRoot(callFrame: number): boolean {
    return this.#isRoot[callFrame] === 1
  }

  #add(hash: number, view: DataView, from: number, to: number, base: number): number {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + from, to - from)
    const { functionName, scriptId, url, lineNumber, columnNumber } =
      parseAsWritten(bytes) ?? this.#parse(bytes, base + from)
    const id = this.#length++
    const start = id === 0 ? 0 : this.#end[id - 1]
    this.#raw = reserve(this.#raw, start + bytes.length)
    if (this.#view.buffer !== this.#raw.buffer) this.#view = new DataView(this.#raw.buffer)
    this.#raw.set(bytes, start)
    this.#end = reserve(this.#end, this.#length)
    this.#hash = reserve(this.#hash, this.#length)
    this.#frame = reserve(this.#frame, this.#length)
    this.#frameBelowRoot = reserve(this.#frameBelowRoot, this.#length)
    this.#isRoot = reserve(this.#isRoot, this.#length)
    this.#end[id] = start + bytes.length
    this.#hash[id] = hash
    const file = fileOf(scriptId, url, lineNumber >= 0)
    const { frames } = this.#tables
    this.#frame[id] = frames.intern(functionName, file, placeOf(lineNumber), placeOf(columnNumber))
    this.#frameBelowRoot[id] =
      file === NATIVE && isPseudoName(functionName)
        ? frames.intern(functionName, V8, placeOf(lineNumber), placeOf(columnNumber))
        : this.#frame[id]
    this.#isRoot[id] = functionName === '(root)' ? 1 : 0
    this.#index.add(hash, id, i => this.#hash[i])
    return id
  }

  #parse(bytes: Uint8Array, base: number): CallFrame {
    const tokens = this.#tokens
    tokens.restart(base)
    tokens.push(bytes)
    const frame: CallFrame = { functionName: '', scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 }
    let seen = 0
    if (tokens.next() !== TOKEN.object) tokens.fail('malformed', 'callFrame is not an object')
    while (tokens.next() === TOKEN.key) {
      const key = FRAME_KEYS.findIndex(k => tokens.is(k))
      if (key < 0) {
        skipValue(tokens)
        continue
      }
      if (seen & (1 << key)) tokens.fail('malformed', `a second ${FRAME_KEYS[key]}`, tokens.from)
      seen |= 1 << key
      readMember(tokens, frame, FRAME_KEYS[key])
    }
    if (!(seen & 1)) tokens.fail('malformed', 'callFrame has no functionName')
    return frame
  }
}

/** An object exactly as V8 writes it, which nearly all are; undefined for any other, right or wrong. */
function parseAsWritten(bytes: Uint8Array): CallFrame | undefined {
  const text = decoder.decode(bytes)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (parsed === null) return undefined
  const { functionName, scriptId, url, lineNumber, columnNumber } = parsed as CallFrame
  const isRight =
    typeof functionName === 'string' &&
    typeof scriptId === 'string' &&
    typeof url === 'string' &&
    /^\d+$/.test(scriptId) &&
    isLine(lineNumber) &&
    isLine(columnNumber)
  if (!isRight) return undefined
  const frame = { functionName, scriptId, url, lineNumber, columnNumber }
  // Written again it differs where a key is there twice, or is unknown.
  return JSON.stringify(frame) === text ? frame : undefined
}

/** 1-based, 0 = unknown. */
function placeOf(position: number): number {
  return Math.max(0, position + 1)
}

function isLine(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= FIRST_LINE && (value as number) <= LAST_LINE
}

/** Passes over a value that is whole. */
function skipValue(tokens: JsonTokens): void {
  const { depth } = tokens
  do tokens.next()
  while (tokens.depth > depth)
}

function readMember(tokens: JsonTokens, frame: CallFrame, key: FrameKey): void {
  const token = tokens.next()
  if (key === 'lineNumber' || key === 'columnNumber') {
    if (token !== TOKEN.number) tokens.fail('malformed', `${key} is not a number`)
    frame[key] = tokens.integer(FIRST_LINE, LAST_LINE)
  } else if (key === 'scriptId' && token === TOKEN.number) {
    frame[key] = `${tokens.integer(0)}`
  } else {
    if (token !== TOKEN.string) tokens.fail('malformed', `${key} is not a string`)
    frame[key] = tokens.text()
    if (key === 'scriptId' && !/^\d+$/.test(frame[key])) {
      tokens.fail('malformed', 'scriptId is not a number', tokens.from)
    }
  }
}

/** The other way: `callFrame` objects as V8 writes them. */
export class CallFrameTexts {
  /** The root's. */
  readonly root = this.text('(root)', NATIVE, 0, 0, false)
  readonly #scriptIds = new Map<string, number>()
  readonly #taken: ReadonlySet<number>
  #next = 1

  /** @param files the names of all files, whose own script ids are not given to others */
  constructor(files: Iterable<string>) {
    const taken = new Set<number>()
    for (const file of files) {
      const id = ownScriptId(file)
      if (id !== undefined) taken.add(Number(id))
    }
    this.#taken = taken
  }

  /** The text of the object. Line and column are 1-based, 0 = unknown. */
  text(functionName: string, file: string, lineno: number, column: number, isBelowRoot: boolean): string {
    const { scriptId, url } = this.#script(functionName, file, lineno, isBelowRoot)
    const place = `"lineNumber":${lineno - 1},"columnNumber":${column - 1}`
    return `{"functionName":${JSON.stringify(functionName)},"scriptId":"${scriptId}","url":${JSON.stringify(url)},${place}}`
  }

  /** A name that would be read as another file's stays an url. */
  #script(
    functionName: string,
    file: string,
    lineno: number,
    isBelowRoot: boolean,
  ): { scriptId: string; url: string } {
    const readsAsV8 = isBelowRoot && isPseudoName(functionName)
    if (file === NATIVE && !readsAsV8) return { scriptId: '0', url: '' }
    if (file === V8 && readsAsV8) return { scriptId: '0', url: '' }
    const own = ownScriptId(file)
    if (own !== undefined && file.startsWith('<eval:') === lineno > 0) return { scriptId: own, url: '' }
    return { scriptId: `${this.#idOf(file)}`, url: file }
  }

  #idOf(file: string): number {
    let id = this.#scriptIds.get(file)
    if (id === undefined) {
      while (this.#taken.has(this.#next)) this.#next++
      id = this.#next++
      this.#scriptIds.set(file, id)
    }
    return id
  }
}

/** The script id in `<eval:ID>` or `<collected:ID>`. */
function ownScriptId(file: string): string | undefined {
  const id = /^<(?:eval|collected):(\d+)>$/.exec(file)?.[1]
  return id === undefined || /^0+$/.test(id) ? undefined : id
}

function hashOf(view: DataView, from: number, to: number): number {
  let h = to - from
  let i = from
  for (; i + 4 <= to; i += 4) {
    h = Math.imul(h ^ view.getInt32(i, true), 0x9e3779b1)
    h ^= h >>> 15
  }
  for (; i < to; i++) h = Math.imul(h ^ view.getUint8(i), 0x01000193)
  return (h ^ (h >>> 13)) >>> 0
}

function areEqual(a: DataView, atA: number, b: DataView, atB: number, length: number): boolean {
  let i = 0
  for (; i + 4 <= length; i += 4) if (a.getInt32(atA + i, true) !== b.getInt32(atB + i, true)) return false
  for (; i < length; i++) if (a.getUint8(atA + i) !== b.getUint8(atB + i)) return false
  return true
}
