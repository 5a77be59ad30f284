// Opens, detects, reads and writes files of any format.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Converter, ReadOptions, WriteOptions } from '../../converters/converter.ts'
import { converters } from '../../converters/index.ts'
import { fileSource, standardInput, writeWhole } from '../bytes/disk.ts'
import { type Peekable, type Peeled, peel } from '../bytes/layers.ts'
import type { Source } from '../bytes/source.ts'
import { FormatError, systemReason, UsageError } from '../errors.ts'
import { attach, noteAttributes } from '../model/attributes.ts'
import { LARGEST_INTERVAL } from '../model/meta.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { estimateCounts } from '../statistics/estimation/estimates.ts'
import { detect, unrecognized } from './detect.ts'
import { checkDocument, checkHeap } from './memory.ts'

/** Longest head that is looked at to tell a format. */
const LONGEST_HEAD = 4 << 20

/**
 * A compressed file may inflate to this many times its size (profiles do to 5 to 50 times), and to `FREE`
 * bytes anyway.
 */
const MOST_RATIO = 200
const FREE = 64 << 20

/** What `from` is for a document of any kind. */
const DOCUMENT = 'json'

export interface LoadOptions extends ReadOptions {
  /** Name of the format, instead of detecting it; `json` for any document that `pick` finds the file in. */
  from?: string
  /**
   * With `from: 'json'`: the path of the value that is read, such as `result.profile` or `runs[2].profile`.
   */
  pick?: string
  /** Number of the one snapshot that is wanted of a file of several, from 1; all unless given. */
  snapshot?: number
  /** Told of the bytes of the file (as they are on disk) while it is read. */
  onBytes?: (n: number) => void
}

/** A file that was read. */
export interface Loaded {
  readonly path: string
  readonly converter: Converter
  /** Those that were asked for. */
  readonly snapshots: readonly Snapshot[]
  /** Number of snapshots in the file. */
  readonly total: number
}

/** The converter of a name. Throws UsageError for an unknown one. */
export function converterNamed(name: string): Converter {
  const found = converters.find(c => c.name === name)
  if (!found) {
    throw new UsageError(`unknown format '${name}'`, {
      hint: `formats: ${converters.map(c => c.name).join(', ')}`,
    })
  }
  return found
}

/**
 * Reads a file (`-` is standard input): inflates it, tells its format by its content, reads all snapshots in
 * it.
 * Throws FormatError for a file that cannot be read, whatever the reason, UsageError for an impossible
 * interval.
 */
export async function loadFile(path: string, options: LoadOptions = {}): Promise<Loaded> {
  try {
    const raw = path === '-' ? standardInput() : fileSource(path)
    return { path, ...(await loadSource(raw, options)) }
  } catch (error) {
    throw asFormatError(error)
  }
}

/** The same for bytes from anywhere. */
export async function loadSource(raw: Source, options: LoadOptions = {}): Promise<Omit<Loaded, 'path'>> {
  checkLoadOptions(options)
  const { from, snapshot } = options
  return readInflated(raw, options, async (source, { afford, notes }) => {
    const converter =
      from && from !== DOCUMENT ? converterNamed(from) : await detectSource(source, options.pick)
    const all = await converter.read!(source, { ...options, afford })
    const wanted = snapshot === undefined ? all : all.slice(snapshot - 1, snapshot)
    if (snapshot !== undefined && wanted.length === 0)
      throw new UsageError(`there is no snapshot ${snapshot}: the file has ${all.length}`)
    const noted = notes.length === 0 ? wanted : wanted.map(snapshot => withNotes(snapshot, notes))
    return { converter, snapshots: noted.map(estimateCounts), total: all.length }
  })
}

function withNotes(snapshot: Snapshot, notes: readonly string[]): Snapshot {
  return snapshot.with({ meta: { notes: [...(snapshot.meta.notes ?? []), ...notes] } })
}

/** Throws UsageError for options that no file can be read with. */
export function checkLoadOptions({ from, pick, interval = 1, snapshot = 1 }: LoadOptions): void {
  if (!(interval >= 1 && interval <= LARGEST_INTERVAL))
    throw new UsageError(`the sampling interval must be from 1 to ${LARGEST_INTERVAL} bytes`)
  if (!(Number.isSafeInteger(snapshot) && snapshot >= 1))
    throw new UsageError(`snapshots are counted from 1: there is no number ${snapshot}`)
  if (pick !== undefined && from !== DOCUMENT) throw new UsageError('--pick needs --from json')
  if (from === DOCUMENT && pick === undefined) {
    throw new UsageError('--from json needs --pick', {
      hint: 'the path of the profile in the document: --pick result.profile',
    })
  }
  if (from && from !== DOCUMENT && !converterNamed(from).read)
    throw new UsageError(`${from} files cannot be read, only written`)
}

/**
 * Hands a file's bytes, inflated, to a reader of one format. Throws FormatError for a file that cannot be
 * read, or is of another format.
 */
export async function readFileAs<T>(
  path: string,
  converter: Converter,
  options: Pick<LoadOptions, 'maxSize' | 'onBytes' | 'pick'>,
  read: (source: Source) => Promise<T>,
): Promise<T> {
  try {
    const raw = path === '-' ? standardInput() : fileSource(path)
    return await readInflated(raw, options, async source => {
      if (converter.sniff(await source.head(4096), source.name) === 'no') {
        const { title } = await detectSource(source, options.pick)
        throw new FormatError('unrecognized', `not a ${converter.title}, but: ${title}`, {
          hint: 'tracemalloc top reads it',
        })
      }
      return await read(source)
    })
  } catch (error) {
    throw asFormatError(error)
  }
}

/** Notes on how a file was read, and the check before memory for it is claimed. */
interface Reading {
  readonly notes: readonly string[]
  afford(bytes: number): void
}

async function readInflated<T>(
  raw: Source,
  { maxSize, onBytes, pick }: Pick<LoadOptions, 'maxSize' | 'onBytes' | 'pick'>,
  use: (source: Peekable, reading: Reading) => Promise<T>,
): Promise<T> {
  let read = 0
  const file = counted(raw, n => {
    read += n
    onBytes?.(n)
  })
  let peeled: Peeled | undefined
  let picked: Peeled | undefined
  try {
    peeled = await peel(
      limited(file, () => maxSize ?? Number.POSITIVE_INFINITY),
      inflated => limited(inflated, () => maxSize ?? Math.max(FREE, read * MOST_RATIO)),
    )
    if (pick !== undefined) {
      const { parsePath, pickFrom } = await import('./documents.ts')
      picked = await peel(pickFrom(peeled.source, parsePath(pick)))
    }
    const { source, notes } = picked ?? peeled
    const { isCompressed } = peeled
    const afford = (bytes: number) =>
      checkDocument(bytes, isCompressed && maxSize === undefined ? read : undefined)
    return await use(source, { notes, afford })
  } catch (error) {
    throw asFormatError(error)
  } finally {
    await picked?.close()
    await peeled?.close()
  }
}

/** The bytes of a file, inflated and as UTF-8. Throws FormatError as `loadFile`. */
export async function* openBytes(path: string): AsyncGenerator<Uint8Array> {
  let peeled: Peeled | undefined
  try {
    peeled = await peel(fileSource(path))
    yield* peeled.source.chunks()
  } catch (error) {
    throw asFormatError(error)
  } finally {
    await peeled?.close()
  }
}

function counted(source: Source, onBytes: (n: number) => void): Source {
  return {
    name: source.name,
    async *chunks() {
      for await (const chunk of source.chunks()) {
        onBytes(chunk.length)
        yield chunk
      }
    },
  }
}

/** The heap is looked at each time this many bytes were read. */
const STEP = 1 << 20

/**
 * A source of at most `most()` bytes, asked for anew with each piece: more is a FormatError `too-large`, as
 * is what leaves the heap without room.
 */
function limited(source: Source, most: () => number): Source {
  return {
    name: source.name,
    async *chunks() {
      let size = 0
      for await (const chunk of source.chunks()) {
        size += chunk.length
        const limit = most()
        if (size > limit) {
          throw new FormatError('too-large', `larger than ${limit} bytes after decompression`, {
            offset: limit,
            hint: 'if you trust the file, use a larger --max-size',
          })
        }
        if (Math.floor(size / STEP) > Math.floor((size - chunk.length) / STEP)) checkHeap()
        yield chunk
      }
    },
  }
}

async function detectSource(source: Peekable, pick: string | undefined): Promise<Converter> {
  for (let length = 4096; ; length *= 8) {
    const head = await source.head(length)
    const isWhole = head.length < length || length >= LONGEST_HEAD
    const { converter, isVague } = detect(converters, head, source.name, isWhole)
    if (converter) return converter
    if (!isVague) continue
    const { parsePath, wordFor } = await import('./documents.ts')
    const base = pick === undefined ? [] : parsePath(pick)
    throw unrecognized(
      await wordFor(source, base),
      converters.filter(c => c.read),
    )
  }
}

/** Ending of the manifest that a captured series has beside its snapshots. */
export const MANIFEST = '.manifest.ndjson'

/** Is it, by its name, a file of snapshots? */
export function isSnapshotName(name: string): boolean {
  if (name.startsWith('.') || name.endsWith(MANIFEST)) return false
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name
  return converters.some(c => c.read && c.extensions.some(e => name.endsWith(e) || plain.endsWith(e)))
}

/** Files that a path stands for: itself, or the snapshots in a folder, by name. */
export async function expandPath(path: string): Promise<string[]> {
  if (path === '-') return [path]
  const names = await filesIn(path).catch(error => {
    throw asFormatError(error)
  })
  if (!names) return [path]
  if (names.length === 0)
    throw new FormatError('unrecognized', 'the folder has no snapshots', {
      hint: 'names of snapshots end in .heapprofile, .heapsnapshot, .pb.gz ...; give a file with another name by its path',
    })
  return names.map(name => join(path, name))
}

/** Names of the snapshots in a folder; undefined for a file. */
async function filesIn(path: string): Promise<string[] | undefined> {
  return (await stat(path)).isDirectory() ? snapshotsIn(path) : undefined
}

/** Names of the snapshots in a folder, in order. */
export async function snapshotsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(isSnapshotName).sort()
}

/**
 * The single snapshot of a file: CPython's `Snapshot.load`. Throws FormatError also when the file holds
 * several.
 */
export async function loadSnapshot(path: string, options: LoadOptions = {}): Promise<Snapshot> {
  const { snapshots } = await loadFile(path, options)
  if (snapshots.length !== 1) {
    throw new FormatError('unsupported', `the file has ${snapshots.length} snapshots`, {
      hint: 'use loadSnapshots',
    })
  }
  return attach(snapshots[0])
}

/** All snapshots of a file. */
export async function loadSnapshots(path: string, options: LoadOptions = {}): Promise<readonly Snapshot[]> {
  return (await loadFile(path, options)).snapshots.map(attach)
}

/** The converter that writes a file of this name. Throws UsageError when the ending tells none. */
export function converterFor(path: string): Converter {
  const plain = path.endsWith('.gz') ? path.slice(0, -3) : path
  const writers = converters.filter(c => c.write)
  const found = writers
    .flatMap(c => c.extensions.map(e => ({ c, e })))
    .filter(({ e }) => path.endsWith(e) || plain.endsWith(e))
    .sort((a, b) => b.e.length - a.e.length)[0]
  if (!found) {
    throw new UsageError(`unknown format: the ending of ${path} names none`, {
      hint: `use --to with one of: ${writers.map(c => c.name).join(', ')}`,
    })
  }
  return found.c
}

/**
 * Writes snapshots to a file, whole or not at all; the ending chooses the format (`.pb.gz` is the default
 * dump) unless `to` names it. A further `.gz` gzips any format.
 */
export async function dumpSnapshots(
  snapshots: readonly Snapshot[],
  path: string,
  options: WriteOptions & { to?: string; exclusive?: boolean } = {},
): Promise<void> {
  const converter = options.to ? converterNamed(options.to) : converterFor(path)
  if (!converter.write) throw new UsageError(`${converter.name} files cannot be written, only read`)
  const gzip = converter.gzip === true || path.endsWith('.gz')
  await writeWhole(path, await converter.write(snapshots.map(noteAttributes), options), {
    gzip,
    exclusive: options.exclusive,
  })
}

/** The same for one snapshot: CPython's `Snapshot.dump`. */
export async function dumpSnapshot(snapshot: Snapshot, path: string): Promise<void> {
  await dumpSnapshots([snapshot], path)
}

/** I/O and zlib faults in the words of a FormatError; others unchanged. */
function asFormatError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (typeof code !== 'string' || error instanceof FormatError) return error
  if (code === 'ENOENT') return new FormatError('unrecognized', 'no such file', { cause: error })
  if (code === 'Z_BUF_ERROR')
    return new FormatError('truncated', 'the compressed data ends too early', { cause: error })
  if (code === 'ERR_ZSTD_MISSING') return new FormatError('unsupported', (error as Error).message)
  if (/^(Z_|ZSTD_)/.test(code)) {
    return new FormatError('malformed', `the compressed data is damaged: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const system = systemReason(error)
  if (!system) return error
  const reason = /^E(ACCES|PERM)$/.test(code) ? `${system.reason} to read it` : system.reason
  return new FormatError('unrecognized', reason, { cause: error, hint: system.hint })
}
