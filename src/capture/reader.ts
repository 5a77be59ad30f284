// The interface of what reads an isolate, and the options of attaching.
import type { Isolate } from '../inspector/isolate.ts'
import type { Opening } from '../inspector/node-process.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SamplerSettings } from './v8/settings.ts'
import type { StableOptions } from './v8/stable-frames.ts'

/** One file that was written. */
export interface IsolateRead {
  path: string
  /** Its content; absent for a heap snapshot, which is not held in memory. */
  snapshot?: Snapshot
  /** How long the target was stopped, in ms. */
  took: number
}

/** Traces one isolate and reads what is alive. */
export interface IsolateReader {
  isolate: Isolate
  /** Reads and writes a file. `isLast`: the isolate has ended and waits for us. */
  read(isLast?: boolean): Promise<IsolateRead>
  /** Resolves when a worker has sent its samples at its end, to the function that writes them. */
  ended?: Promise<() => Promise<IsolateRead>>
  /** Leaves the isolate as it was. */
  stop(): Promise<void>
}

export interface AttachOptions extends StableOptions, Opening {
  /** Settings of V8's sampler; if absent, its allocation tracker is used, which sees every object. */
  sampling?: SamplerSettings
  /** Folder of numbered files. */
  dir: string
  /** A single file to write instead. */
  output?: string
  match?: string
  /** Longest estimated time that a read may stop the target, in ms. */
  maxPause?: number
  /** Trace workers and iframes too. */
  workers: boolean
  /** Seconds between the reads of a series; absent for a single read. */
  every?: number
  /** Number of reads in a series. */
  count?: number
  /** Seconds until the single read, or until the series ends. */
  duration?: number
  /** Ends the wait and the series. */
  signal: AbortSignal
  /** Called when the target is open for the first time, and waited for. Does its code run? */
  onOpen?(isRunning: boolean): Promise<void>
  /** Called for every file. */
  onRead(read: IsolateRead): void
}
