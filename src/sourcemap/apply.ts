// Applies source maps to snapshots.
import { FormatError } from '../errors.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Tables } from '../model/tables/tables.ts'
import { byTables, rewriteFrames, usedFrames } from '../transform/rewrite-frames.ts'
import { parseSourceMap, type SourceMap } from './map.ts'
import type { MapFiles, Miss, MissReason } from './map-files.ts'
import { MappedScript, type Place } from './script.ts'

export type { MapFiles, MapText, Miss, MissReason } from './map-files.ts'

/** The result. */
export interface Mapped {
  /** The snapshots, in order, with original files, lines, columns and function names. */
  snapshots: Snapshot[]
  /** Number of distinct frames that belong to a script. */
  frames: number
  /** How many of them were mapped. */
  mapped: number
  /** How many mapped ones keep the generated function name, as neither map nor source gives another. */
  namesKept: number
  /** The unmapped ones, by script and reason, most frames first. */
  misses: Miss[]
  /** Text of an original file, if a used map carries it. */
  contentOf(filename: string): string | undefined
}

/** Source maps by their text, decoded once. Keeps the last used ones, up to `limit` characters of text. */
export class SourceMapCache {
  readonly #maps = new Map<string, SourceMap>()
  readonly #limit: number
  #length = 0

  constructor(limit = 64 << 20) {
    this.#limit = limit
  }

  /** Throws FormatError for an invalid map. */
  get(text: string): SourceMap {
    let map = this.#maps.get(text)
    if (map) this.#maps.delete(text)
    else {
      map = parseSourceMap(text)
      this.#length += text.length
    }
    this.#maps.set(text, map) // now the most recent
    for (const oldest of this.#maps.keys()) {
      if (this.#length <= this.#limit || oldest === text) break
      this.#maps.delete(oldest)
      this.#length -= oldest.length
    }
    return map
  }
}

/**
 * Maps the frames of snapshots back to the files they were compiled from. Frames that cannot be mapped stay,
 * and are counted in `misses`. Reads only through `files`, one script after another, so that only one decoded
 * map is held at a time (besides those in `cache`).
 */
export function applySourceMaps(
  snapshots: readonly Snapshot[],
  files: MapFiles,
  cache = new SourceMapCache(),
): Mapped {
  const placed = new Map<Tables, Map<number, Place>>()
  const contents = new Map<string, string>()
  const result = { frames: 0, mapped: 0, namesKept: 0, misses: [] as Miss[] }
  for (const [filename, uses] of framesByScript(snapshots)) {
    const script = openScript(filename, files, cache)
    const counted = new Set<string>() // snapshots on different tables may have equal frames
    const misses = new Map<MissReason, number>()
    for (const { tables, id } of uses) {
      const frame = tables.frames.get(id)
      const place = 'reason' in script ? script.reason : script.place(frame)
      if (typeof place === 'object') {
        if (place.content !== undefined) contents.set(place.filename, place.content)
        const byId = placed.get(tables)
        if (byId) byId.set(id, place)
        else placed.set(tables, new Map([[id, place]]))
      }
      const key = `${frame.exact} ${frame.lineno} ${frame.column} ${frame.functionName}`
      if (counted.has(key)) continue
      counted.add(key)
      if (typeof place === 'string') misses.set(place, (misses.get(place) ?? 0) + 1)
      else {
        result.mapped++
        if (place.isNameKept) result.namesKept++
      }
    }
    result.frames += counted.size
    const detail = 'reason' in script ? script.detail : undefined
    for (const [reason, frames] of misses) result.misses.push({ filename, reason, detail, frames })
  }
  return {
    ...result,
    misses: result.misses.sort((a, b) => b.frames - a.frames),
    snapshots: rewriteFrames(snapshots, (from, id, into) => {
      const frame = from.frames.get(id)
      const place = placed.get(from)?.get(id)
      if (!place) return into.frames.internFrame(frame)
      const { functionName, filename, lineno, column, startLine, startColumn } = place
      return into.frames.intern(functionName, filename, lineno, column, frame.exact, startLine, startColumn)
    }),
    contentOf: filename => contents.get(filename),
  }
}

/** The frames in use, by script. Built-ins, `<...>` without a file and Node's own have none. */
function framesByScript(snapshots: readonly Snapshot[]): Map<string, { tables: Tables; id: number }[]> {
  const groups = new Map<string, { tables: Tables; id: number }[]>()
  for (const [tables, group] of byTables(snapshots)) {
    for (const id of usedFrames(tables, group)) {
      const filename = tables.strings.get(tables.frames.filename[id])
      if (filename === '' || filename.startsWith('<') || filename.startsWith('node:')) continue
      const uses = groups.get(filename)
      if (uses) uses.push({ tables, id })
      else groups.set(filename, [{ tables, id }])
    }
  }
  return groups
}

function openScript(
  filename: string,
  files: MapFiles,
  cache: SourceMapCache,
): MappedScript | { reason: MissReason; detail?: string } {
  const found = files.mapOf(filename)
  if ('reason' in found) return found
  try {
    return new MappedScript(cache.get(found.text), found.path, files)
  } catch (error) {
    if (error instanceof FormatError) return { reason: 'unreadable', detail: error.message }
    throw error
  }
}
