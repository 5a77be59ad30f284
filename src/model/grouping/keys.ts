// The keys that rows can be grouped by, and how a group of each is described.
import { Frame } from '../frame.ts'
import { UNKNOWN } from '../frame-text.ts'
import { domainName } from '../meta.ts'
import { packageOf } from '../names/package.ts'
import { type Frames, NATIVE, V8 } from '../tables/frames.ts'
import type { FrameId, StackId } from '../tables/ids.ts'
import type { Tables } from '../tables/tables.ts'
import { reserve, TupleIds } from '../tables/typed-arrays.ts'
import { Traceback } from '../traceback.ts'

/** What statistics can be grouped by: CPython's three keys, and four that V8's data allows. */
export const KEY_TYPES = ['lineno', 'filename', 'traceback', 'function', 'type', 'domain', 'package'] as const
export type KeyType = (typeof KEY_TYPES)[number]
/** Those that depend on one frame alone; the others are in `group.ts`. */
type FrameKeyType = Exclude<KeyType, 'traceback' | 'type' | 'domain'>

/** Label of memory whose allocation was not traced. */
export const UNTRACED = '<untraced>'

/** What the rows of one group have in common. Only the fields of the group's key types are present. */
export interface GroupKey {
  filename?: string
  lineno?: number
  column?: number
  functionName?: string
  /** False where `lineno` is only where the function starts. */
  exact?: boolean
  type?: string
  domain?: number
  package?: string
}

/** A group as text and as values. */
export interface GroupDescription {
  label: string
  key: GroupKey
  traceback: Traceback
}

/** For each stack, its allocation frame: the most recent one that has a file, or else the most recent one. */
export function allocationFrames(tables: Tables): Uint32Array {
  const { stacks, frames } = tables
  const hasFile = new Uint8Array(frames.length)
  for (let i = 0; i < hasFile.length; i++) hasFile[i] = frames.hasFile(i) ? 1 : 0
  const result = new Uint32Array(stacks.length)
  const found = new Uint8Array(stacks.length)
  for (let i = 1; i < stacks.length; i++) {
    const frame = stacks.frame[i]
    const parent = stacks.parent[i]
    const inherited = hasFile[frame] === 0 && found[parent] === 1
    result[i] = inherited ? result[parent] : frame
    found[i] = inherited || hasFile[frame] === 1 ? 1 : 0
  }
  return result
}

/** A key type that is derived from one frame: frames that agree in it get the same id. */
export interface FrameKey {
  /** Id of a frame: 1, 2, ... in the order of the calls. 0 stands for memory without a frame. */
  idOf(frame: FrameId): number
  /** The first frame of each id except 0. */
  readonly first: ArrayLike<FrameId>
  /** Number of ids given so far, including 0. */
  readonly length: number
  /** Describes an id, given the frames in use that have it. */
  describe(id: number, used: readonly FrameId[]): GroupDescription
}

/** How a key type is derived from a frame. */
interface FrameKeyRule {
  /** How many integers two frames share if they have the same key. */
  readonly width: number
  /** Returns what fills in these integers. */
  fill(tables: Tables): (tuple: number[], frame: FrameId) => void
  /** Describes the frames in use that have the same key. */
  describe(frames: Frames, used: readonly FrameId[]): GroupDescription
}

const FRAME_KEYS: Record<FrameKeyType, FrameKeyRule> = {
  lineno: {
    width: 4,
    fill:
      ({ frames, strings }) =>
      (tuple, i) => {
        tuple[0] = frames.filename[i]
        tuple[1] = frames.lineno[i]
        // What a line itself allocates, and what a function that starts there does somewhere, are two things.
        tuple[2] = frames.exact[i]
        // Where neither file nor line is known, the function's name is all that tells rows apart.
        tuple[3] =
          frames.lineno[i] === 0 && NO_FILES.has(strings.get(frames.filename[i])) ? frames.functionName[i] : 0
      },
    describe: (frames, used) => describeLine(used.map(i => frames.get(i))),
  },
  filename: {
    width: 1,
    fill:
      ({ frames }) =>
      (tuple, i) =>
        (tuple[0] = frames.filename[i]),
    describe(frames, [first]) {
      const { filename } = frames.get(first)
      return { label: `${filename}:0`, key: { filename }, traceback: new Traceback([new Frame(filename, 0)]) }
    },
  },
  function: {
    width: 5,
    fill:
      ({ frames }) =>
      (tuple, i) => {
        tuple[0] = frames.filename[i]
        tuple[1] = frames.functionName[i]
        // A calling line does not identify the function; the place where it starts does.
        const { line, column } = frames.startOf(i)
        tuple[2] = line
        tuple[3] = column
        tuple[4] = line === 0 ? frames.exact[i] : 0
      },
    describe: (frames, [first]) => describeFunction(frames.get(first)),
  },
  package: {
    width: 1,
    fill({ frames, strings }) {
      const packages = new Map<string, number>()
      const byFile: number[] = []
      const intern = (name: string) => {
        const id = packages.get(name) ?? packages.size
        if (id === packages.size) packages.set(name, id)
        return id
      }
      return (tuple, i) =>
        (tuple[0] = byFile[frames.filename[i]] ??= intern(packageOf(strings.get(frames.filename[i]))))
    },
    describe(frames, [first]) {
      const name = packageOf(frames.get(first).filename)
      return { label: name, key: { package: name }, traceback: new Traceback([]) }
    },
  },
}

/** Files of frames that have none. */
const NO_FILES = new Set([NATIVE, V8, UNKNOWN, ''])

export function isFrameKey(type: KeyType): type is FrameKeyType {
  return Object.hasOwn(FRAME_KEYS, type)
}

export function frameKey(type: FrameKeyType, tables: Tables): FrameKey {
  const { frames } = tables
  const { width, fill, describe } = FRAME_KEYS[type]
  const fillIn = fill(tables)
  const tuples = new TupleIds(width)
  const tuple = new Array<number>(width).fill(0)
  let ids = new Uint32Array(frames.length) // 0 = none yet
  const first = [0]
  return {
    first,
    get length() {
      return first.length
    },
    idOf(frame) {
      ids = reserve(ids, frame + 1)
      if (ids[frame] !== 0) return ids[frame]
      fillIn(tuple, frame)
      const id = tuples.intern(tuple) + 1
      if (id === first.length) first.push(frame)
      ids[frame] = id
      return id
    },
    describe: (_id, used) => describe(frames, used),
  }
}

/** A function's name to display. V8's own, such as `(GC)`, already have parentheses. */
function displayName(frame: Frame): string {
  return frame.functionName || '(anonymous)'
}

/** `file:line`; if the line is only where the function starts, the function's name follows. */
function lineLabel(frame: Frame, others = false): string {
  if (frame.exact) return frame.toString()
  const name = displayName(frame)
  if (others) return `${frame} (${name}, ...)`
  return `${frame} ${name.startsWith('(') ? name : `(${name})`}`
}

function describeLine(frames: readonly Frame[]): GroupDescription {
  const [first] = frames
  const alone = frames.every(f => f.functionName === first.functionName && f.column === first.column)
  const frame = alone ? first : new Frame(first.filename, first.lineno, first.functionName, 0, first.exact)
  const key: GroupKey = { filename: frame.filename, lineno: frame.lineno, exact: frame.exact }
  if (alone && frame.column) key.column = frame.column
  if (alone && frame.functionName) key.functionName = frame.functionName
  return { label: lineLabel(frame, !alone), key, traceback: new Traceback([frame]) }
}

function describeFunction(frame: Frame): GroupDescription {
  const name = displayName(frame)
  const { filename, functionName, exact } = frame
  const key: GroupKey = { filename, functionName }
  const [line, column] = exact ? [frame.startLine, frame.startColumn] : [frame.lineno, frame.column]
  if (exact && line === 0) return { label: `${name} (${filename})`, key, traceback: new Traceback([frame]) }
  const start = new Frame(filename, line, functionName, column, false)
  key.lineno = line
  if (column) key.column = column
  key.exact = false
  return { label: `${name} (${start})`, key, traceback: new Traceback([start]) }
}

export function describeStack(tables: Tables, stack: StackId): GroupDescription {
  const traceback = new Traceback(tables.stacks.framesOf(stack).map(i => tables.frames.get(i)))
  return { label: traceback.length ? lineLabel(traceback.frames[0]) : UNTRACED, key: {}, traceback }
}

export function describeType(type: string): GroupDescription {
  return { label: type || '<unknown>', key: { type }, traceback: new Traceback([]) }
}

export function describeDomain(domain: number): GroupDescription {
  return { label: domainName(domain), key: { domain }, traceback: new Traceback([]) }
}
