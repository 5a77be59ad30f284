// Applies --source-maps, --app, --redact and --sources to snapshots as they are read.
import { UsageError } from '../errors.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GetLine } from '../model/traceback.ts'
import type { applySourceMaps, MapFiles, Mapped, MissReason, SourceMapCache } from '../sourcemap/apply.ts'
import { visible } from '../text/escape.ts'
import type { Redaction } from '../transform/redact.ts'
import { showLines } from './say.ts'

/** Options that rewrite frames. */
export interface RewriteOptions {
  /** Folders to read maps and sources from; undefined = no source maps. */
  readonly sourceMaps?: readonly string[]
  readonly app?: boolean
  readonly redact?: Redaction
  /** Folder to read source lines from; undefined = none are shown. */
  readonly sources?: string
  readonly verbose?: boolean
}

/** Applies the options to snapshots as they are read. */
export interface Rewriter {
  /** Source maps and `--app` first, so that a filter sees what is shown; `--redact` last. */
  apply(
    path: string,
    snapshots: readonly Snapshot[],
    filter?: (snapshot: Snapshot) => Snapshot,
  ): Promise<readonly Snapshot[]>
  /** Source lines for tracebacks; undefined unless asked for. */
  getLine(): Promise<GetLine | undefined>
  /** Whole sources; undefined unless asked for. */
  getSource(): Promise<SourceFiles | undefined>
}

/** Texts of files in the folders of `--sources` and `--source-maps`, and in source maps. */
export interface SourceFiles {
  read(filename: string): string | undefined
  /** When the file that `read` reads was changed, in milliseconds since 1970. */
  changed(filename: string): number | undefined
}

/**
 * The rewriter for a command's options. Use one for all files of a command, so that each map is decoded once.
 * Throws UsageError for conflicting options at once, and for a path that is not a folder when it is first
 * read.
 */
export function createRewriter(options: RewriteOptions): Rewriter {
  const { sourceMaps, sources, app, redact } = options
  if (sources !== undefined && redact)
    throw new UsageError('--sources and --redact exclude each other: one shows what the other hides')
  const contents: ((filename: string) => string | undefined)[] = []
  const said = new Set<string>()
  let maps: Promise<{ files: MapFiles; cache: SourceMapCache; apply: typeof applySourceMaps }> | undefined
  const original = async (path: string, snapshots: readonly Snapshot[], folders: readonly string[]) => {
    const { files, cache, apply } = await (maps ??= openMaps(folders))
    const mapped = apply(snapshots, files, cache)
    for (const line of mappedLines(path, mapped, options.verbose)) {
      if (!said.has(line)) showLines([visible(line)])
      said.add(line)
    }
    if (sources !== undefined) contents.push(mapped.contentOf)
    return mapped.snapshots
  }
  return {
    async apply(path, snapshots, filter) {
      if (sourceMaps) snapshots = await original(path, snapshots, sourceMaps)
      if (app) snapshots = (await import('../transform/app-frames.ts')).appFrames(snapshots)
      if (filter) snapshots = snapshots.map(filter)
      return redact ? (await import('../transform/redact.ts')).redact(snapshots, redact) : snapshots
    },
    async getLine() {
      const source = await getSource()
      return source && (await import('../sourcemap/lines.ts')).sourceLines(source.read)
    },
    getSource,
  }

  async function getSource(): Promise<SourceFiles | undefined> {
    if (sources === undefined) return undefined
    const { mapFiles } = await import('../sourcemap/files.ts')
    const files = mapFiles([sources, ...(sourceMaps ?? [])])
    const inMap = (filename: string) => {
      for (const contentOf of contents) {
        const text = contentOf(filename)
        if (text !== undefined) return text
      }
      return undefined
    }
    return {
      read: filename => inMap(filename) ?? files.read(filename),
      changed: filename => (inMap(filename) === undefined ? files.changed(filename) : undefined),
    }
  }
}

async function openMaps(folders: readonly string[]) {
  const [{ applySourceMaps, SourceMapCache }, { mapFiles }] = await Promise.all([
    import('../sourcemap/apply.ts'),
    import('../sourcemap/files.ts'),
  ])
  return { files: mapFiles(folders), cache: new SourceMapCache(), apply: applySourceMaps }
}

/** Most scripts listed without `--verbose`. */
const MOST_SCRIPTS = 20

const REASONS: Record<MissReason, string> = {
  'no file': 'neither it nor a map of it is in the given folders',
  'no map': 'no map of it is in the given folders',
  outside: 'it or its map leads out of the given folders',
  remote: 'its map is at an address, and nothing is fetched',
  unreadable: 'its map cannot be read',
  'no position': 'no line or column to look up',
  'not mapped': 'its map says nothing about that place',
  'whole script': 'the top level of a script made of several files',
}

/** How many frames of a file were mapped, and which were not, and why. */
function* mappedLines(
  path: string,
  { frames, mapped, namesKept, misses }: Mapped,
  all = false,
): Generator<string> {
  const kept = namesKept > 0 ? `, ${namesKept} of them with the generated function name` : ''
  yield `tracemalloc: ${path}: source maps: ${mapped} of ${frames} frames mapped${kept}`
  const shown = all ? misses : misses.slice(0, MOST_SCRIPTS)
  for (const { filename, reason, detail, frames: n } of shown) {
    const script = filename.length > 200 ? `${filename.slice(0, 200)}...` : filename
    yield `  ${n} of ${script}: ${REASONS[reason]}${detail ? ` (${detail})` : ''}`
  }
  const rest = misses.slice(shown.length)
  const n = rest.reduce((sum, miss) => sum + miss.frames, 0)
  if (n > 0) yield `  and ${n} in ${rest.length} more (--verbose lists them)`
}
