// Folds the helpers of rewritten programs (src/lines) into the frames of the functions that call them, which
// so get the line and column of the operation itself.
import { type Site, siteOfHelper } from '../lines/helper-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Frames } from '../model/tables/frames.ts'
import type { FrameId, StackId } from '../model/tables/ids.ts'
import { Tables } from '../model/tables/tables.ts'
import { merged } from './merge.ts'

/** Tables without helpers, and what became of each stack; stacks of nothing are left out (0). */
interface FoldedStacks {
  readonly tables: Tables
  readonly stacks: Uint32Array
}

/**
 * The stacks `used` without the frames of helpers; undefined if there are none. A helper's caller in the same
 * script gets its line and column, and is exact. Where that is not the function that the operation stands in,
 * because V8 inlined it, the operation has a frame of its own: with that function's name where other stacks
 * show it, else without a name.
 */
export function foldStacks(tables: Tables, used: ArrayLike<StackId>): FoldedStacks | undefined {
  const sites = helpersOf(tables)
  if (sites.size === 0) return undefined
  const { stacks, frames } = tables
  const owners = ownersOf(tables, sites)
  // Of each stack: the stack that it continues here, the frame that it adds, and the helper that places it.
  const base = new Uint32Array(stacks.length)
  const owner = new Int32Array(stacks.length).fill(NONE)
  const helper = new Int32Array(stacks.length).fill(NONE)
  for (let s = 1; s < stacks.length; s++) {
    const frame = stacks.frame[s]
    const site = sites.get(frame)
    if (!site) {
      base[s] = stacks.parent[s]
      owner[s] = frame
      continue
    }
    const parent = stacks.parent[s]
    const own = parent !== 0 && isSameFile(frames, stacks.frame[parent], frame)
    helper[s] = frame
    owner[s] = owners.get(frame) ?? NONE
    if (own && helper[parent] === NONE && frames.exact[stacks.frame[parent]] === 1) owner[s] = owner[parent]
    const isCaller = own && (helper[parent] === NONE ? owner[s] === owner[parent] : isFused(s, parent))
    base[s] = isCaller ? base[parent] : parent
    if (isCaller) owner[s] = owner[parent]
  }
  return intern()

  /** Is a helper below another a part of the same operation? */
  function isFused(s: StackId, parent: StackId): boolean {
    if (owner[s] !== NONE) return owner[s] === owner[parent]
    const [here, there] = [sites.get(helper[s]), sites.get(helper[parent])]
    return here?.lineno === there?.lineno
  }

  function intern(): FoldedStacks {
    const isUsed = new Uint8Array(stacks.length)
    for (let i = 0; i < used.length; i++) isUsed[used[i]] = 1
    for (let s = stacks.length - 1; s > 0; s--) if (isUsed[s] === 1) isUsed[base[s]] = 1
    const into = new Tables()
    const adopt = into.frameAdopter(tables)
    const result = new Uint32Array(stacks.length)
    for (let s = 1; s < stacks.length; s++) {
      if (isUsed[s] === 0) continue
      const site = sites.get(helper[s])
      const frame = site ? placedFrame(site, s) : adopt(stacks.frame[s])
      result[s] = into.stacks.intern(result[base[s]], frame)
    }
    return { tables: into, stacks: result }

    function placedFrame({ lineno, column }: Site, s: StackId): FrameId {
      if (owner[s] === NONE) {
        return into.frames.intern('', frames.get(stacks.frame[s]).filename, lineno, column, true)
      }
      const { functionName, filename } = frames.get(owner[s])
      const start = frames.startOf(owner[s])
      return into.frames.intern(functionName, filename, lineno, column, true, start.line, start.column)
    }
  }
}

const NONE = -1

/** A snapshot without samples, such as one of exact traces, folded; rows that become equal are added up. */
export function foldHelpers(snapshot: Snapshot): Snapshot {
  const { columns } = snapshot
  const folded = foldStacks(snapshot.tables, columns.stack)
  if (!folded) return snapshot
  const { tables, stacks } = folded
  const strings = new Map<number, number>()
  const typeOf = (id: number) => {
    let type = strings.get(id)
    if (type === undefined) {
      strings.set(id, (type = tables.strings.intern(snapshot.tables.strings.get(id))))
    }
    return type
  }
  const on = { stack: columns.stack.map(s => stacks[s]), type: columns.type.map(typeOf) }
  return merged(snapshot.with({ tables, columns: on }), { exact: true, domain: true, type: true })
}

/** The frames that are helpers, by their place in the profile as well as by their name. */
function helpersOf({ frames, strings }: Tables): Map<FrameId, Site> {
  const sites = new Map<FrameId, Site>()
  const names = new Map<number, Site | undefined>()
  for (let i = 0; i < frames.length; i++) {
    const name = frames.functionName[i]
    if (!names.has(name)) names.set(name, siteOfHelper(strings.get(name)))
    const site = names.get(name)
    if (site && frames.hasFile(i)) sites.set(i, site)
  }
  if (sites.size === 0) return sites
  // Helpers stand at the end of their script: behind every function, and behind what they are named after.
  const last = new Map<number, number>()
  for (let i = 0; i < frames.length; i++) {
    if (sites.has(i) || frames.exact[i] === 1) continue
    const file = frames.filename[i]
    last.set(file, Math.max(last.get(file) ?? 0, frames.lineno[i]))
  }
  const others = new Set<number>()
  for (const [i, site] of sites) {
    const behind = Math.max(site.lineno, last.get(frames.filename[i]) ?? 0)
    if (frames.lineno[i] < behind) others.add(frames.filename[i])
  }
  for (const i of sites.keys()) if (others.has(frames.filename[i])) sites.delete(i)
  return sites
}

/**
 * The function that each helper's operation stands in: of those that are seen to call it, the one that starts
 * last before the operation. Those that start behind it, or earlier, only have it inlined.
 */
function ownersOf({ stacks, frames }: Tables, sites: Map<FrameId, Site>): Map<FrameId, FrameId> {
  const owners = new Map<FrameId, FrameId>()
  for (let s = 1; s < stacks.length; s++) {
    const helper = stacks.frame[s]
    const site = sites.get(helper)
    const parent = stacks.parent[s]
    if (!site || parent === 0) continue
    const caller = stacks.frame[parent]
    const isPossible =
      isSameFile(frames, caller, helper) &&
      !sites.has(caller) &&
      frames.exact[caller] === 0 &&
      frames.lineno[caller] <= site.lineno
    if (!isPossible) continue
    const known = owners.get(helper)
    if (known === undefined || startsBehind(frames, caller, known)) owners.set(helper, caller)
  }
  return owners
}

function startsBehind(frames: Frames, a: FrameId, b: FrameId): boolean {
  return (
    frames.lineno[a] - frames.lineno[b] > 0 ||
    (frames.lineno[a] === frames.lineno[b] && frames.column[a] > frames.column[b])
  )
}

function isSameFile(frames: Frames, a: FrameId, b: FrameId): boolean {
  return frames.filename[a] === frames.filename[b]
}
