// `batch` for programs: many files at once.
import type { BatchResult } from '../batch/batch.ts'
import { UsageError } from '../errors.ts'
import type { BaseFilter } from '../model/filter.ts'
import type { Cumulative, KeyType } from '../model/grouping/group.ts'
import type { Snapshot } from '../model/snapshot.ts'

export type { BatchResult, Point, SeriesResult, SeriesStep } from '../batch/batch.ts'

export interface BatchRequest {
  /** What rows are: one key, or several. Default `lineno`. */
  groupBy?: KeyType | readonly KeyType[]
  /** As for `statistics`. */
  cumulative?: Cumulative
  /** Which traces count, as for `filterTraces`. */
  filters?: readonly BaseFilter[]
  /**
   * What makes a series: the folder (default), the session, or what the groups of a pattern find in a path.
   */
  series?: 'folder' | 'session' | RegExp
  /** File or folder whose series the ends are compared with. */
  baseline?: string
  /** Sampling interval in bytes, for files that do not say. */
  interval?: number
  /** Most bytes of a file, inflated. */
  maxSize?: number
  /** Files read at the same time; default: the number of processors. */
  threads?: number
}

/**
 * Reads many snapshots in parallel and compares each series: neighbours, first with last, trends. What
 * `tracemalloc batch` reports. Files that cannot be read are in `failed`, and stop nothing.
 * @param paths files, folders with everything below them, or patterns
 * @throws UsageError for wrong options, FormatError if a path names nothing, FileError if it cannot be read
 */
export async function batch(
  paths: string | readonly string[],
  { groupBy = 'lineno', cumulative = false, filters = [], series = 'folder', ...rest }: BatchRequest = {},
): Promise<BatchResult> {
  const { baseline, threads, interval, maxSize, ...unknown } = rest
  const [name] = Object.keys(unknown)
  if (name !== undefined) throw new UsageError(`batch has no option ${name}`)
  const [{ findSnapshots }, { compareToBaseline, runBatch }, { parseSeriesRule }, { checkLoadOptions }] =
    await Promise.all([
      import('../batch/find-snapshots.ts'),
      import('../batch/batch.ts'),
      import('../batch/series.ts'),
      import('../formats/files.ts'),
    ])
  const load = { interval, maxSize }
  checkLoadOptions(load)
  const options = {
    load,
    keyTypes: typeof groupBy === 'string' ? [groupBy] : groupBy,
    cumulative,
    seriesRule: parseSeriesRule(series instanceof RegExp ? series.source : series),
    threads,
    prepare: async (_: string, snapshots: readonly Snapshot[]) =>
      filters.length > 0 ? snapshots.map(snapshot => snapshot.filterTraces(filters)) : snapshots,
  }
  const result = await runBatch(await findSnapshots(typeof paths === 'string' ? [paths] : paths), options)
  if (baseline !== undefined) await compareToBaseline(result, await findSnapshots([baseline]), options)
  return result
}
