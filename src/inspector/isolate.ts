import type { Lease } from './lease/lease.ts'
import type { Memory } from './memory.ts'
import type { Session } from './session.ts'

/** One heap of a target, with a session of its own: `main`, `worker 1`, `page`, `iframe example.org` ... */
export interface Isolate {
  readonly name: string
  readonly session: Session
  /** The target's own counters. */
  memory(): Promise<Memory>
  /** What it shows now; only of a page, which can be navigated. */
  shown?(): Promise<Shown>
  /**
   * Resolves when it has come to its own end and waits for us: it can still be read, and goes on to exit when the connection is closed.
   * Absent where nothing waits: a worker, a page.
   */
  readonly ending?: Promise<void>
}

/** The document of a page. */
export interface Shown {
  url: string
  /** Differs from one document to the next, even of the same address. */
  document: string
  /** Differs from one isolate to the next: another site gets another process, in which V8 samples from the start. */
  heap: string
}

/** Something that runs V8 and that we are connected with. */
export interface Target {
  /** For messages: `node 26.10.0, process 1234`. */
  readonly name: string
  /** Process id, where the target tells it. */
  readonly pid: number | undefined
  /** Names its files: the process id, or where the target was found. */
  readonly label: string
  readonly runtime: string
  readonly runtimeVersion: string | undefined
  readonly main: Isolate
  /** Undoes what is changed in the target, also when we are killed; not of Chrome, nor of a target that lets nobody in. */
  readonly lease: Lease | undefined
  /** The isolates there are now, `main` first. One that comes later is handed to `begin`, and waits for it where it can. */
  isolates(begin?: (isolate: Isolate) => Promise<void>): Promise<readonly Isolate[]>
  /** Resolves when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>
  /** Leaves the target as it was: an inspector that was opened for us is closed again. */
  close(): Promise<void>
}
