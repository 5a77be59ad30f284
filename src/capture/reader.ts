import type { Isolate } from '../inspector/isolate.ts'
import type { Opening } from '../inspector/node-process.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Sampling } from './v8/settings.ts'
import type { StableOptions } from './v8/stable-frames.ts'

/** One file that was written. */
export interface Read {
  path: string
  /** What is in it; a heap snapshot is not held. */
  snapshot?: Snapshot
  /** Milliseconds that the target took. */
  took: number
}

/** Traces one isolate and reads what is alive. */
export interface Reader {
  isolate: Isolate
  /** Reads and writes a file. The last read is of an isolate that has ended and waits for us. */
  read(isLast?: boolean): Promise<Read>
  /** Resolves when a worker has sent what it held at its end, with the function that writes it. */
  ended?: Promise<() => Promise<Read>>
  /** Leaves the isolate as it was. */
  stop(): Promise<void>
}

export interface AttachOptions extends StableOptions, Opening {
  /** V8's sampler; its allocation tracker, which sees every object, where absent. */
  sampling?: Sampling
  /** Folder of numbered files. */
  dir: string
  /** The one file to write, instead. */
  output?: string
  match?: string
  /** Longest time that a read may stop the target by the estimate, in ms. */
  maxPause?: number
  /** Sample workers and iframes too. */
  workers: boolean
  /** Seconds between the reads of a series; a single read when absent. */
  every?: number
  /** Reads of a series. */
  count?: number
  /** Seconds until the single read, or until the series ends. */
  duration?: number
  /** Ends the wait and the series. */
  signal: AbortSignal
  /** Is told of every file. */
  onRead(read: Read): void
}
