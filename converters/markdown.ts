// A summary in GitHub's Markdown, for a pull request or an assistant. Only written.
// https://github.github.com/gfm/
//
// Per snapshot: its facts and total, a table of the lines that hold most, and their biggest tracebacks.
// Everything that comes from a profile stands in code spans, in which nothing is a link, a mention, a tag or
// the border of a cell. What is not shown is counted. Sizes are CPython's (`50.7 KiB`), estimated numbers of
// blocks have a `~`.

import { inPieces } from '../src/bytes/lines.ts'
import { frameText } from '../src/model/frame-text.ts'
import type { Statistic } from '../src/model/grouping/statistic.ts'
import type { SnapshotMeta } from '../src/model/meta.ts'
import type { Snapshot } from '../src/model/snapshot.ts'
import { markdownCode } from '../src/text/escape.ts'
import { formatCount, formatSize, inBlocks } from '../src/text/units.ts'
import type { Converter } from './converter.ts'

/** What fits well in a comment. */
const LINES = 25
const TRACEBACKS = 5
const FRAMES = 20

function* write(snapshots: readonly Snapshot[]): Iterable<string> {
  for (const [i, snapshot] of snapshots.entries()) {
    const { meta, total } = snapshot
    const name = meta.name ?? meta.isolate
    if (i > 0) yield '\n'
    yield `### Memory${snapshots.length > 1 ? ` ${i + 1} of ${snapshots.length}` : ''}${name ? `: ${markdownCode(name)}` : ''}\n\n`
    yield `${formatSize(total.size)} ${inBlocks(total.count, meta.counts === 'estimated')}: ${factsOf(meta).join(', ')}.\n\n`
    yield* tableOf(snapshot)
    yield* tracebacksOf(snapshot)
  }
}

function factsOf(meta: SnapshotMeta): string[] {
  const facts: string[] = [meta.measure]
  const every = meta.interval === undefined ? '' : ` about every ${meta.interval} bytes`
  facts.push(meta.accuracy === 'exact' ? 'every block seen' : `sampled${every}`)
  if (meta.runtime) facts.push(markdownCode([meta.runtime, meta.runtimeVersion].filter(Boolean).join(' ')))
  if (meta.time !== undefined && Math.abs(meta.time) <= 8.64e15) facts.push(new Date(meta.time).toISOString())
  return facts
}

/** In a difference what shrank counts as much as what grew. */
function biggestFirst(groups: readonly Statistic[]): Statistic[] {
  return groups.toSorted((a, b) => Math.abs(b.size) - Math.abs(a.size))
}

function* tableOf(snapshot: Snapshot): Iterable<string> {
  const lines = biggestFirst(snapshot.statistics('lineno'))
  yield '| size | share | blocks | average | line |\n| --: | --: | --: | --: | :-- |\n'
  const { size: whole } = snapshot.total
  for (const line of lines.slice(0, LINES)) yield rowOf(line, whole, snapshot.meta)
  const hidden = lines.slice(LINES)
  if (hidden.length > 0) {
    yield `\n${hidden.length} more lines hold ${formatSize(hidden.reduce((sum, line) => sum + line.size, 0))}.\n`
  }
}

function rowOf({ label, size, count }: Statistic, whole: number, meta: SnapshotMeta): string {
  const share = whole === 0 ? '' : `${((100 * size) / whole).toFixed(1)} %`
  const average = count ? formatSize(size / count) : ''
  return `| ${formatSize(size)} | ${share} | ${formatCount(count, meta.counts === 'estimated')} | ${average} | ${markdownCode(label)} |\n`
}

function* tracebacksOf(snapshot: Snapshot): Iterable<string> {
  const groups = biggestFirst(snapshot.statistics('traceback')).filter(
    ({ traceback }) => traceback.length > 1,
  )
  if (groups.length === 0) return
  yield '\nWhere most was allocated, most recent call first:\n\n'
  for (const [i, { size, count, traceback }] of groups.slice(0, TRACEBACKS).entries()) {
    yield `${i + 1}. ${formatSize(size)} ${inBlocks(count, snapshot.meta.counts === 'estimated')}\n`
    const frames = traceback.slice(-FRAMES).toReversed()
    for (const frame of frames) yield `   - ${markdownCode(frameText(frame))}\n`
    if (traceback.length > FRAMES) yield `   - ${traceback.length - FRAMES} more calls\n`
  }
}

export const markdown: Converter = {
  name: 'markdown',
  title: 'Markdown summary',
  extensions: ['.md'],
  spec: 'https://github.github.com/gfm/',
  carries: ['lineno', 'function', 'count', 'measures'],
  truncation: 'when possible',
  difference: 'negative',
  sniff: () => 'no',
  write: async snapshots => inPieces(write(snapshots)),
}
