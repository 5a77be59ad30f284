// The tree of a sampling heap profile as columns, filled node by node and turned into rows at the end.
import type { JsonTokens } from '../../src/bytes/json-tokens.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import { MultisetBuilder, samplesOf } from '../../src/model/sample-multisets.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { reserve } from '../../src/model/tables/typed-arrays.ts'
import { foldStacks } from '../../src/transform/fold-helpers.ts'
import type { ReadOptions } from '../converter.ts'
import { CallFrames } from './call-frames.ts'

/** Bits of the keys of a node; what V8 writes has all, what it wrote before Node 12 only the needed ones. */
export const SEEN = { callFrame: 1, selfSize: 2, id: 4, children: 8, all: 15, needed: 3 } as const
/** Instead of the id of a node without one. */
const NO_ID = -1

/** Stack of an open node whose call frame has not come yet; parent of the head. */
const UNKNOWN = 0xffffffff
/** Flag of a number in the late columns instead of a stack. */
const LATE = 0x80000000
/** Instead of the row of a node. */
const NO_BYTES = 0xffffffff
/** Node ids below this are looked up in a column, as V8 counts from 1; others in a map. */
const DENSE = 1 << 22
/** First length of columns: they grow at once, so that code compiled with growth in it stays valid. */
const FEW = 4
/** How deep V8 looks by default. */
const TRACEBACK_LIMIT = 128

/** V8's tree on its way into rows: open nodes as a stack, closed ones as rows, with members in any order. */
export class Tree {
  readonly #tokens: JsonTokens
  readonly #keeps: ReadOptions['samples']
  #builder = new SnapshotBuilder()
  readonly #multisets: MultisetBuilder | undefined
  readonly callFrames: CallFrames

  // The open nodes, the head first.
  depth = 0
  #deepest = 0
  /** Stack, UNKNOWN, or LATE | number. */
  #stack = new Uint32Array(FEW)
  size = new Float64Array(FEW)
  id = new Float64Array(FEW)
  seen = new Uint8Array(FEW)
  /** Children so far. */
  #children = new Uint32Array(FEW)
  /** 1 = an earlier sibling has the same stack, so there may be equal stacks below, too. */
  #isAgain = new Uint8Array(FEW)
  /** Length of the log before the children. */
  #scope = new Uint32Array(FEW)

  // Of each frame: the innermost open stack that has called it (plus 1; 0 = none), and the stack that it
  // became. So a node is known to be new without an index of all stacks. The log restores these when the
  // caller is closed.
  #caller = new Uint32Array(FEW)
  #called = new Uint32Array(FEW)
  #logFrame = new Uint32Array(FEW)
  #logCaller = new Uint32Array(FEW)
  #logCalled = new Uint32Array(FEW)
  #log = 0

  // Nodes whose stack is not known when their children come, because `callFrame` comes after `children`; and
  // all below.
  #lateParent = new Uint32Array(0) // like #stack; the stack itself once it is known
  #lateFrame = new Uint32Array(0)
  #lateSize = new Float64Array(0)
  #lateId = new Float64Array(0)
  #late = 0

  /** Row of each stack, plus 1; 0 = none. Only there when several nodes have one stack. */
  #rowOfStack: Uint32Array | undefined
  /** Row of each node id, plus 1; 0 = no such node, NO_BYTES = no row. */
  #rowOfId = new Uint32Array(FEW)
  readonly #rowOfLargeId = new Map<number, number>()
  #total = 0

  // Samples that come before the tree.
  #waitingNode = new Float64Array(0)
  #waitingSize = new Float64Array(0)
  #waitingOrdinal = new Float64Array(0)
  #waiting = 0
  #isWhole = false
  /** Number of samples so far. */
  samples = 0
  #withoutNode = 0
  #withoutBytes = 0

  constructor(tokens: JsonTokens, keeps: ReadOptions['samples']) {
    this.#tokens = tokens
    this.#keeps = keeps
    if (keeps === 'multisets') this.#multisets = new MultisetBuilder()
    this.callFrames = new CallFrames(this.#builder.tables, () => `${this.path()}.callFrame`)
  }

  /** Begins a node: the head, or a child of the innermost open one. */
  open(): void {
    const top = this.depth++
    if (top === this.seen.length) this.#growOpen()
    if (top > this.#deepest) this.#deepest = top
    let stack = UNKNOWN
    if (top > 0) {
      this.#children[top - 1]++
      if (this.#stack[top - 1] === UNKNOWN) {
        this.#stack[top - 1] = this.#addLate(top === 1 ? UNKNOWN : this.#stack[top - 2])
      }
      if (this.#stack[top - 1] >= LATE) stack = this.#addLate(this.#stack[top - 1])
    }
    this.#stack[top] = stack
    this.seen[top] = 0
    this.id[top] = NO_ID
    this.#children[top] = 0
    this.#isAgain[top] = 0
    this.#scope[top] = this.#log
  }

  /** Gives the innermost open node its call frame. */
  setFrame(callFrame: number): void {
    const top = this.depth - 1
    const stack = this.#stack[top]
    if (stack === UNKNOWN) {
      this.#stack[top] = this.#openStack(top, callFrame)
      this.#scope[top] = this.#log
    } else {
      this.#lateFrame[stack - LATE] = callFrame
    }
  }

  /** Ends the innermost open node, which has all its keys. */
  close(): void {
    const top = this.depth - 1
    const stack = this.#stack[top]
    if (stack < LATE) {
      this.#add(stack, this.size[top], this.id[top])
    } else {
      this.#lateSize[stack - LATE] = this.size[top]
      this.#lateId[stack - LATE] = this.id[top]
    }
    this.depth = top
    while (this.#log > this.#scope[top]) {
      const i = --this.#log
      this.#caller[this.#logFrame[i]] = this.#logCaller[i]
      this.#called[this.#logFrame[i]] = this.#logCalled[i]
    }
    if (top === 0) this.#finish()
  }

  /** Adds a sample; the tree may be still to come. */
  addSample(node: number, size: number, ordinal: number): void {
    this.samples++
    if (this.#isWhole) this.#addSample(node, size, ordinal)
    else {
      const i = this.#waiting++
      this.#waitingNode = reserve(this.#waitingNode, i + 1)
      this.#waitingNode[i] = node
      if (!this.#keeps) return
      this.#waitingSize = reserve(this.#waitingSize, i + 1)
      this.#waitingSize[i] = size
      if (this.#multisets) return
      this.#waitingOrdinal = reserve(this.#waitingOrdinal, i + 1)
      this.#waitingOrdinal[i] = ordinal
    }
  }

  build(meta: SnapshotMeta): Snapshot {
    const builder = this.#builder
    const multisets = this.#multisets?.build(builder.length)
    for (let row = 0; row < builder.length; row++) {
      if (multisets) builder.addBlocks(row, samplesOf(multisets, row))
      if (builder.countOf(row) === 0) builder.addBlocks(row, Number.NaN)
    }
    const skipped: Record<string, number> = {}
    if (this.#withoutNode) skipped['samples without a node'] = this.#withoutNode
    if (this.#withoutBytes) skipped['samples of nodes without bytes'] = this.#withoutBytes
    const facts = Object.keys(skipped).length ? { ...meta, skipped } : meta
    const snapshot = builder.build(facts, Math.max(TRACEBACK_LIMIT, this.#deepest))
    return multisets ? snapshot.with({ columns: { multisets } }) : snapshot
  }

  /** Where the reader is: `head.children[3].children[0]`; of a deep place only the ends. */
  path(): string {
    let path = 'head'
    for (let i = 0; i < this.depth - 1; i++) {
      if (this.depth > 20 && i === 8) {
        path += '...'
        i = this.depth - 9
      }
      path += `.children[${this.#children[i] - 1}]`
    }
    return path
  }

  #growOpen(): void {
    this.#stack = reserve(this.#stack, this.depth)
    this.size = reserve(this.size, this.depth)
    this.id = reserve(this.id, this.depth)
    this.seen = reserve(this.seen, this.depth)
    this.#children = reserve(this.#children, this.depth)
    this.#isAgain = reserve(this.#isAgain, this.depth)
    this.#scope = reserve(this.#scope, this.depth)
  }

  #addLate(parent: number): number {
    const i = this.#late++
    this.#lateParent = reserve(this.#lateParent, i + 1)
    this.#lateFrame = reserve(this.#lateFrame, i + 1)
    this.#lateSize = reserve(this.#lateSize, i + 1)
    this.#lateId = reserve(this.#lateId, i + 1)
    this.#lateParent[i] = parent
    return LATE + i
  }

  /** The stack of the open node `top`, whose callers' stacks are known. */
  #openStack(top: number, callFrame: number): number {
    if (top === 0) return this.#stackBelow(UNKNOWN, callFrame)
    const parent = this.#stack[top - 1]
    if (this.#isAgain[top - 1] === 1) {
      this.#isAgain[top] = 1
      return this.#stackBelow(parent, callFrame)
    }
    const frame = this.callFrames.frameBelow(callFrame, parent)
    if (frame >= this.#caller.length) {
      this.#caller = reserve(this.#caller, frame + 1)
      this.#called = reserve(this.#called, frame + 1)
    }
    if (this.#caller[frame] === parent + 1) {
      this.#isAgain[top] = 1
      this.#rowOfStack ??= this.#rowsByStack()
      return this.#called[frame]
    }
    const stack = this.#builder.tables.stacks.append(parent, frame)
    const i = this.#log++
    if (i === this.#logFrame.length) {
      this.#logFrame = reserve(this.#logFrame, i + 1)
      this.#logCaller = reserve(this.#logCaller, i + 1)
      this.#logCalled = reserve(this.#logCalled, i + 1)
    }
    this.#logFrame[i] = frame
    this.#logCaller[i] = this.#caller[frame]
    this.#logCalled[i] = this.#called[frame]
    this.#caller[frame] = parent + 1
    this.#called[frame] = stack
    return stack
  }

  /** The stack of a call from `parent`, which is UNKNOWN for the head. V8's root is no frame. */
  #stackBelow(parent: number, callFrame: number): number {
    if (parent === UNKNOWN) {
      if (this.callFrames.isRoot(callFrame)) return 0
      parent = 0
    }
    return this.#builder.tables.stacks.intern(parent, this.callFrames.frameBelow(callFrame, parent))
  }

  #add(stack: number, size: number, id: number): void {
    this.#total += size
    if (this.#total > Number.MAX_SAFE_INTEGER) this.#tokens.fail('malformed', 'more than 2^53 bytes in all')
    this.#setId(id, size === 0 ? NO_BYTES : this.#addRow(stack, size) + 1)
  }

  #addRow(stack: number, size: number): number {
    if (!this.#rowOfStack) return this.#builder.add(stack, size, 0)
    this.#rowOfStack = reserve(this.#rowOfStack, stack + 1)
    const row = this.#rowOfStack[stack] - 1
    if (row < 0) return (this.#rowOfStack[stack] = this.#builder.add(stack, size, 0) + 1) - 1
    this.#builder.grow(row, size, 0)
    return row
  }

  /** Rows of a rewritten program, before their samples: without helpers, and one for equal stacks. */
  #fold(): void {
    const before = this.#builder
    const used = Uint32Array.from({ length: before.length }, (_, row) => before.stackOf(row))
    const folded = foldStacks(before.tables, used)
    if (!folded) return
    this.#builder = new SnapshotBuilder(folded.tables)
    this.#rowOfStack = new Uint32Array(folded.tables.stacks.length)
    const rows = used.map((stack, row) => this.#addRow(folded.stacks[stack], before.sizeOf(row)))
    const rowHere = (row: number) => (row === 0 || row === NO_BYTES ? row : rows[row - 1] + 1)
    this.#rowOfId = this.#rowOfId.map(rowHere)
    for (const [id, row] of this.#rowOfLargeId) this.#rowOfLargeId.set(id, rowHere(row))
  }

  #rowsByStack(): Uint32Array {
    const builder = this.#builder
    const rows = new Uint32Array(builder.tables.stacks.length)
    for (let row = 0; row < builder.length; row++) rows[builder.stackOf(row)] = row + 1
    return rows
  }

  #setId(id: number, row: number): void {
    if (id === NO_ID) return
    let other: number | undefined
    if (id < DENSE) {
      if (id >= this.#rowOfId.length) this.#rowOfId = reserve(this.#rowOfId, id + 1)
      other = this.#rowOfId[id]
      this.#rowOfId[id] = row
    } else {
      other = this.#rowOfLargeId.get(id)
      this.#rowOfLargeId.set(id, row)
    }
    if (other) this.#tokens.fail('malformed', `two nodes have the id ${id}`)
  }

  #addSample(node: number, size: number, ordinal: number): void {
    const row = node < DENSE ? this.#rowOfId[node] : this.#rowOfLargeId.get(node)
    if (!row) this.#withoutNode++
    else if (row === NO_BYTES) this.#withoutBytes++
    else if (this.#multisets) this.#multisets.add(row - 1, size)
    else {
      this.#builder.addBlocks(row - 1, 1)
      if (this.#keeps) this.#builder.addSample(row - 1, size, ordinal)
    }
  }

  /** The head is closed: what waited for it is resolved. A parent stands before its children. */
  #finish(): void {
    if (this.#late > 0) this.#rowOfStack ??= this.#rowsByStack()
    for (let i = 0; i < this.#late; i++) {
      const parent = this.#lateParent[i]
      const isLate = parent >= LATE && parent !== UNKNOWN
      const stack = this.#stackBelow(isLate ? this.#lateParent[parent - LATE] : parent, this.#lateFrame[i])
      this.#lateParent[i] = stack
      this.#add(stack, this.#lateSize[i], this.#lateId[i])
    }
    this.#fold()
    this.#isWhole = true
    for (let i = 0; i < this.#waiting; i++) {
      this.#addSample(this.#waitingNode[i], this.#waitingSize[i], this.#waitingOrdinal[i])
    }
    this.#lateParent = this.#lateFrame = new Uint32Array(0)
    this.#lateSize = this.#lateId = new Float64Array(0)
    this.#waitingNode = this.#waitingSize = this.#waitingOrdinal = new Float64Array(0)
  }
}
