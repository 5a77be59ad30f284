// A fast path: nodes laid out as V8 itself writes them are recognised without reading tokens.
import { type JsonTokens, STATE } from '../../src/bytes/json-tokens.ts'
import { SEEN, type Tree } from './tree.ts'

/** A text as 32-bit words at given places, to be compared with a DataView's. */
function words(text: string, ...places: number[]): number[] {
  const view = new DataView(new TextEncoder().encode(text).buffer)
  return places.map(at => view.getInt32(at, true))
}

// Words that overlap cover texts whose length is no multiple of 4.
const [FRAME0, FRAME4, FRAME8, FRAME9] = words('{"callFrame":', 0, 4, 8, 9)
const [SELF0, SELF4, SELF8] = words(',"selfSize":', 0, 4, 8)
const [ID0, ID2] = words(',"id":', 0, 2)
const [CHILDREN0, CHILDREN4, CHILDREN8, CHILDREN9] = words(',"children":[', 0, 4, 8, 9)
const [SIZE0, SIZE4] = words('{"size":', 0, 4)
const [NODE0, NODE4, NODE6] = words(',"nodeId":', 0, 4, 6)
const [ORDINAL0, ORDINAL4, ORDINAL7] = words(',"ordinal":', 0, 4, 7)

/**
 * Bytes after a place in which a unit's literals and numbers, and PREFIX, need no test for the window's end.
 */
const ROOM = 128
/** Most digits of a number that is exact in any case. */
const DIGITS = 15

/**
 * The short cut through text that is exactly as V8 writes it: whole nodes and samples at once, without
 * tokens. It stops at the first byte that is otherwise, or at the end of the window, and leaves the tokens'
 * state as they would be there.
 */
export class Layout {
  readonly #tokens: JsonTokens
  readonly #tree: Tree
  #view = new DataView(new ArrayBuffer(0))
  /** Value of the number that `#number` read. */
  #value = 0

  constructor(tokens: JsonTokens, tree: Tree) {
    this.#tokens = tokens
    this.#tree = tree
  }

  /** The number of the call frame whose bytes are `from` to `to` of the window. */
  intern(from: number, to: number): number {
    return this.#tree.callFrames.intern(this.#window(), from, to, this.#tokens.base)
  }

  /**
   * Nodes, from inside a list of children: `{"callFrame":{...},"selfSize":1,"id":2,"children":[` and `]}`.
   */
  readNodes(): void {
    const { at } = this.#tokens
    this.#moveTo(at, this.#nodes(at))
  }

  /** Samples, from inside their list on: `{"size":1,"nodeId":2,"ordinal":3}`. */
  readSamples(): void {
    const { at } = this.#tokens
    this.#moveTo(at, this.#samples(at))
  }

  #moveTo(from: number, at: number): void {
    const tokens = this.#tokens
    tokens.at = at
    if (at > from) tokens.state = tokens.bytes[at - 1] === 0x5b ? STATE.first : STATE.after
  }

  // The loops below only return where they stop: V8 compiles a loop while it runs the first time, and throws
  // the code away where that comes to something after the loop that it has not seen yet.

  #nodes(at: number): number {
    const tokens = this.#tokens
    if (tokens.state === STATE.next) return at
    const tree = this.#tree
    const { bytes } = tokens
    this.#window()
    const end = tokens.limit - ROOM
    let isFirst = tokens.state === STATE.first
    while (at < end) {
      const c = bytes[at]
      if (c === 0x5d) {
        const top = tree.depth - 1
        if (bytes[at + 1] !== 0x7d || top === 0 || tree.seen[top] !== SEEN.all) break
        tokens.at = at // where a fault would be
        tree.close()
        tokens.depth -= 2
        at += 2
        isFirst = false
        continue
      }
      if (!isFirst && c !== 0x2c) break
      const after = this.#node(isFirst ? at : at + 1, end)
      if (after < 0) break
      at = after
      isFirst = true
    }
    return at
  }

  #samples(at: number): number {
    const tokens = this.#tokens
    if (tokens.state === STATE.next) return at
    const { bytes } = tokens
    this.#window()
    const end = tokens.limit - ROOM
    let isFirst = tokens.state === STATE.first
    while (at < end) {
      if (!isFirst && bytes[at] !== 0x2c) break
      const after = this.#sample(isFirst ? at : at + 1)
      if (after < 0) break
      at = after
      isFirst = false
    }
    return at
  }

  /** Adds the sample that begins at `at`. Returns where it ends; -1 = it looks otherwise. */
  #sample(at: number): number {
    const view = this.#view
    if (view.getInt32(at, true) !== SIZE0 || view.getInt32(at + 4, true) !== SIZE4) return -1
    let q = this.#number(at + 8)
    if (q < 0) return -1
    const size = this.#value
    if (
      view.getInt32(q, true) !== NODE0 ||
      view.getInt32(q + 4, true) !== NODE4 ||
      view.getInt32(q + 6, true) !== NODE6
    )
      return -1
    if ((q = this.#number(q + 10)) < 0) return -1
    const node = this.#value
    if (
      view.getInt32(q, true) !== ORDINAL0 ||
      view.getInt32(q + 4, true) !== ORDINAL4 ||
      view.getInt32(q + 7, true) !== ORDINAL7
    )
      return -1
    if ((q = this.#number(q + 11)) < 0 || this.#tokens.bytes[q] !== 0x7d) return -1
    this.#tree.addSample(node, size, this.#value)
    return q + 1
  }

  /**
   * Opens the node at `at`. Returns where its children begin; -1 = it has another layout, or is incomplete.
   */
  #node(at: number, end: number): number {
    const view = this.#view
    if (
      view.getInt32(at, true) !== FRAME0 ||
      view.getInt32(at + 4, true) !== FRAME4 ||
      view.getInt32(at + 8, true) !== FRAME8 ||
      view.getInt32(at + 9, true) !== FRAME9
    )
      return -1
    const from = at + 13
    const { callFrames } = this.#tree
    let callFrame = callFrames.guess(view, from, end)
    const to = callFrame >= 0 ? from + callFrames.lengthOf(callFrame) : this.#flatObjectEnd(from, end)
    if (to < 0) return -1
    if (
      view.getInt32(to, true) !== SELF0 ||
      view.getInt32(to + 4, true) !== SELF4 ||
      view.getInt32(to + 8, true) !== SELF8
    )
      return -1
    let q = this.#number(to + 12)
    if (q < 0) return -1
    const size = this.#value
    if (view.getInt32(q, true) !== ID0 || view.getInt32(q + 2, true) !== ID2) return -1
    if ((q = this.#number(q + 6)) < 0) return -1
    if (
      view.getInt32(q, true) !== CHILDREN0 ||
      view.getInt32(q + 4, true) !== CHILDREN4 ||
      view.getInt32(q + 8, true) !== CHILDREN8 ||
      view.getInt32(q + 9, true) !== CHILDREN9
    )
      return -1
    const tree = this.#tree
    tree.open()
    const top = tree.depth - 1
    tree.size[top] = size
    tree.id[top] = this.#value
    tree.seen[top] = SEEN.all
    if (callFrame < 0) {
      callFrame = callFrames.intern(view, from, to, this.#tokens.base)
      callFrames.remember(callFrame)
    }
    tree.setFrame(callFrame)
    this.#tokens.open(true)
    this.#tokens.open(false)
    return q + 13
  }

  /** Where an object without objects in it ends; -1 = it is none, or is not whole before `end`. */
  #flatObjectEnd(at: number, end: number): number {
    const { bytes } = this.#tokens
    if (bytes[at] !== 0x7b) return -1
    for (at++; at < end; at++) {
      const c = bytes[at]
      if (c === 0x22) {
        for (at++; at < end && bytes[at] !== 0x22; at++) if (bytes[at] === 0x5c) at++
      } else if (c === 0x7d) return at + 1
      else if (c === 0x7b || c === 0x5b) return -1
    }
    return -1
  }

  /** Reads digits into `#value`. Returns where they end; -1 = none, or too many, or a leading zero. */
  #number(at: number): number {
    const { bytes } = this.#tokens
    const last = at + DIGITS
    let value = 0
    let q = at
    for (let digit: number; q <= last && (digit = bytes[q] - 0x30) >>> 0 <= 9; q++) value = value * 10 + digit
    if (q === at || q > last || (q > at + 1 && bytes[at] === 0x30)) return -1
    this.#value = value
    return q
  }

  /** A view of the whole window; literals are compared word by word. */
  #window(): DataView {
    const { buffer } = this.#tokens.bytes
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer)
    return this.#view
  }
}
