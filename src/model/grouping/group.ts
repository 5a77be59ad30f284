// Groups a snapshot's rows and adds up their bytes and blocks.
import { UsageError } from '../../errors.ts'
import type { Columns, SnapshotData } from '../columns.ts'
import type { FrameId, StackId, StringId } from '../tables/ids.ts'
import type { Tables } from '../tables/tables.ts'
import { positions, reserve, TupleIds } from '../tables/typed-arrays.ts'
import { Traceback } from '../traceback.ts'
import {
  allocationFrames,
  describeDomain,
  describeStack,
  describeType,
  type FrameKey,
  frameKey,
  type GroupDescription,
  isFrameKey,
  KEY_TYPES,
  type KeyType,
  UNTRACED,
} from './keys.ts'
import { groupOrder } from './order.ts'

export type { GroupDescription, GroupKey, KeyType } from './keys.ts'

/** Where a trace counts: at its allocation only, once per different key among its frames, or per frame. */
export type Cumulative = boolean | 'per-frame'

/** Totals per group of one snapshot. Snapshots grouped by the same grouper can be compared by id. */
export interface Groups {
  readonly grouper: Grouper
  /** Ids of the groups that have rows. */
  readonly ids: Uint32Array
  /** Bytes and blocks, by id. */
  readonly size: Float64Array
  readonly count: Float64Array
  readonly estimated: boolean
}

/** Groups a snapshot's rows. Throws UsageError for an unknown key or one that cannot be cumulative. */
export function groupRows(
  snapshot: SnapshotData,
  keyType: KeyType | readonly KeyType[],
  cumulative: Cumulative = false,
): Groups {
  return new Grouper(snapshot.tables, keyType, cumulative).group(snapshot)
}

/** Gives rows group ids. For speed it first adds up rows per stack, then groups the distinct stacks. */
export class Grouper {
  readonly tables: Tables
  readonly keyTypes: readonly KeyType[]
  readonly cumulative: Cumulative
  readonly #frameKeys: (FrameKey | undefined)[]
  readonly #single: boolean
  /** Group tuples: one value per key type. Not used for a single key that comes from frames or stacks. */
  readonly #tuples: TupleIds
  #allocation: Uint32Array
  /** 1 for each frame in use. */
  #used: Uint8Array
  #usedFrames: (UsedFrames | undefined)[] | undefined
  #order: ((a: number, b: number) => number) | undefined

  constructor(tables: Tables, keyType: KeyType | readonly KeyType[], cumulative: Cumulative = false) {
    this.tables = tables
    this.keyTypes = typeof keyType === 'string' ? [keyType] : keyType
    this.cumulative = cumulative
    if (this.keyTypes.length === 0) throw new UsageError('no key type to group by')
    for (const type of this.keyTypes) {
      if (!KEY_TYPES.includes(type)) throw new UsageError(`unknown key_type: '${type}'`)
    }
    if (cumulative) {
      if (this.keyTypes.includes('traceback')) {
        throw new UsageError("cumulative mode cannot be used with key type 'traceback'")
      }
      if (!this.keyTypes.some(isFrameKey)) {
        throw new UsageError(`cumulative mode cannot be used with key type '${this.keyTypes.join(',')}'`)
      }
    }
    this.#frameKeys = this.keyTypes.map(type => (isFrameKey(type) ? frameKey(type, tables) : undefined))
    this.#single = this.keyTypes.length === 1 && !isRowKey(this.keyTypes[0])
    this.#tuples = new TupleIds(this.keyTypes.length)
    this.#allocation = allocationFrames(tables)
    this.#used = new Uint8Array(tables.frames.length)
  }

  /** Groups a snapshot. If it uses other tables, their missing entries are added to the grouper's tables. */
  group(snapshot: SnapshotData): Groups {
    this.#usedFrames = undefined
    this.#order = undefined
    const acc = new Totals()
    if (this.keyTypes.some(isRowKey)) this.#groupRows(snapshot.over(this.tables), acc)
    else if (this.frameKey && !this.cumulative) this.#groupFrames(snapshot, acc)
    else this.#groupStacks(snapshot, acc)
    return {
      grouper: this,
      ids: acc.ids(),
      size: acc.size,
      count: acc.count,
      estimated: snapshot.meta.counts === 'estimated',
    }
  }

  /** Id of the group for a trace with this stack, type and domain, by its allocation frame. */
  idOf(stack: StackId, type: StringId = 0, domain = 0): number {
    return this.#id(stack, this.#allocationOf(stack), type, domain)
  }

  /** The key, if the grouper has a single key and it comes from frames. */
  get frameKey(): FrameKey | undefined {
    return this.#single ? this.#frameKeys[0] : undefined
  }

  /** Number of ids given so far. */
  get length(): number {
    if (!this.#single) return this.#tuples.length
    const key = this.#frameKeys[0]
    return key ? key.length : this.tables.stacks.length
  }

  /** Negative, 0 or positive: the order of two groups by traceback, then label. */
  compare(a: number, b: number): number {
    this.#order ??= groupOrder(this)
    return this.#order(a, b)
  }

  /** Label, key and traceback of a group. */
  describe(id: number): GroupDescription {
    if (this.#single) return this.#describePart(0, id)
    const width = this.keyTypes.length
    const parts = this.keyTypes.map((_, k) => this.#describePart(k, this.#tuples.values[id * width + k]))
    return {
      label: parts.map(part => part.label).join(' '),
      key: Object.assign({}, ...parts.map(part => part.key)),
      traceback: (parts[this.keyTypes.indexOf('traceback')] ?? parts.find(hasTraceback) ?? parts[0])
        .traceback,
    }
  }

  #describePart(part: number, value: number): GroupDescription {
    const type = this.keyTypes[part]
    if (type === 'traceback') return describeStack(this.tables, value)
    if (type === 'type') return describeType(this.tables.strings.get(value))
    if (type === 'domain') return describeDomain(value)
    const key = this.#frameKeys[part] as FrameKey
    if (value === 0) return { label: UNTRACED, key: {}, traceback: new Traceback([]) }
    return key.describe(value, this.#framesInUse(part, value))
  }

  #framesInUse(part: number, value: number): FrameId[] {
    this.#usedFrames ??= this.#frameKeys.map(key => key && new UsedFrames(key, this.#used))
    return (this.#usedFrames[part] as UsedFrames).of(value)
  }

  /** Groups by one key of the allocation frame: needs only one total per frame. */
  #groupFrames(snapshot: SnapshotData, acc: Totals): void {
    const { tables } = snapshot
    const { stack, size, count } = byStack(snapshot)
    const sharesTables = tables === this.tables
    const allocation = sharesTables ? this.#allocationOfAll() : allocationFrames(tables)
    const frameHere = sharesTables ? undefined : this.tables.frameAdopter(tables)
    // Indexed by frame plus 1; 0 is memory without a stack. A plain loop: large snapshots spend their time
    // here.
    const sizes = new Float64Array(tables.frames.length + 1)
    const counts = new Float64Array(tables.frames.length + 1)
    const stackOf = new Uint32Array(tables.frames.length + 1) // any one of its stacks, plus 1; 0 = no rows
    for (let i = 0; i < stack.length; i++) {
      const s = stack[i]
      const place = s === 0 ? 0 : allocation[s] + 1
      sizes[place] += size[i]
      counts[place] += count[i]
      stackOf[place] = s + 1
    }
    for (let place = 0; place < stackOf.length; place++) {
      if (stackOf[place] === 0) continue
      const frame = place === 0 || !frameHere ? place - 1 : frameHere(place - 1)
      const id = place === 0 ? 0 : this.#groupId(stackOf[place] - 1, frame, 0, 0)
      acc.add(id, sizes[place], counts[place])
    }
  }

  #groupStacks(snapshot: SnapshotData, acc: Totals): void {
    const { stack, size, count } = byStack(snapshot)
    const ids = snapshot.tables === this.tables ? undefined : this.tables.adopt(snapshot.tables).stacks
    for (let i = 0; i < stack.length; i++) {
      this.#addStack(acc, ids ? ids[stack[i]] : stack[i], 0, 0, size[i], count[i])
    }
  }

  #groupRows(snapshot: SnapshotData, acc: Totals): void {
    const { stack, size, count, type, domain } = snapshot.columns
    const byType = this.keyTypes.includes('type')
    const byDomain = this.keyTypes.includes('domain')
    const distinct = new TupleIds(3)
    const tuple = [0, 0, 0]
    const totals = new Totals()
    for (let i = 0; i < stack.length; i++) {
      tuple[0] = stack[i]
      if (byType) tuple[1] = type[i]
      if (byDomain) tuple[2] = domain[i]
      totals.add(distinct.intern(tuple), size[i], count[i])
    }
    const { values } = distinct
    for (let d = 0; d < distinct.length; d++) {
      this.#addStack(
        acc,
        values[d * 3],
        values[d * 3 + 1],
        values[d * 3 + 2],
        totals.size[d],
        totals.count[d],
      )
    }
  }

  /** Adds a stack's totals to its group or, if cumulative, to the groups of all its frames. */
  #addStack(acc: Totals, stack: StackId, type: StringId, domain: number, size: number, count: number): void {
    if (!this.cumulative || stack === 0) {
      acc.add(this.#groupId(stack, this.#allocationOf(stack), type, domain), size, count)
      return
    }
    const { stacks, frames } = this.tables
    // Built-ins do not count as callers, just as C functions do not in Python.
    const onlyFiles = frames.hasFile(this.#allocationOf(stack))
    acc.stamp++
    for (let s = stack; s !== 0; s = stacks.parent[s]) {
      const frame = stacks.frame[s]
      if (onlyFiles && !frames.hasFile(frame)) continue
      const id = this.#groupId(s, frame, type, domain)
      if (this.cumulative === 'per-frame' || acc.first(id)) acc.add(id, size, count)
    }
  }

  #allocationOf(stack: StackId): FrameId {
    return (stack < this.#allocation.length ? this.#allocation : this.#allocationOfAll())[stack]
  }

  /** The allocation frames of all stacks in the grouper's tables, brought up to date. */
  #allocationOfAll(): Uint32Array {
    if (this.#allocation.length < this.tables.stacks.length) this.#allocation = allocationFrames(this.tables)
    return this.#allocation
  }

  #groupId(stack: StackId, frame: FrameId, type: StringId, domain: number): number {
    if (stack !== 0) {
      this.#used = reserve(this.#used, frame + 1)
      this.#used[frame] = 1
    }
    return this.#id(stack, frame, type, domain)
  }

  #id(stack: StackId, frame: FrameId, type: StringId, domain: number): number {
    if (this.#single) return this.#partValue(0, stack, frame, type, domain)
    return this.#tuples.intern(this.keyTypes.map((_, k) => this.#partValue(k, stack, frame, type, domain)))
  }

  #partValue(part: number, stack: StackId, frame: FrameId, type: StringId, domain: number): number {
    const key = this.#frameKeys[part]
    if (key) return stack === 0 ? 0 : key.idOf(frame)
    const keyType = this.keyTypes[part]
    return keyType === 'traceback' ? stack : keyType === 'type' ? type : domain
  }
}

/** A snapshot's rows added up by stack, or unchanged if that would not make them much fewer. */
function byStack({ tables, columns }: SnapshotData): Pick<Columns, 'stack' | 'size' | 'count'> {
  const { stack, size, count } = columns
  const stacks = tables.stacks.length
  if (stack.length <= stacks * 2) return columns
  // Size and count lie side by side: stacks are visited at random, and cache misses dominate.
  const sums = new Float64Array(stacks * 2)
  const seen = new Uint8Array(stacks) // stacks whose count may be 0 although they have rows
  for (let i = 0; i < stack.length; i++) {
    const s = stack[i]
    const blocks = count[i]
    sums[s * 2] += size[i]
    sums[s * 2 + 1] += blocks
    if (blocks <= 0) seen[s] = 1
  }
  for (let s = 0; s < stacks; s++) if (sums[s * 2 + 1] !== 0) seen[s] = 1
  const found = positions(seen)
  return {
    stack: found,
    size: Float64Array.from(found, s => sums[s * 2]),
    count: Float64Array.from(found, s => sums[s * 2 + 1]),
  }
}

/** The frames in use for each id of a frame key, as linked lists in ascending order. */
class UsedFrames {
  readonly #first: Uint32Array // frame + 1; 0 = none
  readonly #next: Uint32Array

  constructor(key: FrameKey, used: Uint8Array) {
    this.#first = new Uint32Array(key.length)
    this.#next = new Uint32Array(used.length)
    for (let frame = used.length - 1; frame >= 0; frame--) {
      if (used[frame] === 0) continue
      const id = key.idOf(frame)
      this.#next[frame] = this.#first[id]
      this.#first[id] = frame + 1
    }
  }

  of(id: number): FrameId[] {
    const frames: FrameId[] = []
    for (let next = this.#first[id]; next !== 0; next = this.#next[next - 1]) frames.push(next - 1)
    return frames
  }
}

/** Sums of bytes and blocks by id. */
class Totals {
  size = new Float64Array(64)
  count = new Float64Array(64)
  stamp = 0
  #length = 0
  #seen = new Uint8Array(64)
  #stamps: Uint32Array | undefined

  add(id: number, size: number, count: number): void {
    if (id >= this.#length) {
      this.#length = id + 1
      this.size = reserve(this.size, this.#length)
      this.count = reserve(this.count, this.#length)
      this.#seen = reserve(this.#seen, this.#length)
    }
    this.size[id] += size
    this.count[id] += count
    this.#seen[id] = 1
  }

  /** Is this the first request for this id since `stamp` last changed? */
  first(id: number): boolean {
    this.#stamps = reserve(this.#stamps ?? new Uint32Array(64), id + 1)
    if (this.#stamps[id] === this.stamp) return false
    this.#stamps[id] = this.stamp
    return true
  }

  /** Ids that have received something. */
  ids(): Uint32Array {
    return positions(this.#seen, this.#length)
  }
}

function hasTraceback({ traceback }: GroupDescription): boolean {
  return traceback.length > 0
}

function isRowKey(type: KeyType): boolean {
  return type === 'type' || type === 'domain'
}
