// The table of interned call stacks.
import type { FrameId, StackId } from './ids.ts'
import { hash2, RowIndex, reserve } from './typed-arrays.ts'

/**
 * A tree of calls with parent pointers. Node 0 is the empty stack; `parent[i] < i`; `frame[i]` is the most
 * recent call of stack `i` (undefined for node 0).
 */
export class Stacks {
  parent = new Uint32Array(64)
  frame = new Uint32Array(64)
  length = 1
  readonly #index = new RowIndex()
  readonly #hashOf = (i: number) => hash2(this.parent[i], this.frame[i])
  /** Stacks below this are in the index; the others are added when `intern` needs it. */
  #indexed = 1

  /** The stack that results when `parent` calls `frame`. */
  intern(parent: StackId, frame: FrameId): StackId {
    while (this.#indexed < this.length) this.#addToIndex()
    const index = this.#index
    for (let i = index.first(hash2(parent, frame)); i >= 0; i = index.next()) {
      if (this.parent[i] === parent && this.frame[i] === frame) return i
    }
    const id = this.append(parent, frame)
    this.#addToIndex()
    return id
  }

  /** As `intern`, for a stack known to be new: builds no index unless `intern` is called later. */
  append(parent: StackId, frame: FrameId): StackId {
    const id = this.length++
    if (id >= this.parent.length) {
      this.parent = reserve(this.parent, this.length)
      this.frame = reserve(this.frame, this.length)
    }
    this.parent[id] = parent
    this.frame[id] = frame
    return id
  }

  #addToIndex(): void {
    const id = this.#indexed++
    this.#index.add(this.#hashOf(id), id, this.#hashOf)
  }

  /** Frame ids of a stack, oldest first; empty for a negative number. */
  framesOf(stack: StackId): FrameId[] {
    const frames: FrameId[] = []
    for (let i = stack; i > 0; i = this.parent[i]) frames.push(this.frame[i])
    return frames.reverse()
  }

  depthOf(stack: StackId): number {
    let depth = 0
    for (let i = stack; i > 0; i = this.parent[i]) depth++
    return depth
  }
}
