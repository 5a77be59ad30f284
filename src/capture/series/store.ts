// Converts readings to snapshots and writes the files of a series.
import { closeSync, fsyncSync, openSync, readdirSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PRIVATE_FILE, removeNow } from '../../bytes/disk.ts'
import { bytesSource } from '../../bytes/source.ts'
import { asFileError, FileError, FormatError } from '../../errors.ts'
import { dumpSnapshots, loadSource, MANIFEST } from '../../formats/files.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { applySourceMaps } from '../../sourcemap/apply.ts'
import { decodeDataUrl } from '../../sourcemap/url.ts'
import { limitFrames } from '../../transform/truncate.ts'
import { withExtraBlocks } from './extra-blocks.ts'
import { hasMaps, inlineMapOf } from './inline-maps.ts'
import { overheadOf } from './metadata.ts'
import { DUMP, filePath, filePrefix, plainName, RAW, type SeriesFile } from './names.ts'
import { type Reading, rawMeta, saveRaw } from './raw-profile.ts'
import { withoutProfiler } from './without-profiler.ts'

/** A reading as a snapshot: what the heapprofile converter makes of it, with the reading's metadata. */
export async function snapshotOf(reading: Reading): Promise<Snapshot> {
  const { profile, nframe, meta, blocks = [] } = reading
  const source = bytesSource(Buffer.from(profile), 'the profile', 1 << 18)
  const { snapshots } = await loadSource(source, { from: 'heapprofile', interval: meta.interval })
  const snapshot = limitFrames(withoutProfiler(snapshots[0]), nframe)
  const { notes = [] } = snapshot.meta
  const overhead = overheadOf(snapshot.columns.samples?.row.length ?? 0, snapshot.tables.stacks.length)
  const memory = { ...meta.memory, sampled: snapshot.total.size, overhead }
  const whole = inOriginalFiles(withoutProfiler(withExtraBlocks(snapshot, blocks)))
  const { skipped } = whole.meta
  return whole.with({ meta: { ...meta, memory, skipped, notes: [...(meta.notes ?? []), ...notes] } })
}

/** The snapshot in the names of the files that a loader compiled, such as TypeScript. */
function inOriginalFiles(snapshot: Snapshot): Snapshot {
  if (!hasMaps()) return snapshot
  const mapOf = (script: string) => {
    const url = inlineMapOf(script)
    return url === undefined ? ({ reason: 'no map' } as const) : { text: decodeDataUrl(url), path: script }
  }
  const nothing = () => undefined
  return applySourceMaps([snapshot], { mapOf, find: nothing, read: nothing }).snapshots[0]
}

/** One read that is on disk. */
export interface SavedRead {
  path: string
  snapshot: Snapshot
  /** How long the target was stopped, in ms. */
  took: number
}

/** Adds a line to the manifest of a series, and syncs it. Throws FileError; the snapshot is safe. */
export function noteRead(dir: string, label: string, { path, snapshot, took }: SavedRead): void {
  const { time, isolate, session, read, memory } = snapshot.meta
  const line = { file: basename(path), time, isolate, session, read, took: Math.round(took), memory }
  const manifest = join(dir, `tracemalloc.${label}${MANIFEST}`)
  try {
    const file = openSync(manifest, 'a', PRIVATE_FILE)
    try {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw asFileError(`note ${basename(path)} in ${manifest}`, error)
  }
}

/** Writes a reading to the named file; for a further isolate, its name is inserted before the ending. */
export async function saveAs(path: string, reading: Reading): Promise<{ path: string; snapshot: Snapshot }> {
  const own = withIsolate(path, reading.meta.isolate)
  try {
    const snapshot = await snapshotOf(reading)
    await dumpSnapshots([snapshot], own)
    return { path: own, snapshot }
  } catch (error) {
    const raw = saveRaw(dirname(own), reading)
    throw new FileError(`${filePath(raw)} was written instead of ${own}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** `leak.pb.gz` of the isolate `worker-1` is `leak.worker-1.pb.gz`. */
export function withIsolate(path: string, isolate: string): string {
  if (isolate === 'main') return path
  const name = basename(path)
  const dot = name.indexOf('.', 1)
  const at = path.length - name.length + (dot < 0 ? name.length : dot)
  return `${path.slice(0, at)}.${plainName(isolate)}${path.slice(at)}`
}

/**
 * Saves a reading as the next file of its series in `dir`: first V8's bytes unchanged, so that nothing is
 * lost if the process dies now, then the dump in their place. Returns the path and the snapshot.
 */
export function save(dir: string, reading: Reading): Promise<{ path: string; snapshot: Snapshot }> {
  return finish(saveRaw(dir, reading), reading)
}

/**
 * Writes the dump of a reading that was saved raw, in its place. Throws FileError; the raw one is kept then.
 */
export async function finish(
  file: SeriesFile,
  reading: Reading,
): Promise<{ path: string; snapshot: Snapshot }> {
  const [raw, path] = [filePath(file), filePath({ ...file, ending: DUMP })]
  try {
    const snapshot = await snapshotOf(reading)
    await dumpSnapshots([snapshot], path, { exclusive: true })
    removeNow(raw)
    return { path, snapshot }
  } catch (error) {
    throw new FileError(`${raw} was kept unchanged: ${(error as Error).message}`, { cause: error })
  }
}

/** Keeps a reading as the peak's snapshot if it holds more than `highest` bytes. Returns the new maximum. */
export async function savePeak(dir: string, reading: Reading, highest: number): Promise<number> {
  const { label, meta } = reading
  const snapshot = await snapshotOf({ ...reading, meta: { ...meta, measure: 'peak' } })
  const { size } = snapshot.total
  if (size <= highest) return highest
  await dumpSnapshots([snapshot], join(dir, `${filePrefix(label, meta.isolate)}peak${DUMP}`))
  return size
}

/** Converts a raw profile that was left behind, as its process or thread ended, to a dump. */
export async function finishRaw(path: string): Promise<{ path: string; snapshot: Snapshot }> {
  const text = await readFile(path, 'utf8')
  const meta = rawMeta(text)
  if (!meta) throw new FormatError('unrecognized', `${path} is not a profile of tracemalloc`)
  const snapshot = await snapshotOf({ profile: text, label: '', ...meta })
  const dump = path.slice(0, -RAW.length) + DUMP
  await dumpSnapshots([snapshot], dump, { exclusive: true })
  removeNow(path)
  return { path: dump, snapshot }
}

/** Converts all raw profiles in a folder with this prefix. If one cannot be converted, that is reported. */
export async function finishAll(
  dir: string,
  prefix: string,
  say: (line: string) => void,
  isWanted: (name: string) => boolean = () => true,
): Promise<void> {
  const names = readdirSync(dir).filter(
    name => name.startsWith(prefix) && name.endsWith(RAW) && isWanted(name),
  )
  for (const name of names) {
    await finishRaw(join(dir, name)).catch(error =>
      say(`${join(dir, name)} was kept unchanged: ${error.message}`),
    )
  }
}
