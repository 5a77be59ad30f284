// Reads many files and compares each series of them.
import { lineOf, TracemallocError } from '../errors.ts'
import type { LoadOptions } from '../formats/files.ts'
import type { Cumulative, KeyType } from '../model/grouping/group.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { Tables } from '../model/tables/tables.ts'
import type { BatchPoint, BatchStep } from '../report/batch.ts'
import { compareSampled } from '../statistics/compare.ts'
import type { Comparison, SeriesTrend } from '../statistics/results.ts'
import { seriesTrend } from '../statistics/trend.ts'
import { readInParallel } from './pool.ts'
import { type SeriesRule, seriesOf, shortNames } from './series.ts'
import { unpackSnapshot } from './transfer.ts'

export type { BatchPoint as Point, BatchStep as SeriesStep } from '../report/batch.ts'

export interface BatchOptions {
  /** How files are read. Sent to the worker threads, so it holds no functions. */
  load: Omit<LoadOptions, 'onBytes'>
  keyTypes: readonly KeyType[]
  cumulative: Cumulative
  /** Applied to the snapshots of a file before they are compared: filters, source maps ... */
  prepare?: (path: string, snapshots: readonly Snapshot[]) => Promise<readonly Snapshot[]>
  seriesRule: SeriesRule
  /** Number of worker threads; default: the number of processors. */
  threads?: number
  /** Called after each file. */
  onFile?: () => void
}

/** The result for one series. */
export interface SeriesResult {
  name: string
  points: BatchPoint[]
  /** One fewer than the points. */
  steps: BatchStep[]
  /** First to last; absent if there is only one snapshot. */
  growth?: Comparison
  /** First to last by package. */
  packages?: Comparison
  /** By row over all reads; absent for fewer than three. */
  trend?: SeriesTrend
  /** The last snapshot against the baseline's of the same name. */
  baseline?: Comparison
  notes: string[]
  /** The snapshots themselves, in order, on common tables. */
  snapshots: readonly Snapshot[]
}

export interface BatchResult {
  series: SeriesResult[]
  /** Files that could not be read, with the reason. */
  failed: { path: string; reason: string }[]
}

/** Reads files in parallel and compares each series. Series and snapshots keep the order of the files. */
export async function runBatch(paths: readonly string[], options: BatchOptions): Promise<BatchResult> {
  const failed: BatchResult['failed'] = []
  const open = new Map<string, SeriesReader>()
  const lastOf = new Map<string, number>()
  if (options.seriesRule.by !== 'session') {
    for (const [i, path] of paths.entries()) lastOf.set(seriesOf(path, options.seriesRule) ?? path, i)
  }
  const results = new Map<string, SeriesResult>()
  let i = 0
  for await (const { path, snapshots, error } of readInParallel(paths, options.load, options.threads)) {
    if (error && !(error instanceof TracemallocError)) throw error // a bug of ours, not a bad file
    if (error) failed.push({ path, reason: lineOf(error) })
    for (const packed of snapshots ?? []) {
      const name = nameOf(path, packed.meta.session, options.seriesRule)
      let reader = open.get(name)
      if (!reader) open.set(name, (reader = new SeriesReader(name, options)))
      const whole = unpackSnapshot(packed, reader.tables)
      const [snapshot] = options.prepare ? await options.prepare(path, [whole]) : [whole]
      reader.add(path, snapshot.named().over(reader.tables))
    }
    options.onFile?.()
    // A series is finished as soon as its last file has been read, so that only open ones are in memory.
    for (const [name, reader] of open) {
      if (lastOf.get(name) !== i) continue
      results.set(name, reader.finish())
      open.delete(name)
    }
    i++
  }
  for (const [name, reader] of open) results.set(name, reader.finish())
  const series = [...results.values()]
  const short = shortNames(series.map(s => s.name))
  for (const [k, one] of series.entries()) one.name = short[k]
  return { series, failed }
}

function nameOf(path: string, session: string | undefined, rule: SeriesRule): string {
  if (rule.by === 'session') return session ?? path
  return seriesOf(path, rule) ?? path
}

/** Takes the snapshots of one series in order. */
class SeriesReader {
  readonly tables = new Tables()
  readonly #name: string
  readonly #options: BatchOptions
  readonly #snapshots: Snapshot[] = []
  readonly #points: BatchPoint[] = []
  readonly #steps: BatchStep[] = []

  constructor(name: string, options: BatchOptions) {
    this.#name = name
    this.#options = options
  }

  add(path: string, snapshot: Snapshot): void {
    const previous = this.#snapshots.at(-1)
    if (previous) this.#steps.push(stepOf(this.#compare(snapshot, previous)))
    this.#snapshots.push(snapshot)
    this.#points.push({ path, ...snapshot.total, time: snapshot.meta.time })
  }

  finish(): SeriesResult {
    const snapshots = this.#snapshots
    const result: SeriesResult = {
      name: this.#name,
      points: this.#points,
      steps: this.#steps,
      notes: clockNotes(this.#points),
      snapshots,
    }
    if (snapshots.length < 2) {
      result.notes.push('only one snapshot in this series: nothing to compare')
      return result
    }
    const first = snapshots[0]
    const last = snapshots[snapshots.length - 1]
    result.growth = this.#compare(last, first)
    result.packages = compareSampled([last], [first], 'package')
    result.notes.push(...result.growth.notes)
    if (snapshots.length > 2) {
      result.trend = seriesTrend(snapshots, this.#options.keyTypes, this.#options.cumulative)
    }
    return result
  }

  #compare(now: Snapshot, old: Snapshot): Comparison {
    return compareSampled([now], [old], this.#options.keyTypes, this.#options.cumulative)
  }
}

function stepOf({ rows, total }: Comparison): BatchStep {
  const largest = rows[0]?.statistic
  return {
    sizeDiff: total.statistic.sizeDiff,
    significant: rows.filter(row => row.significant).length,
    largest: largest && { label: largest.label, sizeDiff: largest.sizeDiff },
  }
}

function clockNotes(points: readonly BatchPoint[]): string[] {
  const backwards = points.some((point, i) => i > 0 && (point.time ?? 0) < (points[i - 1].time ?? 0))
  return backwards ? ['the clock runs backwards: snapshots are sorted by name'] : []
}

/**
 * Compares the end of each series with the baseline's series of the same name (or with the only one). Series
 * of separate runs are compared as a whole, so that three or more baseline runs show how much runs differ by
 * themselves.
 */
export async function compareToBaseline(
  result: BatchResult,
  paths: readonly string[],
  options: BatchOptions,
): Promise<void> {
  const baseline = await runBatch(paths, options)
  result.failed.push(...baseline.failed)
  for (const series of result.series) {
    const old =
      baseline.series.length === 1 ? baseline.series[0] : baseline.series.find(s => s.name === series.name)
    if (!old) {
      series.notes.push('the baseline has no series of this name')
      continue
    }
    series.baseline = compareSampled(endOf(series), endOf(old), options.keyTypes, options.cumulative)
    series.notes.push(...series.baseline.notes)
  }
}

/** The last snapshot, if the series is one session; all snapshots, if each is a run of its own. */
function endOf({ snapshots }: SeriesResult): readonly Snapshot[] {
  const sessions = new Set(snapshots.map(s => s.meta.session))
  const separate = snapshots.length > 1 && !sessions.has(undefined) && sessions.size === snapshots.length
  return separate ? snapshots : snapshots.slice(-1)
}
