// Recognizes memory of V8 and of the inspector.
import { allocationFrames } from '../../model/grouping/keys.ts'
import { V8 } from '../../model/tables/frames.ts'
import type { Tables } from '../../model/tables/tables.ts'

/** Files of the inspector, whose own memory appears in the profiles it makes. */
const INSPECTOR = /^node:(internal\/(util\/|process\/)?)?inspector/

/**
 * Which stacks hold memory of V8 and the inspector, not of the program: 1 by stack. These are pseudo frames
 * without a caller, such as `(EXTERNAL)`, and everything the inspector called.
 */
export function runtimeStacks(tables: Tables): Uint8Array {
  const { strings, frames, stacks } = tables
  const isInspector = new Uint8Array(frames.length)
  const isV8 = new Uint8Array(frames.length)
  for (let i = 0; i < frames.length; i++) {
    const filename = strings.get(frames.filename[i])
    if (filename === V8) isV8[i] = 1
    else if (INSPECTOR.test(filename)) isInspector[i] = 1
  }
  const allocation = allocationFrames(tables)
  const result = new Uint8Array(stacks.length)
  const inside = new Uint8Array(stacks.length)
  for (let i = 1; i < stacks.length; i++) {
    inside[i] = inside[stacks.parent[i]] | isInspector[stacks.frame[i]]
    result[i] = inside[i] | isV8[allocation[i]]
  }
  return result
}
