// What a command reads and what is done to it, made once of its options: every command that reads snapshots takes this.
import type { ReadOptions } from '../../converters/converter.ts'
import { UsageError } from '../errors.ts'
import { checkLoadOptions, type LoadOptions } from '../formats/files.ts'
import { type BaseFilter, Filter } from '../model/filter.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GetLine } from '../model/traceback.ts'
import { createRewriter, type RewriteOptions } from './frame-options.ts'

/** The options of `addFilters`, as commander hands them over. */
export interface ReadFlags extends RewriteOptions {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly allFrames?: boolean
  readonly domain?: number
  readonly interval?: number
  readonly snapshot?: number
  readonly from?: string
  readonly maxSize?: number
}

/** What is read, and how it is changed before anything is done with it. */
export interface ReadRequest {
  /** How each file is read. Plain values, so that they can be sent to a thread. */
  readonly load: Omit<LoadOptions, 'onBytes'>
  /** What the options make of the snapshots of a file: frames are rewritten, traces filtered. */
  prepare(path: string, snapshots: readonly Snapshot[]): Promise<readonly Snapshot[]>
  /** Source lines for tracebacks; undefined where they were not asked for. */
  getLine(): Promise<GetLine | undefined>
}

/**
 * The request that the options of a command make. `needs` says what the command looks at; everything unless given. Throws
 * UsageError for options that contradict each other or that no file can be read with.
 */
export function readRequest(
  flags: ReadFlags,
  needs: Pick<ReadOptions, 'columns' | 'samples'> = {},
): ReadRequest {
  const { interval, snapshot, from, maxSize } = flags
  const load = { interval, snapshot, from, maxSize, ...needs }
  checkLoadOptions(load)
  const filters = filtersOf(flags)
  const rewriter = createRewriter(flags)
  return {
    load,
    prepare: (path, snapshots) => rewriter.apply(path, snapshots, filters),
    getLine: () => rewriter.getLine(),
  }
}

/** The filters that the flags ask for. Throws UsageError for a pattern that matches nothing. */
function filtersOf({ include, exclude, allFrames, domain }: ReadFlags): BaseFilter[] {
  if (allFrames && include.length + exclude.length === 0) {
    throw new UsageError('--all-frames says how --include and --exclude look at traces: give one of them')
  }
  const filter = (inclusive: boolean) => (text: string) => {
    const [, pattern, line] = /^(.*?)(?::(\d+))?$/s.exec(text) as unknown as [string, string, string?]
    if (pattern === '') throw new UsageError(`an empty pattern matches no file: '${text}'`)
    const lineno = line === undefined ? undefined : Number(line)
    return new Filter(inclusive, pattern, { lineno, allFrames })
  }
  return [
    ...include.map(filter(true)),
    ...exclude.map(filter(false)),
    ...(domain === undefined ? [] : [keepDomain(domain)]),
  ]
}

/** Passes one domain only, and, unlike an inclusive filter, together with `--include`. */
function keepDomain(domain: number): BaseFilter {
  return { inclusive: false, matcher: snapshot => row => snapshot.columns.domain[row] === domain }
}
