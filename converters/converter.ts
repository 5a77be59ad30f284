// The interface of a format: how its files are recognised, read and written, and what survives in them.
import type { Source } from '../src/bytes/source.ts'
import type { Snapshot } from '../src/model/snapshot.ts'

/** What can survive a trip through a format. */
export const CARRIED = [
  'count', // exact numbers of blocks
  'lineno',
  'column',
  'function',
  'exact', // whether a line is the calling line
  'domain',
  'type',
  'ordinal', // samples, for pairing
  'totalNframe',
  'meta', // interval, session, time, runtime ...
  'measures', // several snapshots in one file
] as const
export type Carried = (typeof CARRIED)[number]

/** Columns of a snapshot that a report may do without. */
export const ROW_COLUMNS = ['stack', 'type', 'domain'] as const

export interface ReadOptions {
  /**
   * The columns that are wanted, all unless given. A reader may leave the others empty (no stack, no type,
   * domain 0) to save time and memory.
   */
  columns?: readonly (typeof ROW_COLUMNS)[number][]
  /** Sampling interval in bytes, where the user knows it. */
  interval?: number
  /**
   * `true` (the default) keeps each sample, for pairing and error bars. `'multisets'` is enough for error
   * bars: it keeps, if the reader can, the sizes of a row's samples and how many there are of each. `false`
   * only counts them.
   */
  samples?: boolean | 'multisets'
  /** Only the object of this id, in a format that knows objects by ids (heap snapshots). */
  object?: number
  /** Most bytes a file may have after inflating. */
  maxSize?: number
  /** Throws FormatError `too-large` if a document that is held whole needs more memory than there is. */
  afford?: (bytes: number) => void
}

export interface WriteOptions {
  /** One trace a row where the format has one record a block. */
  merge?: boolean
}

/**
 * A file format. One file in `converters/`, one line in `converters/index.ts`; detection, help, docs, loss
 * warnings and the conformance tests follow from the list.
 */
export interface Converter {
  /** The word users type: `--to pprof`. */
  readonly name: string
  readonly title: string
  /** With the dot, the usual one first: `.heapprofile`. A name's ending picks the format to write. */
  readonly extensions: readonly string[]
  /** Link to the format's definition or to its writer. */
  readonly spec: string
  readonly carries: readonly Carried[]
  /** Can every cut of a file be told from a whole one? */
  readonly truncation: 'always' | 'when possible'
  /**
   * Can a difference of two snapshots be written? As one snapshot, new less old, with negative sizes; or as
   * the pair of them, old and new.
   */
  readonly difference?: 'negative' | 'pair'
  /** What files of this format contain of the program besides names and numbers; by default nothing. */
  readonly holds?: readonly ('heap strings' | 'source text')[]
  /** Is the file, as written, gzipped? */
  readonly gzip?: boolean
  /**
   * Is it this format? Pure; sees the first bytes (after inflating) and the name. `more` asks for a longer
   * head, and counts as `no` when there is none. The content decides: the name only breaks ties.
   */
  sniff(head: Uint8Array, name: string): 'yes' | 'no' | 'more'
  /** Reads all snapshots of a file. Throws FormatError only. */
  read?(source: Source, options: ReadOptions): Promise<readonly Snapshot[]>
  /** The pieces of a file. Throws FormatError `unsupported` or `too-large`, at once or in a piece. */
  write?(snapshots: readonly Snapshot[], options: WriteOptions): Promise<Iterable<Uint8Array | string>>
}
