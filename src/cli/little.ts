// Why an `attach` has shown little: told at its end, once.
import { DEFAULT_DURATION } from '../capture/attach.ts'
import { nodeProcessesBelow } from '../capture/node-children.ts'
import { DEFAULT_INTERVAL } from '../capture/v8/settings.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { HINTS, hintLine } from '../text/hints.ts'

/** Bytes below which a program with Node children does its work in them, as the hint of `run`. */
const LITTLE = 4 << 20

/** What was seen of a target. */
export class Little {
  readonly #say: (line: string) => void
  #most = 0
  #reads = 0
  #isRunning = false

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  /** A target that stands still is told at once. */
  opened(isRunning: boolean): void {
    this.#isRunning = isRunning
  }

  read({ total }: Snapshot): void {
    this.#reads++
    this.#most = Math.max(this.#most, total.size)
  }

  /** Says why there was little, if there was and it can be told. `pid` is the target's on this machine. */
  end(
    pid: number | undefined,
    { every, duration = DEFAULT_DURATION, interval = DEFAULT_INTERVAL }: Waited,
  ): void {
    if (this.#reads === 0 || !this.#isRunning) return
    const pids = pid !== undefined ? nodeProcessesBelow(pid) : []
    if (pids.length > 0 && this.#most < LITTLE) this.#say(hintLine(HINTS.children({ pids })))
    else if (this.#most < 2 * interval) {
      this.#say(hintLine(HINTS.idle({ seconds: every === undefined ? duration : every * this.#reads })))
    }
  }
}

interface Waited {
  readonly every?: number
  readonly duration?: number
  readonly interval?: number
}
