// Heap profiles as text: jemalloc's, gperftools', and Go's with debug=1.
// https://github.com/google/pprof/blob/main/profile/legacy_profile.go (parseHeap),
// https://github.com/jemalloc/jemalloc/blob/dev/src/prof_data.c
//
//   heap profile: 1: 1048576 [5: 5242880] @ heap_v2/524288      heap_v2/524288
//     1: 1048576 [4: 4194304] @ 0x0147 0x00ee                     t*: 1: 128 [0: 0]
//   MAPPED_LIBRARIES:                                           @ 0x1 0x2
//                                                                 t*: 1: 128 [0: 0]
//
// | in the file          | unit, base, sentinel                                                       |
// | -------------------- | -------------------------------------------------------------------------- |
// | n: bytes [n: bytes]  | in use, and in brackets ever allocated; as sampled                         |
// | heap_v2/N            | sampled every N bytes on average: scaled up here as pprof does             |
// | heap/N               | the same of Go, where N is twice the interval                              |
// | heapprofile, growthz | everything is in it                                                        |
// | @ 0x1 0x2            | return addresses, newest first; the call is before each: named by one less |
// | #  0x1 f+0x2 a.go:3  | Go: the frames of the line above, newest first                             |
// | --- symbol           | pprof --raw: names of addresses in front of the profile                    |
//
// Quirks: jemalloc has a line a thread, `t*` is of all; `[0: 0]` everywhere where nothing but what is in use
// was recorded.

import { asciiOf, type Line, linesOf } from '../src/bytes/lines.ts'
import type { Source } from '../src/bytes/source.ts'
import { FormatError } from '../src/errors.ts'
import { SnapshotBuilder } from '../src/model/builder.ts'
import type { Measure, SnapshotMeta } from '../src/model/meta.ts'
import type { Snapshot } from '../src/model/snapshot.ts'
import { NATIVE } from '../src/model/tables/frames.ts'
import { Tables } from '../src/model/tables/tables.ts'
import type { Converter, ReadOptions } from './converter.ts'

const FORMAT = 'textheap'
const HEADER = /^heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] *@ *([a-z_0-9]+)(?:\/(\d+))?\s*$/
const JEMALLOC = /^heap_v2\/(\d+)\s*$/
const SYMBOLS = /^--- symbol\s*$/
const SAMPLE = /^ *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] *@((?: *0x[0-9a-f]{1,16}(?= |$))*) *$/i
const STACK = /^@((?: *0x[0-9a-f]{1,16}(?= |$))*) *$/i
const THREAD = /^ *t(\*|\d+): *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] *$/
const GO_FRAME = /^#\t0x([0-9a-f]+)(?:\t(.*?)\+0x[0-9a-f]+\t+(.*):(\d+))?\s*$/
const MAPPINGS = /^(?:MAPPED_LIBRARIES:|--- Memory map:)/
/** Most frames of a stack. */
const DEEPEST = 1 << 20

function sniff(head: Uint8Array): 'yes' | 'no' {
  const text = asciiOf(head.subarray(0, 4096)).trimStart()
  return /^(?:heap profile: *\d+: *\d+ *\[|heap_v2\/\d+\s|--- symbol\s)/.test(text) ? 'yes' : 'no'
}

/** Blocks and bytes, in use and allocated. */
type Values = readonly [count: number, size: number, allCount: number, allSize: number]

async function read(source: Source, options: ReadOptions): Promise<readonly Snapshot[]> {
  const reader = new TextHeapReader()
  for await (const line of linesOf(source, FORMAT)) if (!reader.take(line)) break
  return reader.snapshots(options)
}

class TextHeapReader {
  readonly #tables = new Tables()
  readonly #live = new SnapshotBuilder(this.#tables)
  readonly #all = new SnapshotBuilder(this.#tables)
  readonly #symbols = new Map<bigint, string>()
  #state: 'start' | 'symbols' | 'samples' = 'start'
  /** Bytes between samples, on average; 1 = all, 0 = unknown. */
  #interval = 0
  /** Is anything told of what was freed? */
  #hasAll = false
  // The stack whose values, or frames, are still to come.
  #addresses: readonly string[] | undefined
  #values: Values | undefined
  readonly #frames: number[] = []
  #deepest = 0
  #inNoBlocks = 0

  /** Takes a line; false = the rest is of no interest. */
  take(line: Line): boolean {
    const { text } = line
    if (text.trim() === '') return true
    if (this.#state === 'start') this.#start(line)
    else if (this.#state === 'symbols') this.#symbol(text)
    else if (MAPPINGS.test(text)) return false
    else this.#sample(line)
    return true
  }

  #start(line: Line): void {
    const { text } = line
    const header = HEADER.exec(text)
    const jemalloc = JEMALLOC.exec(text)
    if (SYMBOLS.test(text)) this.#state = 'symbols'
    else if ((header || jemalloc) && line.ended) {
      this.#state = 'samples'
      if (jemalloc) this.#interval = Number(jemalloc[1])
      else if (header) this.#readHeader(header, line)
    } else this.#fail(line, 'not the header of a heap profile')
  }

  #readHeader([, count, size, allCount, allSize, kind, rate = '0']: readonly string[], line: Line): void {
    const intervals: Record<string, number> = {
      heap_v2: Number(rate),
      heapz_v2: Number(rate),
      heap: Math.floor(Number(rate) / 2),
    }
    if (!Object.hasOwn(intervals, kind) && !/^(?:heapprofile|growthz?|fragmentationz?)$/.test(kind))
      this.#fail(line, `an unknown kind of profile: ${kind}`)
    this.#interval = intervals[kind] ?? 1
    const isOther = (all: string, live: string) => all !== live && all !== '0'
    this.#hasAll =
      kind !== 'growth' && kind !== 'growthz' && (isOther(allCount, count) || isOther(allSize, size))
  }

  /** `0x4007a1 main`, or the line after which the profile follows. */
  #symbol(text: string): void {
    if (text.startsWith('--- heap')) this.#state = 'start'
    const [, address, name] = /^0x([0-9a-f]{1,16}) (.+?)\s*$/i.exec(text) ?? []
    if (address) this.#symbols.set(BigInt(`0x${address}`), name)
  }

  #sample(line: Line): void {
    const { text } = line
    const frame = GO_FRAME.exec(text)
    const thread = THREAD.exec(text)
    if (frame && this.#values) this.#goFrame(frame)
    else if (thread) this.#threadLine(thread, line)
    else if (!text.startsWith('#')) {
      this.#flush(line)
      this.#stackLine(line)
    }
  }

  /** Of one thread, of all threads and stacks, or, the one of interest, of all threads and this stack. */
  #threadLine(thread: readonly string[], line: Line): void {
    if (thread[1] !== '*' || this.#addresses === undefined) return
    this.#values = valuesOf(thread.slice(2))
    if (this.#values[2] > 0) this.#hasAll = true
    this.#flush(line)
  }

  #stackLine(line: Line): void {
    const { text } = line
    const stack = STACK.exec(text) ?? SAMPLE.exec(text)
    if (!stack || !line.ended) this.#fail(line, 'not a line of a heap profile')
    this.#addresses = stack[stack.length - 1].trim().split(/\s+/).filter(Boolean)
    if (stack.length > 2) this.#values = valuesOf(stack.slice(1))
  }

  #goFrame([, address, name, file, line]: readonly string[]): void {
    const { frames } = this.#tables
    const isNamed = name !== undefined
    this.#frames.push(
      isNamed
        ? frames.intern(name, file, Number(line), 0, Number(line) > 0)
        : frames.intern(`0x${address}`, NATIVE, 0),
    )
  }

  /** Adds the stack whose values are known. */
  #flush(line: Line): void {
    const values = this.#values
    if (values && this.#addresses) {
      const frames =
        this.#frames.length > 0 ? this.#frames : this.#addresses.map(address => this.#frameOf(address))
      if (frames.length > DEEPEST) this.#fail(line, 'a stack too deep')
      let stack = 0
      for (let i = frames.length - 1; i >= 0; i--) stack = this.#tables.stacks.intern(stack, frames[i])
      this.#deepest = Math.max(this.#deepest, frames.length)
      this.#add(this.#live, stack, values[0], values[1], line)
      this.#add(this.#all, stack, values[2], values[3], line)
    }
    this.#addresses = this.#values = undefined
    this.#frames.length = 0
  }

  /** The call in front of a return address. */
  #frameOf(address: string): number {
    const at = BigInt(address)
    const call = at > 0n ? at - 1n : at
    const name = this.#symbols.get(at) ?? this.#symbols.get(call) ?? `0x${call.toString(16)}`
    return this.#tables.frames.intern(name, NATIVE, 0)
  }

  #add(builder: SnapshotBuilder, stack: number, count: number, size: number, line: Line): void {
    if (count === 0 && size > 0) this.#inNoBlocks++
    const scaled = unsampled(count, size, this.#interval)
    if (!scaled.every(Number.isSafeInteger)) this.#fail(line, 'a number beyond 2^53')
    if (scaled[0] > 0 || scaled[1] > 0) builder.add(stack, scaled[1], scaled[0])
  }

  snapshots({ interval: given }: ReadOptions): Snapshot[] {
    const end = { text: '', offset: 0, ended: false }
    if (this.#state !== 'samples') this.#fail(end, 'no heap profile in it')
    this.#flush(end)
    const recorded = this.#interval > 0 ? this.#interval : undefined
    const interval = given ?? recorded
    const isExact = interval === 1
    const meta: SnapshotMeta = {
      source: FORMAT,
      measure: 'live',
      accuracy: isExact ? 'exact' : 'sampled',
      counts: isExact ? 'exact' : 'estimated',
      ...(interval !== undefined && { interval, intervalSource: given === undefined ? 'recorded' : 'given' }),
      ...(this.#inNoBlocks > 0 && { skipped: { 'lines of bytes in no blocks': this.#inNoBlocks } }),
    }
    const built = (builder: SnapshotBuilder, measure: Measure, name: string) =>
      builder.build({ ...meta, measure, ...(this.#hasAll && { name }) }, this.#deepest)
    const live = built(this.#live, 'live', 'inuse_space')
    return this.#hasAll ? [built(this.#all, 'allocated', 'alloc_space'), live] : [live]
  }

  #fail(line: Line, reason: string): never {
    throw new FormatError(line.ended ? 'malformed' : 'truncated', reason, {
      format: FORMAT,
      offset: line.offset,
    })
  }
}

function valuesOf(texts: readonly string[]): Values {
  const [count, size, allCount, allSize] = texts.map(Number)
  return [count, size, allCount, allSize]
}

/**
 * What the sampled blocks stand for: a block of `n` bytes is sampled with a chance of 1 - e^(-n/interval). As
 * pprof, in whole numbers.
 */
function unsampled(count: number, size: number, interval: number): [count: number, size: number] {
  if (interval <= 1) return [count, size]
  if (count === 0 || size === 0) return [0, 0]
  const scale = 1 / (1 - Math.exp(-size / count / interval))
  return [Math.trunc(count * scale), Math.trunc(size * scale)]
}

export const textheap: Converter = {
  name: FORMAT,
  title: 'heap profile as text (jemalloc, gperftools, Go with debug=1)',
  extensions: ['.heap'],
  spec: 'https://github.com/google/pprof/blob/main/profile/legacy_profile.go',
  carries: ['count', 'lineno', 'function', 'exact', 'measures'],
  truncation: 'when possible',
  sniff,
  read,
}
