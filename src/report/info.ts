import type { Snapshot } from '../model/snapshot.ts'
import { framesNotes } from '../statistics/notes.ts'
import { visible } from '../text/escape.ts'
import { formatSize, inBlocks } from '../text/units.ts'
import { blocksJson } from './row-json.ts'

/** What a file is and what its numbers stand for. */
export interface InfoView {
  path: string
  format: string
  carries: readonly string[]
  snapshots: SnapshotInfo[]
}

export interface SnapshotInfo {
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
): InfoView {
  return { path, format, carries, snapshots: snapshots.map(snapshotInfo) }
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
    ...namelessBytes(snapshot),
    memory: meta.memory ?? {},
    skipped: meta.skipped ?? {},
    notes: [...(meta.notes ?? []), ...framesNotes([snapshot])],
  }
}

/** Bytes allocated in files that have no name, and without any traceback. */
function namelessBytes(snapshot: Snapshot): { collected: number; evaluated: number; untraced: number } {
  const bytes = { collected: 0, evaluated: 0, untraced: 0 }
  for (const { traceback, size } of snapshot.statistics('filename')) {
    if (traceback.length === 0) bytes.untraced += size
    else if (traceback.frames[0].filename.startsWith('<collected:')) bytes.collected += size
    else if (traceback.frames[0].filename.startsWith('<eval:')) bytes.evaluated += size
  }
  return bytes
}

/** `name: value` lines. */
export function* infoLines(view: InfoView): Generator<string> {
  for (const line of lines(view)) yield line.startsWith('\n') ? `\n${visible(line.slice(1))}` : visible(line)
}

function* lines(view: InfoView): Generator<string> {
  yield `file: ${view.path}`
  yield `format: ${view.format} (keeps ${view.carries.join(', ')})`
  if (view.snapshots.length > 1) yield `snapshots: ${view.snapshots.length}`
  for (const [i, info] of view.snapshots.entries()) {
    if (view.snapshots.length > 1) yield `\nsnapshot ${i + 1}${info.name ? ` (${info.name})` : ''}`
    yield* snapshotLines(info)
  }
}

function* snapshotLines(info: SnapshotInfo): Generator<string> {
  const bytes = (n: number) => `${formatSize(n)} (${n} bytes)`
  yield `total: ${bytes(info.size)} ${inBlocks(info.count ?? Number.NaN, info.countsEstimated)}`
  yield `measured: ${info.measure}, ${info.accuracy}`
  if (info.accuracy === 'sampled') {
    yield info.interval === null
      ? 'interval: unknown (give it with --interval)'
      : `interval: ${info.interval} bytes (${info.intervalSource})`
  }
  yield `rows: ${info.rows} (${info.stacks} different tracebacks, limit ${info.tracebackLimit} frames)`
  if (info.bufferInterval !== undefined) yield `interval of ArrayBuffers: ${info.bufferInterval} bytes`
  if (info.samples !== null) yield `samples: ${info.samples}`
  if (info.runtime) yield `runtime: ${info.runtime}`
  if (info.pid !== undefined) yield `process: ${info.pid}`
  if (info.isolate) yield `isolate: ${info.isolate}`
  if (info.time) yield `time: ${info.time}`
  if (info.session) yield `session: ${info.session}${info.read === undefined ? '' : `, read ${info.read}`}`
  if (info.collected > 0) yield `in collected scripts: ${bytes(info.collected)}`
  if (info.evaluated > 0) yield `in eval'd code: ${bytes(info.evaluated)}`
  if (info.untraced > 0) yield `untraced: ${bytes(info.untraced)}`
  for (const [name, value] of Object.entries(info.memory)) yield `memory ${name}: ${bytes(value)}`
  for (const [reason, n] of Object.entries(info.skipped)) yield `skipped: ${n} ${reason}`
  for (const note of info.notes) yield `note: ${note}`
}
