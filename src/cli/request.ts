// Turns a command's options into a request: what to read, and how to prepare it.
import type { ReadOptions } from '../../converters/converter.ts'
import { UsageError } from '../errors.ts'
import { checkLoadOptions, type LoadOptions } from '../formats/files.ts'
import { type BaseFilter, pathFilter } from '../model/filter.ts'
import { domainName } from '../model/meta.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GetLine } from '../model/traceback.ts'
import { HINTS, hintLine } from '../text/hints.ts'
import { createRewriter, type RewriteOptions, type SourceFiles } from './frame-options.ts'

/** The parsed options of `addFilters`. */
export interface ReadFlags extends RewriteOptions {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly allFrames?: boolean
  readonly domain?: number
  readonly interval?: number
  readonly snapshot?: number
  readonly from?: string
  readonly pick?: string
  readonly maxSize?: number
}

/** What to read, and how to prepare it. */
export interface ReadRequest {
  /** How to read each file. Plain values, because they are sent to threads. */
  readonly load: Omit<LoadOptions, 'onBytes'>
  /** Rewrites the frames and filters the traces of a file's snapshots. */
  prepare(path: string, snapshots: readonly Snapshot[]): Promise<readonly Snapshot[]>
  /** Source lines for tracebacks; undefined unless asked for. */
  getLine(): Promise<GetLine | undefined>
  /** Whole sources; undefined unless asked for. */
  getSource(): Promise<SourceFiles | undefined>
}

/**
 * Parses a command's options into its request. `needs` says which parts of a snapshot the command uses; all
 * by default. Throws UsageError for options that conflict or that no file can be read with.
 */
export function readRequest(
  flags: ReadFlags,
  needs: Pick<ReadOptions, 'columns' | 'samples'> = {},
): ReadRequest {
  const { interval, snapshot, from, pick, maxSize } = flags
  const load = { interval, snapshot, from, pick, maxSize, ...needs }
  checkLoadOptions(load)
  const filters = filtersOf(flags)
  const filter = (all: Snapshot) => noted(all.filterTraces(filters), all, flags)
  const rewriter = createRewriter(flags)
  return {
    load,
    prepare: (path, snapshots) => rewriter.apply(path, snapshots, filters.length > 0 ? filter : undefined),
    getLine: () => rewriter.getLine(),
    getSource: () => rewriter.getSource(),
  }
}

/** The filters that the options ask for. Throws UsageError for an empty pattern. */
function filtersOf({ include, exclude, allFrames, domain }: ReadFlags): BaseFilter[] {
  if (allFrames && include.length + exclude.length === 0) {
    throw new UsageError('--all-frames needs --include or --exclude')
  }
  const filter = (inclusive: boolean) => (text: string) => {
    const [, pattern, line] = /^(.*?)(?::(\d+))?$/s.exec(text) as unknown as [string, string, string?]
    if (pattern === '') throw new UsageError(`the pattern '${text}' has no file name`)
    const lineno = line === undefined ? undefined : Number(line)
    return pathFilter(inclusive, pattern, { lineno, allFrames })
  }
  return [
    ...include.map(filter(true)),
    ...exclude.map(filter(false)),
    ...(domain === undefined ? [] : [keepDomain(domain)]),
  ]
}

/** A snapshot of which the filters leave nothing says so. */
function noted(after: Snapshot, before: Snapshot, flags: ReadFlags): Snapshot {
  if (after.length > 0 || before.length === 0) return after
  const { include, exclude, domain, allFrames, redact } = flags
  const filters = [
    ...include.map(pattern => `--include ${pattern}`),
    ...exclude.map(pattern => `--exclude ${pattern}`),
    ...(allFrames ? ['--all-frames'] : []),
    ...(domain === undefined ? [] : [`--domain ${domainName(domain)}`]),
  ].join(' ')
  const [largest] = redact ? [] : before.statistics('filename')
  const hint = HINTS.noMatch({ filters, file: largest?.key.filename || undefined })
  return after.with({ meta: { notes: [hintLine(hint), ...(after.meta.notes ?? [])] } })
}

/** Keeps one domain. Not an inclusive filter, because those are alternatives: --include would widen it. */
function keepDomain(domain: number): BaseFilter {
  return { inclusive: false, matcher: snapshot => row => snapshot.columns.domain[row] === domain }
}
