// The distinct stacks of a file, as indexes of its frames: those may come after the profiles.
import { FormatError } from '../../src/errors.ts'
import { Stacks } from '../../src/model/tables/stacks.ts'
import type { Tables } from '../../src/model/tables/tables.ts'
import { reserve } from '../../src/model/tables/typed-arrays.ts'
import { FORMAT, take } from './names.ts'

/** What a stack takes in all tables, while they grow. */
const BYTES = 200
/** Most pairs of frames that are put off. */
const MOST_PAIRS = 100_000

/** A tree of stacks. Node 0 is the empty one. */
export class Calls {
  readonly #stacks = new Stacks()
  readonly #afford: (bytes: number) => void
  #asked = 1 << 16
  /** Ids of the frames, as soon as they are known. */
  #frames: Uint32Array | undefined
  /** The greatest index that was seen before they were, and where. */
  #greatest = -1
  #greatestAt = ''
  /** Frames of which an event closed one where the other was open: they must be equal. */
  readonly #pairs = new Map<string, string>()
  #rowOf = new Uint32Array(64)

  constructor(afford: (bytes: number) => void = () => {}) {
    this.#afford = afford
  }

  /** The node that results when `caller` calls a frame. */
  call(caller: number, frame: number, path: () => string): number {
    const end = this.#frames?.length ?? 2 ** 32
    if (!(frame >= 0 && frame < end && Number.isInteger(frame))) take.index(frame, end, path())
    if (!this.#frames && frame > this.#greatest) {
      this.#greatest = frame
      this.#greatestAt = path()
    }
    const node = this.#stacks.intern(caller, frame)
    if (node >= this.#asked) this.#afford((this.#asked *= 2) * BYTES)
    return node
  }

  /** The caller of a node whose frame is closed. -1: another frame is open, or none. */
  close(node: number, frame: number, path: () => string): number {
    if (node === 0) return -1
    const open = this.#stacks.frame[node]
    if (open !== frame) {
      if (this.#frames && !(this.#frames[open] === this.#frames[frame])) return -1
      if (!this.#frames) this.#pairs.set(`${open},${frame}`, path())
      if (this.#pairs.size > MOST_PAIRS)
        throw new FormatError('too-large', 'events that close another frame', {
          format: FORMAT,
          path: path(),
        })
    }
    return this.#stacks.parent[node]
  }

  /** Tells the frames' ids. */
  setFrames(frames: Uint32Array): void {
    this.#frames = frames
    if (this.#greatest >= frames.length) take.index(this.#greatest, frames.length, this.#greatestAt)
    for (const [pair, path] of this.#pairs) {
      const [open, closed] = pair.split(',').map(index => frames[Number(index)])
      if (open !== closed) take.fail(path, 'neither opens a frame nor closes the open one')
    }
  }

  /** A node's row in the array that is read, from 1: `next` for a new node. */
  rowOf(node: number, next: number): number {
    if (node >= this.#rowOf.length) this.#rowOf = reserve(this.#rowOf, node + 1)
    return this.#rowOf[node] || (this.#rowOf[node] = next)
  }

  /** Ends what `rowOf` knows. */
  forget(nodes: Uint32Array): void {
    for (const node of nodes) this.#rowOf[node] = 0
  }

  /** Stack ids of all nodes. */
  stacksIn({ stacks }: Tables): Uint32Array {
    const { parent, frame, length } = this.#stacks
    const ids = new Uint32Array(length)
    for (let i = 1; i < length; i++) ids[i] = stacks.intern(ids[parent[i]], this.#frames![frame[i]])
    return ids
  }
}
