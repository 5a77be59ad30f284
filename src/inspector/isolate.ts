// What the rest of the program sees of a target: its isolates, and what they can tell.
import type { Standstill } from './debugger/pause.ts'
import type { Lease } from './lease/lease.ts'
import type { Memory } from './memory.ts'
import type { Session } from './session.ts'

/** One heap of a target, with its own session: `main`, `worker 1`, `page`, `iframe example.org` ... */
export interface Isolate {
  readonly name: string
  readonly session: Session
  /** The target's own counters. */
  memory(): Promise<Memory>
  /** What it shows now; only for a page, which can navigate. */
  shown?(): Promise<Shown>
  /**
   * Resolves when the isolate has come to its own end and waits for us: it can still be read, and exits once
   * the connection is closed. Absent if it would not wait: a worker, a page.
   */
  readonly ending?: Promise<void>
}

/** The document of a page. */
export interface Shown {
  url: string
  /** Changes with the document, even at the same URL. */
  document: string
  /** Changes with the isolate: another site gets another process, which V8 samples from its start. */
  heap: string
}

/** Something that runs V8 and that we are connected to. */
export interface Target {
  /** For messages: `node 26.10.0, process 1234`. */
  readonly name: string
  /** Process id, if the target reports it. */
  readonly pid: number | undefined
  /** Used in the names of its files: the process id, or where the target was found. */
  readonly label: string
  readonly runtime: string
  readonly runtimeVersion: string | undefined
  readonly main: Isolate
  /** Undoes our changes even if we are killed. Absent for Chrome, and for targets that do not allow it. */
  readonly lease: Lease | undefined
  /** The isolates there are now, `main` first. Later ones are passed to `begin`, and wait if they can. */
  isolates(begin?: (isolate: Isolate) => Promise<void>): Promise<readonly Isolate[]>
  /** Why none of its code runs; undefined if it does. */
  standstill(): Promise<Standstill | undefined>
  /** Lets it go on if it is paused. */
  goOn(): Promise<void>
  /** Throws TargetError if it answers nothing: a page that loops. Absent for what answers in a loop, too. */
  answers?(): Promise<void>
  /** Resolves when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>
  /** Leaves the target as it was: an inspector that was opened for us is closed again. */
  close(): Promise<void>
}
