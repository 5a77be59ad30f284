// The order of groups that have the same size and count.
import { compareCodePoints } from '../../text/units.ts'
import type { StackId } from '../tables/ids.ts'
import type { Tables } from '../tables/tables.ts'
import type { FrameKey, GroupDescription, KeyType } from './keys.ts'

/** The parts of a Grouper that the order depends on. */
interface OrderedGrouper {
  readonly tables: Tables
  readonly keyTypes: readonly KeyType[]
  readonly frameKey: FrameKey | undefined
  describe(id: number): GroupDescription
}

/** Orders a grouper's ids by traceback, then label; for CPython's keys without making descriptions. */
export function groupOrder(grouper: OrderedGrouper): (a: number, b: number) => number {
  const { tables, keyTypes, frameKey } = grouper
  const { frames } = tables
  if (frameKey && (keyTypes[0] === 'lineno' || keyTypes[0] === 'filename')) {
    const rank = fileRanks(tables)
    const { first } = frameKey
    const byLine = keyTypes[0] === 'lineno'
    return (a, b) => {
      if (a === 0 || b === 0) return a - b // memory without a frame comes first
      const x = first[a]
      const y = first[b]
      const order = rank[frames.filename[x]] - rank[frames.filename[y]]
      return order !== 0 || !byLine ? order : frames.lineno[x] - frames.lineno[y]
    }
  }
  if (keyTypes.length === 1 && keyTypes[0] === 'traceback') return stackOrder(tables)
  const described = new Map<number, GroupDescription>()
  const get = (id: number): GroupDescription => {
    let description = described.get(id)
    if (!description) described.set(id, (description = grouper.describe(id)))
    return description
  }
  return (a, b) => {
    const x = get(a)
    const y = get(b)
    return x.traceback.compare(y.traceback) || compareCodePoints(x.label, y.label)
  }
}

function stackOrder({ frames, stacks, strings }: Tables): (a: StackId, b: StackId) => number {
  const text = (column: Uint32Array, x: number, y: number) =>
    column[x] === column[y] ? 0 : compareCodePoints(strings.get(column[x]), strings.get(column[y]))
  return (a, b) => {
    const x = stacks.framesOf(a)
    const y = stacks.framesOf(b)
    for (let i = 0; i < x.length && i < y.length; i++) {
      if (x[i] === y[i]) continue
      const order =
        text(frames.filename, x[i], y[i]) ||
        frames.lineno[x[i]] - frames.lineno[y[i]] ||
        text(frames.functionName, x[i], y[i]) ||
        frames.column[x[i]] - frames.column[y[i]]
      if (order !== 0) return order
    }
    return x.length - y.length
  }
}

/** For each string id, its rank among all file names. */
function fileRanks({ frames, strings }: Tables): Uint32Array {
  const isFile = new Uint8Array(strings.length)
  for (let i = 0; i < frames.length; i++) isFile[frames.filename[i]] = 1
  const files: number[] = []
  for (let id = 0; id < isFile.length; id++) if (isFile[id] === 1) files.push(id)
  files.sort((a, b) => compareCodePoints(strings.get(a), strings.get(b)))
  const ranks = new Uint32Array(strings.length)
  for (let i = 0; i < files.length; i++) ranks[files[i]] = i
  return ranks
}
