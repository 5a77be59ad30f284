// The report of `info`: what a file is and what its numbers mean.
import type { Snapshot } from '../model/snapshot.ts'
import { framesNotes } from '../statistics/notes.ts'
import { formatSize, inBlocks } from '../text/units.ts'
import { type StripView, stripFacts } from './privacy.ts'
import type { Report, Table } from './report.ts'
import { blocksJson } from './rows.ts'

/** What a file is and what its numbers stand for. */
export interface InfoView {
  path: string
  format: string
  carries: readonly string[]
  snapshots: SnapshotInfo[]
  strip?: StripView
}

interface SnapshotInfo {
  name?: string
  isolate?: string
  size: number
  /** Null = unknown. */
  count: number | null
  countsEstimated: boolean
  rows: number
  stacks: number
  samples: number | null
  measure: string
  accuracy: string
  interval: number | null
  intervalSource: string
  bufferInterval?: number
  runtime?: string
  time?: string
  session?: string
  read?: number
  pid?: number
  tracebackLimit: number
  /** Bytes of frames whose script was collected, and of code from eval: their files have no name. */
  /** Bytes whose allocating line is known, of those that have a line. */
  exactLines: number
  lines: number
  collected: number
  evaluated: number
  untraced: number
  memory: Record<string, number>
  skipped: Record<string, number>
  notes: readonly string[]
}

export function infoView(
  path: string,
  format: string,
  carries: readonly string[],
  snapshots: readonly Snapshot[],
  strip?: StripView,
): InfoView {
  return { path, format, carries, snapshots: snapshots.map(snapshotInfo), strip }
}

function snapshotInfo(snapshot: Snapshot): SnapshotInfo {
  const { meta, columns } = snapshot
  const { size, count } = snapshot.total
  return {
    name: meta.name,
    isolate: meta.isolate,
    size,
    count: blocksJson(count),
    countsEstimated: meta.counts === 'estimated',
    rows: snapshot.length,
    stacks: new Set(columns.stack).size,
    samples: columns.samples?.row.length ?? null,
    measure: meta.measure,
    accuracy: meta.accuracy,
    interval: meta.interval ?? null,
    intervalSource: meta.intervalSource ?? (meta.accuracy === 'exact' ? 'none' : 'unknown'),
    bufferInterval: meta.bufferInterval,
    runtime: meta.runtime && [meta.runtime, meta.runtimeVersion].filter(Boolean).join(' '),
    time: meta.time === undefined ? undefined : new Date(meta.time).toISOString(),
    session: meta.session,
    read: meta.read,
    pid: meta.pid,
    tracebackLimit: snapshot.tracebackLimit,
    ...lineBytes(snapshot),
    ...namelessBytes(snapshot),
    memory: meta.memory ?? {},
    skipped: meta.skipped ?? {},
    notes: [...(meta.notes ?? []), ...framesNotes([snapshot])],
  }
}

/** Bytes with a line, and those of them whose line is the one that allocates. */
function lineBytes(snapshot: Snapshot): { lines: number; exactLines: number } {
  const bytes = { lines: 0, exactLines: 0 }
  for (const { key, size } of snapshot.statistics('lineno')) {
    if (!key.lineno) continue
    bytes.lines += size
    if (key.exact) bytes.exactLines += size
  }
  return bytes
}

/** Bytes allocated in files without a name, and bytes without a traceback. */
function namelessBytes(snapshot: Snapshot): { collected: number; evaluated: number; untraced: number } {
  const bytes = { collected: 0, evaluated: 0, untraced: 0 }
  for (const { traceback, size } of snapshot.statistics('filename')) {
    if (traceback.length === 0) bytes.untraced += size
    else if (traceback.frames[0].filename.startsWith('<collected:')) bytes.collected += size
    else if (traceback.frames[0].filename.startsWith('<eval:')) bytes.evaluated += size
  }
  return bytes
}

/** A line of the report. */
type Fact = readonly [name: string, value: string]

export function infoReport(files: readonly InfoView[]): Report {
  const tables = files.flatMap(tablesOf)
  return {
    schema: 'tracemalloc.info/2',
    document: () => ({ files }),
    *records() {
      for (const { path, format, snapshots } of files) {
        for (const { memory, skipped, notes, ...figures } of snapshots) {
          const left = Object.values(skipped).reduce((sum, n) => sum + n, 0)
          yield { path, format, ...figures, ...memory, skipped: left, notes: notes.join('; ') }
        }
      }
    },
    /** `name: value` */
    *lines() {
      for (const [i, { title, rows }] of tables.entries()) {
        if (i > 0) yield ''
        if (title) yield title.words
        for (const [name, value] of rows) yield `${name}: ${value}`
      }
    },
    tables,
  }
}

/** A table for a file; if it holds several snapshots, also one for each. */
function tablesOf({ path, format, carries, snapshots, strip }: InfoView) {
  const file: Fact[] = [
    ['file', path],
    ['format', `${format} (keeps ${carries.join(', ')})`],
  ]
  const ofFile = strip ? stripFacts(strip) : []
  if (snapshots.length === 1) return [factsTable([...file, ...factsOf(snapshots[0]), ...ofFile])]
  return [
    factsTable([...file, ['snapshots', `${snapshots.length}`], ...ofFile]),
    ...snapshots.map((info, i) =>
      factsTable([...factsOf(info)], `snapshot ${i + 1}${info.name ? ` (${info.name})` : ''}`),
    ),
  ]
}

function factsTable(rows: readonly Fact[], words?: string) {
  return {
    title: words === undefined ? undefined : { words },
    name: { head: 'fact', text: ([name]) => name, is: 'short' },
    columns: [{ head: 'value', kind: 'words', value: ([, value]) => value }],
    rows,
  } satisfies Table<Fact>
}

function* factsOf(info: SnapshotInfo): Generator<Fact> {
  const bytes = (n: number) => `${formatSize(n)} (${n} bytes)`
  yield ['total', `${bytes(info.size)} ${inBlocks(info.count ?? Number.NaN, info.countsEstimated)}`]
  yield ['measured', `${info.measure}, ${info.accuracy}`]
  if (info.accuracy === 'sampled') {
    const known = `${info.interval} bytes (${info.intervalSource})`
    yield ['interval', info.interval === null ? 'unknown (set it with --interval)' : known]
  }
  yield ['rows', `${info.rows} (${info.stacks} different tracebacks, limit ${info.tracebackLimit} frames)`]
  if (info.bufferInterval !== undefined) yield ['interval of ArrayBuffers', `${info.bufferInterval} bytes`]
  if (info.samples !== null) yield ['samples', `${info.samples}`]
  if (info.runtime) yield ['runtime', info.runtime]
  if (info.pid !== undefined) yield ['process', `${info.pid}`]
  if (info.isolate) yield ['isolate', info.isolate]
  if (info.time) yield ['time', info.time]
  if (info.session)
    yield ['session', `${info.session}${info.read === undefined ? '' : `, read ${info.read}`}`]
  if (info.lines > 0) {
    const share = (100 * info.exactLines) / info.lines
    yield ['exact lines', `${share.toFixed(1)} % of the bytes that have a line`]
  }
  if (info.collected > 0) yield ['in collected scripts', bytes(info.collected)]
  if (info.evaluated > 0) yield ["in eval'd code", bytes(info.evaluated)]
  if (info.untraced > 0) yield ['untraced', bytes(info.untraced)]
  for (const [name, value] of Object.entries(info.memory)) yield [`memory ${name}`, bytes(value)]
  for (const [reason, n] of Object.entries(info.skipped)) yield ['skipped', `${n} ${reason}`]
  for (const note of info.notes) yield ['note', note]
}
