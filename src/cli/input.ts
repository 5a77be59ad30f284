import type { ReadOptions } from '../../converters/converter.ts'
import { TracemallocError, UsageError } from '../errors.ts'
import { expandPath, type Loaded, loadFile } from '../formats/files.ts'
import type { BaseFilter } from '../model/filter.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { type RewriteOptions, rewriterOf } from './frame-options.ts'
import { filtersOf } from './options.ts'
import { progress } from './progress.ts'

/** What a command needs of its options to read files. */
export interface InputOptions extends RewriteOptions {
  include: string[]
  exclude: string[]
  allFrames?: boolean
  domain?: number
  interval?: number
  snapshot?: number
  from?: string
  maxSize?: number
  /** What is needed of the samples. */
  samples?: ReadOptions['samples']
  /** The columns that the report shows; all unless given. */
  columns?: ReadOptions['columns']
}

/** A snapshot with a name for messages and titles. */
export interface Named {
  name: string
  snapshot: Snapshot
}

/** All files that the paths stand for, read and filtered in order. Errors name their file. */
export async function* readFiles(paths: readonly string[], options: InputOptions): AsyncGenerator<Loaded> {
  const filters = filtersOf(options)
  for (const path of paths) {
    for (const file of await inFile(path, expandPath(path))) yield await readFile(file, options, filters)
  }
}

async function readFile(path: string, options: InputOptions, filters: BaseFilter[]): Promise<Loaded> {
  const { interval, from, samples, columns, maxSize } = options
  const bar = progress(path)
  try {
    const loaded = await inFile(
      path,
      loadFile(path, { interval, from, samples, columns, maxSize, onBytes: bar.add }),
    )
    return { ...loaded, snapshots: await rewriterOf(options).apply(path, loaded.snapshots, filters) }
  } finally {
    bar.stop()
  }
}

/** The snapshots of files, each with a name; `--snapshot` picks one of each file. */
export async function readSnapshots(paths: readonly string[], options: InputOptions): Promise<Named[]> {
  const named: Named[] = []
  for await (const { path, snapshots } of readFiles(paths, options)) {
    for (const [i, snapshot] of snapshots.entries()) {
      if (options.snapshot !== undefined && options.snapshot !== i + 1) continue
      const part =
        snapshots.length === 1 ? '' : ` [${i + 1}${snapshot.meta.name ? ` ${snapshot.meta.name}` : ''}]`
      named.push({ name: `${path}${part}`, snapshot })
    }
    if (options.snapshot !== undefined && options.snapshot > snapshots.length) {
      throw new UsageError(`${path} holds ${snapshots.length} snapshot(s), no number ${options.snapshot}`)
    }
  }
  return named
}

/** Puts the file's name into what goes wrong with it. */
export async function inFile<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof TracemallocError) error.message = `${path}: ${error.message}`
    throw error
  }
}
