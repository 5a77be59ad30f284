// Strings, frames and stacks, shared by the snapshots of one source.
import { Frames } from './frames.ts'
import type { FrameId, StringId } from './ids.ts'
import { Stacks } from './stacks.ts'
import { Strings } from './strings.ts'

/** Tables to read from: only their columns, so that they can come from another thread. */
export interface TableColumns {
  readonly strings: { readonly length: number; get(id: number): string }
  readonly frames: {
    readonly functionName: ArrayLike<number>
    readonly filename: ArrayLike<number>
    readonly lineno: ArrayLike<number>
    readonly column: ArrayLike<number>
    readonly exact: ArrayLike<number>
    readonly startLine: ArrayLike<number>
    readonly startColumn: ArrayLike<number>
    readonly length: number
  }
  readonly stacks: {
    readonly parent: ArrayLike<number>
    readonly frame: ArrayLike<number>
    readonly length: number
  }
}

/** For each id of another source's strings and stacks, the id here. */
interface Adopted {
  readonly strings: Uint32Array
  readonly stacks: Uint32Array
}

/** Append-only tables: ids never change their meaning, so any number of snapshots can share them. */
export class Tables {
  readonly strings = new Strings()
  readonly frames = new Frames(this.strings)
  readonly stacks = new Stacks()

  /** Interns another source's strings, frames and stacks here. */
  adopt(other: TableColumns): Adopted {
    const strings = new Uint32Array(other.strings.length)
    for (let i = 0; i < strings.length; i++) strings[i] = this.strings.intern(other.strings.get(i))
    const frameHere = this.frameAdopter(other)
    const frames = new Uint32Array(other.frames.length)
    for (let i = 0; i < frames.length; i++) frames[i] = frameHere(i)
    const stacks = new Uint32Array(other.stacks.length)
    for (let i = 1; i < stacks.length; i++) {
      stacks[i] = this.stacks.intern(stacks[other.stacks.parent[i]], frames[other.stacks.frame[i]])
    }
    return { strings, stacks }
  }

  /** Returns a function that interns another source's frame when called and gives its id here. */
  frameAdopter(other: TableColumns): (frame: FrameId) => FrameId {
    const { functionName, filename, lineno, column, exact, startLine, startColumn } = other.frames
    const strings = new Map<StringId, StringId>()
    const stringHere = (id: StringId): StringId => {
      let here = strings.get(id)
      if (here === undefined) strings.set(id, (here = this.strings.intern(other.strings.get(id))))
      return here
    }
    return i =>
      this.frames.internIds(
        stringHere(functionName[i]),
        stringHere(filename[i]),
        lineno[i],
        column[i],
        exact[i],
        startLine[i],
        startColumn[i],
      )
  }
}
