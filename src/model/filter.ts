// Filters that select a snapshot's rows: CPython's `Filter` and `DomainFilter`.
import type { SnapshotData } from './columns.ts'
import { compileGlob } from './glob.ts'
import { allocationFrames } from './grouping/keys.ts'

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

/** Filters by file name (fnmatch) and line: CPython's `tracemalloc.Filter` (without its rule for `.pyc`). */
export class Filter implements BaseFilter {
  readonly inclusive: boolean
  readonly filenamePattern: string
  readonly lineno: number | undefined
  readonly allFrames: boolean
  readonly domain: number | undefined

  constructor(inclusive: boolean, filenamePattern: string, options: FilterOptions = {}) {
    this.inclusive = inclusive
    this.filenamePattern = filenamePattern
    this.lineno = options.lineno
    this.allFrames = options.allFrames ?? false
    this.domain = options.domain
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
    const matches = compileGlob(this.filenamePattern)
    const byFile = new Map<number, boolean>()
    const byFrame = new Uint8Array(frames.length)
    for (let i = 0; i < frames.length; i++) {
      if (this.lineno !== undefined && frames.lineno[i] !== this.lineno) continue
      const file = frames.filename[i]
      let match = byFile.get(file)
      if (match === undefined) byFile.set(file, (match = matches(strings.get(file))))
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

/** Filters by kind of memory: CPython's `tracemalloc.DomainFilter`. */
export class DomainFilter implements BaseFilter {
  readonly inclusive: boolean
  readonly domain: number

  constructor(inclusive: boolean, domain: number) {
    this.inclusive = inclusive
    this.domain = domain
  }

  matcher(snapshot: SnapshotData): (row: number) => boolean {
    const { domain } = snapshot.columns
    return row => (domain[row] === this.domain) === this.inclusive
  }
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
