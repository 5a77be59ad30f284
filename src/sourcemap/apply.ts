import { FormatError } from '../errors.ts'
import { byTables, rewriteFrames, usedFrames } from '../model/rewrite.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Tables } from '../model/tables.ts'
import { parseSourceMap, type SourceMap } from './map.ts'
import { MappedScript, type Place } from './script.ts'

/** Why a frame keeps its place in the generated script. */
export type MissReason =
  | 'no file' // neither the script nor a map of it lies in the given folders
  | 'no map' // the script is there, and neither it nor its name leads to a map
  | 'outside' // script or map lies outside of the given folders
  | 'remote' // the map has an address that only a network could follow
  | 'unreadable' // the map is damaged or too large; `detail` says how
  | 'no position' // the frame has no line, or no column where a line holds several sources
  | 'not mapped' // the map has nothing at the position
  | 'whole script' // the frame is the top level of a script made of several files

/** Frames of one script that stay as they are. */
export interface Miss {
  filename: string
  reason: MissReason
  detail?: string
  /** Number of different frames. */
  frames: number
}

/** A map's text and where it lies: names in it are relative to that. */
export interface MapText {
  text: string
  /** Path of the map, or of the script that holds it. */
  path: string
}

/** Where maps and sources come from: the only way out of this module. */
export interface MapFiles {
  mapOf(filename: string): MapText | { reason: MissReason; detail?: string }
  /** Path of a file that lies at `relative` below one of the given folders. */
  find(relative: string): string | undefined
  /** Text of a file in the given folders; a relative name is looked for in each. */
  read(filename: string): string | undefined
}

/** What came of it. */
export interface Mapped {
  /** The snapshots, in order, with original files, lines, columns and function names. */
  snapshots: Snapshot[]
  /** Different frames that belong to a script. */
  frames: number
  /** How many of them were mapped. */
  mapped: number
  /** How many of the mapped ones still have the generated function name, as neither map nor source gives another. */
  namesKept: number
  /** The others, by script and reason, most frames first. */
  misses: Miss[]
  /** Text of an original file, where a map that was used carries it. */
  contentOf(filename: string): string | undefined
}

/**
 * Source maps by their text, so that equal ones are decoded once, however many scripts and snapshots use them. Keeps the
 * last ones used, up to `limit` characters of text.
 */
export class SourceMapCache {
  readonly #maps = new Map<string, SourceMap>()
  readonly #limit: number
  #length = 0

  constructor(limit = 64 << 20) {
    this.#limit = limit
  }

  /** Throws FormatError for a damaged map. */
  get(text: string): SourceMap {
    let map = this.#maps.get(text)
    if (map) this.#maps.delete(text)
    else {
      map = parseSourceMap(text)
      this.#length += text.length
    }
    this.#maps.set(text, map) // now the last
    for (const oldest of this.#maps.keys()) {
      if (this.#length <= this.#limit || oldest === text) break
      this.#maps.delete(oldest)
      this.#length -= oldest.length
    }
    return map
  }
}

/**
 * Maps the frames of snapshots back to the files they were compiled from. Frames that cannot be mapped stay, and are counted
 * in `misses`. Reads through `files` only, and one script after the other, so that one decoded map is held at a time (and
 * what `cache` keeps).
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
    const counted = new Set<string>() // snapshots over several tables have equal frames
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
      const { functionName, filename, lineno, column } = placed.get(from)?.get(id) ?? frame
      return into.frames.intern(functionName, filename, lineno, column, frame.exact)
    }),
    contentOf: filename => contents.get(filename),
  }
}

/** The frames in use, by the script they belong to. Built-ins, `<...>` without a file and Node's own have none. */
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
