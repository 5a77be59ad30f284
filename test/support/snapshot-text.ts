import { createHash } from 'node:crypto'
import type { Carried } from '../../converters/converter.ts'
import type { Statistic } from '../../src/model/grouping/statistic.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'

/** Everything a snapshot says, row by row in its order, as lines: two snapshots are the same when these are. */
export function rowsText(snapshot: Snapshot): string[] {
  const stack = stackTexts(snapshot, new Set(['function', 'column', 'lineno', 'exact']))
  const { columns, tables } = snapshot
  const lines = [JSON.stringify(snapshot.meta), `limit ${snapshot.tracebackLimit}`]
  for (let i = 0; i < snapshot.length; i++) {
    const type = tables.strings.get(columns.type[i])
    lines.push(
      `${columns.size[i]} ${columns.count[i]} ${columns.domain[i]} ${JSON.stringify(type)} ` +
        `${columns.totalNframe?.[i] ?? 0} ${stack(columns.stack[i])}`,
    )
  }
  const { samples } = columns
  for (let i = 0; i < (samples?.row.length ?? 0); i++) {
    lines.push(`sample ${samples!.row[i]} ${samples!.size[i]} ${samples!.ordinal[i]}`)
  }
  return lines
}

/**
 * What a format that carries only these things can keep of a snapshot, as sorted lines: rows that differ only in what is
 * lost are added, rows of nothing are left out. Where function names are lost, so are the built-ins above the last frame
 * of a file.
 */
export function carriedText(snapshot: Snapshot, carries: readonly Carried[]): string[] {
  const keep = new Set(carries)
  const stack = stackTexts(snapshot, keep)
  const { columns, tables } = snapshot
  const rows = new Map<string, { size: number; count: number }>()
  const keyOf = (row: number): string =>
    [
      keep.has('domain') ? `domain ${columns.domain[row]}` : '',
      keep.has('type') ? JSON.stringify(tables.strings.get(columns.type[row])) : '',
      keep.has('totalNframe') ? `of ${columns.totalNframe?.[row] || depth(snapshot, row)}` : '',
      stack(columns.stack[row]),
    ].join(' ')
  for (let i = 0; i < snapshot.length; i++) {
    const row = rows.get(keyOf(i)) ?? { size: 0, count: 0 }
    row.size += columns.size[i]
    if (keep.has('count')) row.count += columns.count[i]
    rows.set(keyOf(i), row)
  }
  const lines = [...rows]
    .filter(([, row]) => row.size !== 0 || row.count !== 0)
    .map(([key, row]) => `${row.size} ${row.count} ${key}`)
  const { samples } = columns
  if (keep.has('ordinal') && samples) {
    for (let i = 0; i < samples.row.length; i++) {
      lines.push(`sample ${samples.ordinal[i]} ${samples.size[i]} ${keyOf(samples.row[i])}`)
    }
  }
  if (keep.has('meta')) lines.push(metaText(snapshot))
  return lines.sort()
}

/** A snapshot in under 60 lines, to be read by a human: facts, totals, the biggest groups, and a digest of all rows. */
export function summaryText(snapshots: readonly Snapshot[]): string {
  const most = Math.max(1, Math.floor(10 / snapshots.length))
  const lines = snapshots
    .slice(0, 4)
    .flatMap((snapshot, i) => [`snapshot ${i + 1} of ${snapshots.length}`, ...summaryLines(snapshot, most)])
  // A file of UTF-8 holds no lone surrogate.
  return `${lines.join('\n')}\n`.replace(/\p{Cs}/gu, unit => `\\u${unit.charCodeAt(0).toString(16)}`)
}

function summaryLines(snapshot: Snapshot, most: number): string[] {
  const { columns } = snapshot
  const { size, count } = snapshot.total
  const domains = snapshot.statistics('domain').map(s => `${s.label} ${s.size}`)
  const lines = [
    `  ${Object.entries(snapshot.meta)
      .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
      .join(', ')}, limit ${snapshot.tracebackLimit}`,
    `  ${snapshot.length} rows, ${size} bytes, ${count} blocks (${domains.join(', ')})`,
    `  samples ${columns.samples?.row.length ?? 'none'}`,
    `  sha256 of all rows ${createHash('sha256').update(rowsText(snapshot).join('\n')).digest('hex').slice(0, 16)}`,
  ]
  for (const key of ['lineno', 'function', 'type'] as const) {
    const groups = snapshot.statistics(key)
    lines.push(`  by ${key}: ${groups.length}`)
    lines.push(...groups.slice(0, most).map(g => `    ${groupText(g)}`))
  }
  const biggest = snapshot.statistics('traceback')[0]
  if (biggest) {
    lines.push(`  biggest traceback: ${biggest.size} bytes, ${biggest.traceback.length} frames, last of them`)
    for (const frame of biggest.traceback.slice(-8)) {
      const at = `${frame.filename}:${frame.lineno}:${frame.column}`
      lines.push(
        `    ${frame.functionName || '(anonymous)'} ${at}${frame.exact ? ' exact' : ''}`.slice(0, 200),
      )
    }
  }
  return lines
}

function groupText(group: Statistic): string {
  return `${group.size} bytes, ${group.count} blocks: ${group.label}`.slice(0, 200)
}

function metaText(snapshot: Snapshot): string {
  const { source: _, ...meta } = snapshot.meta // the reader is another one
  const sorted = Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1))
  return `meta ${JSON.stringify(sorted)} limit ${snapshot.tracebackLimit}`
}

function depth(snapshot: Snapshot, row: number): number {
  return snapshot.tables.stacks.depthOf(snapshot.columns.stack[row])
}

/** Text of each stack. Each prefix is made once, as a digest, so that a chain of 100,000 frames costs no more than its frames. */
function stackTexts(snapshot: Snapshot, keep: ReadonlySet<string>): (stack: number) => string {
  const { frames, stacks } = snapshot.tables
  const frameText = (id: number): string => {
    const frame = frames.get(id)
    return JSON.stringify([
      frame.filename,
      keep.has('lineno') ? frame.lineno : 0,
      keep.has('column') ? frame.column : 0,
      keep.has('function') ? frame.functionName : '',
      keep.has('exact') && frame.exact,
    ])
  }
  const texts: string[] = ['']
  const withFile = new Uint8Array(stacks.length)
  for (let i = 1; i < stacks.length; i++) {
    const parent = stacks.parent[i]
    withFile[i] = frames.hasFile(stacks.frame[i]) ? 1 : 0
    if (!keep.has('function') && withFile[i] === 0 && withFile[parent] !== 0) {
      withFile[i] = 1
      texts.push(texts[parent])
      continue
    }
    const text = texts[parent] + frameText(stacks.frame[i])
    texts.push(text.length < 500 ? text : `#${createHash('sha256').update(text).digest('hex')}`)
  }
  return stack => texts[stack]
}
