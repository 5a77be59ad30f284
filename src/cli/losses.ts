// Reports what a snapshot has that the output format cannot hold.
import type { Carried, Converter } from '../../converters/converter.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { say } from './say.ts'

const WORDS: Record<Carried, string> = {
  count: 'numbers of blocks',
  lineno: 'line numbers',
  column: 'columns',
  function: 'function names',
  exact: 'whether a line is the calling line',
  domain: 'domains',
  type: 'types',
  ordinal: 'samples (for pairing and error bars)',
  totalNframe: 'numbers of frames before truncation',
  meta: 'facts such as interval, session and time',
  measures: 'more than one snapshot',
}

/** What the snapshots have that the format cannot hold, in words. */
function lossesOf(snapshots: readonly Snapshot[], converter: Converter): string[] {
  const present = new Set<Carried>(snapshots.length > 1 ? ['measures'] : [])
  for (const snapshot of snapshots) for (const what of contentsOf(snapshot)) present.add(what)
  return [...present].filter(what => !converter.carries.includes(what)).map(what => WORDS[what])
}

/** Prints on standard error what the format does not keep. */
export function sayLosses(snapshots: readonly Snapshot[], converter: Converter): void {
  const lost = lossesOf(snapshots, converter)
  if (lost.length > 0) say(`${converter.name} does not keep ${lost.join(', ')}`)
}

/** What a snapshot holds beyond stacks and sizes. */
function contentsOf({ tables, columns, meta }: Snapshot): Carried[] {
  const { frames } = tables
  const some = (column: ArrayLike<number>, length = column.length) => {
    for (let i = 0; i < length; i++) if (column[i] !== 0) return true
    return false
  }
  const contents: Carried[] = columns.count.every(Number.isNaN) ? [] : ['count']
  if (some(frames.lineno, frames.length)) contents.push('lineno')
  if (some(frames.column, frames.length)) contents.push('column')
  if (some(frames.functionName, frames.length)) contents.push('function')
  if (some(frames.exact, frames.length)) contents.push('exact')
  if (some(columns.domain)) contents.push('domain')
  if (some(columns.type)) contents.push('type')
  if (columns.samples) contents.push('ordinal')
  if (columns.totalNframe) contents.push('totalNframe')
  if (meta.interval !== undefined || meta.session !== undefined || meta.time !== undefined)
    contents.push('meta')
  return contents
}
