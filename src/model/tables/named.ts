// Tables in which each file has one name.
import { fileName } from '../names/file-name.ts'
import { Tables } from './tables.ts'

/** Tables with the names of `fileName`, and the stack there of each stack here. */
export interface NamedTables {
  readonly tables: Tables
  readonly stacks: Uint32Array
}

interface Known {
  /** Number of frames looked at. */
  frames: number
  /** By string id: the name of the file, for those looked at. */
  names: (string | undefined)[]
  into: Tables | undefined
  stacks: Uint32Array
}

/** Tables only grow, so what is known of them is not looked at again. */
const known = new WeakMap<Tables, Known>()

/** The same frames and stacks by the names of their files; undefined if these are their names already. */
export function namedTables(from: Tables): NamedTables | undefined {
  let state = known.get(from)
  if (!state) known.set(from, (state = { frames: 0, names: [], into: undefined, stacks: new Uint32Array(1) }))
  const { frames, strings } = from
  for (; state.frames < frames.length; state.frames++) {
    const file = frames.filename[state.frames]
    if (state.names[file] !== undefined) continue
    const name = strings.get(file)
    state.names[file] = fileName(name)
    if (state.names[file] !== name) state.into ??= new Tables()
  }
  const { into } = state
  if (!into) return undefined
  if (state.stacks.length < from.stacks.length) state.stacks = renamed(from, into, state)
  return { tables: into, stacks: state.stacks }
}

function renamed({ frames, stacks, strings }: Tables, into: Tables, state: Known): Uint32Array {
  const here = new Uint32Array(stacks.length)
  here.set(state.stacks)
  const frameIds = new Int32Array(frames.length).fill(-1)
  const frameHere = (i: number) =>
    into.frames.intern(
      strings.get(frames.functionName[i]),
      state.names[frames.filename[i]] as string,
      frames.lineno[i],
      frames.column[i],
      frames.exact[i] === 1,
    )
  for (let i = state.stacks.length; i < here.length; i++) {
    const frame = stacks.frame[i]
    if (frameIds[frame] < 0) frameIds[frame] = frameHere(frame)
    here[i] = into.stacks.intern(here[stacks.parent[i]], frameIds[frame])
  }
  return here
}
