// Filters that select a snapshot's rows: CPython's `Filter` and `DomainFilter`.
import { UsageError } from '../errors.ts'
import type { SnapshotData } from './columns.ts'
import { compileGlob } from './glob.ts'
import { allocationFrames } from './grouping/keys.ts'
import { fileName } from './names/file-name.ts'

/** A condition on traces. Inclusive filters keep the traces they match, exclusive filters the others. */
export interface BaseFilter {
  readonly inclusive: boolean
  /** Returns a test for the rows of one snapshot: does the filter keep row `i`? */
  matcher(snapshot: SnapshotData): (row: number) => boolean
}

export interface FilterOptions {
  /** Only this line, 1-based. */
  lineno?: number
  /** Look at every frame of the traceback instead of the allocation frame only. */
  allFrames?: boolean
  /** Only this kind of memory. */
  domain?: number
}

/**
 * Filters by file name (fnmatch) and line: CPython's `tracemalloc.Filter` (without its rule for `.pyc`). The
 * names are those that reports show: `m.mjs`, not `m.mjs?v=17`.
 * Cannot be changed.
 */
export class Filter implements BaseFilter {
  readonly inclusive: boolean
  readonly filenamePattern: string
  readonly lineno: number | undefined
  readonly allFrames: boolean
  readonly domain: number | undefined

  /**
   * As in CPython: `new Filter(inclusive, filenamePattern, lineno, allFrames, domain)`; the last three can be
   * options instead. Throws UsageError for anything else.
   * @param lineno only this line, 1-based; `undefined` and `null` are any
   * @param allFrames look at every frame of the traceback instead of the allocation frame only
   * @param domain only this kind of memory; `undefined` and `null` are any
   */
  constructor(
    inclusive: boolean,
    filenamePattern: string,
    lineno?: number | null | FilterOptions,
    allFrames?: boolean,
    domain?: number | null,
  ) {
    const given = typeof lineno === 'object' && lineno !== null ? lineno : { lineno, allFrames, domain }
    if (given === lineno && (allFrames !== undefined || domain !== undefined))
      throw new UsageError('a filter takes options or values, not both')
    const unknown = Object.keys(given).find(name => !['lineno', 'allFrames', 'domain'].includes(name))
    if (unknown !== undefined) throw new UsageError(`a filter has no option ${unknown}`)
    if (typeof filenamePattern !== 'string')
      throw new UsageError(`a filter's pattern is a string, not ${String(filenamePattern)}`)
    this.inclusive = flag('inclusive', inclusive)
    this.filenamePattern = filenamePattern
    this.lineno = whole('line', given.lineno)
    this.allFrames = flag('allFrames', given.allFrames ?? false)
    this.domain = whole('domain', given.domain)
    Object.freeze(this)
  }

  matcher(snapshot: SnapshotData): (row: number) => boolean {
    const stacks = this.#matchingStacks(snapshot)
    const { stack, domain } = snapshot.columns
    return row => {
      const passes = (stacks[stack[row]] === 1) === this.inclusive
      if (this.domain === undefined) return passes
      return this.inclusive ? passes && domain[row] === this.domain : passes || domain[row] !== this.domain
    }
  }

  /** 1 for each stack whose allocation frame (or, with `allFrames`, any frame) matches. */
  #matchingStacks({ tables }: SnapshotData): Uint8Array {
    const { frames, stacks, strings } = tables
    const matches = patternMatcher(this.filenamePattern)
    const byFile = new Map<number, boolean>()
    const byFrame = new Uint8Array(frames.length)
    for (let i = 0; i < frames.length; i++) {
      if (this.lineno !== undefined && frames.lineno[i] !== this.lineno) continue
      const file = frames.filename[i]
      let match = byFile.get(file)
      if (match === undefined) byFile.set(file, (match = matches(fileName(strings.get(file)))))
      byFrame[i] = match ? 1 : 0
    }
    const result = new Uint8Array(stacks.length)
    const allocation = allocationFrames(tables)
    for (let s = 1; s < stacks.length; s++) {
      result[s] = this.allFrames
        ? byFrame[stacks.frame[s]] | result[stacks.parent[s]]
        : byFrame[allocation[s]]
    }
    return result
  }
}

/**
 * As `Filter`, for patterns of the command line and of budgets: a relative one, such as `server.js` or
 * `src/*`, matches at any depth.
 */
export function pathFilter(inclusive: boolean, pattern: string, options: FilterOptions = {}): BaseFilter {
  const relative = pattern.replace(/^\.[/\\]/, '')
  const patterns = /^[/\\*<]/.test(relative) ? [relative] : [relative, `*/${relative}`, `*\\${relative}`]
  const filters = patterns.map(one => new Filter(true, one, options))
  return {
    inclusive,
    matcher(snapshot) {
      const matchers = filters.map(filter => filter.matcher(snapshot))
      return row => matchers.some(matches => matches(row)) === inclusive
    },
  }
}

/** Filters by kind of memory: CPython's `tracemalloc.DomainFilter`. */
export class DomainFilter implements BaseFilter {
  readonly inclusive: boolean
  readonly domain: number

  /** Throws UsageError for a domain that is not a whole number. */
  constructor(inclusive: boolean, domain: number) {
    const known = whole('domain', domain)
    if (known === undefined) throw new UsageError('a filter by domain takes its number')
    this.inclusive = flag('inclusive', inclusive)
    this.domain = known
    Object.freeze(this)
  }

  matcher(snapshot: SnapshotData): (row: number) => boolean {
    const { domain } = snapshot.columns
    return row => (domain[row] === this.domain) === this.inclusive
  }
}

/** Matches the names that reports show. A pattern without wildcards can also be a name as it was read. */
function patternMatcher(pattern: string): (name: string) => boolean {
  const matches = compileGlob(pattern)
  const name = /[*[]|\?$/.test(pattern) ? pattern.replaceAll('\\', '/') : fileName(pattern)
  if (name === pattern) return matches
  const matchesName = compileGlob(name)
  return file => matches(file) || matchesName(file)
}

function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new UsageError(`a filter's ${name} is true or false, not ${String(value)}`)
  return value
}

/** A whole number of 32 bits, or nothing. */
function whole(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff)
    return value as number
  throw new UsageError(`a filter's ${name} is a whole number, not ${String(value)}`)
}

/** Rows kept by at least one inclusive filter (if there are any) and by every exclusive filter. */
export function matchingRows(snapshot: SnapshotData, filters: readonly BaseFilter[]): Uint32Array {
  const include = filters.filter(f => f.inclusive).map(f => f.matcher(snapshot))
  const exclude = filters.filter(f => !f.inclusive).map(f => f.matcher(snapshot))
  const rows = new Uint32Array(snapshot.length)
  let n = 0
  for (let row = 0; row < rows.length; row++) {
    if (include.length > 0 && !include.some(passes => passes(row))) continue
    if (exclude.every(passes => passes(row))) rows[n++] = row
  }
  return rows.subarray(0, n)
}
