/** Share of its limit from which on a heap is about to fail. */
const NEAR_LIMIT = 0.85
/** A heap that would be full so soon, in ms, is as good as full from this share of its limit on. */
const SOON = 1500
const FILLING = 0.4
/** Share of its limit that is alive after a collection when the alarm was no false one. */
const STILL_FULL = 0.7
/** Time until the next alarm after a false one, in ms. */
const FALSE_ALARM_PAUSE = 60_000
/** Growth of RSS that is steep: half as much again, and at least this many bytes. */
const STEEP_RSS = 128 << 20
/** A read takes at most this share of the time. */
const READ_SHARE = 0.05
/** Shortest time between two reads that nobody asked for, in ms. */
const SHORTEST_PAUSE = 500
/** Bytes a second that a program may allocate and still be seen in time. */
const FASTEST_LEAK = 1e9

/** Why a snapshot is taken that nobody asked for. */
export type Reason = 'near the heap limit' | 'steep rise of RSS' | 'peak'

/**
 * Decides when a program is about to die, or at its highest, from two cheap figures: RSS, which is looked at often, and the
 * heap in use, which is asked for when RSS has risen. Reads are rate-limited, as each collects garbage.
 */
export class Lookout {
  /** Most heap in use that was seen, in bytes. */
  heapPeak = 0
  readonly #limit: number
  readonly #wantsPeak: boolean
  #rss = 0
  #rssAtRead = 0
  #heapAtRead = 0
  #peakAtRead = 0
  #nextRead = 0
  #nextNear = 0
  #nextGuess = 0
  #heap = 0
  #seen = 0

  /** @param limit most bytes that the heap may have */
  constructor(limit: number, wantsPeak: boolean) {
    this.#limit = limit
    this.#wantsPeak = wantsPeak
  }

  /** Milliseconds between looks at RSS: a fast leak must not fill more than a quarter of the heap meanwhile. */
  get pollTime(): number {
    return Math.min(Math.max(this.#limit / 4 / (FASTEST_LEAK / 1000), 10), 250)
  }

  /** Has RSS risen enough to ask for the heap? */
  isRising(rss: number): boolean {
    return rss - this.#rss > this.#limit * 0.02
  }

  /** Takes note of the figures, and says why a snapshot should be taken now. `now` in ms. */
  see(now: number, rss: number, heap: number): Reason | undefined {
    this.#rss = rss
    this.heapPeak = Math.max(this.heapPeak, heap)
    if (this.#rssAtRead === 0) this.#rssAtRead = rss
    const left = ((this.#limit - heap) * (now - this.#seen)) / (heap - this.#heap) // ms at the pace of late
    this.#seen = now
    this.#heap = heap
    const reason = this.#reason(now, rss, heap, left)
    if (reason === 'peak') this.#peakAtRead = heap
    return reason
  }

  #reason(now: number, rss: number, heap: number, left: number): Reason | undefined {
    if (heap > this.#limit * NEAR_LIMIT && now >= this.#nextNear && heap > this.#heapAtRead * 1.05) {
      this.#nextNear = now + FALSE_ALARM_PAUSE
      return 'near the heap limit'
    }
    // A peak far above the last one is read at once: there can be few of them.
    if (this.#wantsPeak && heap > this.#peakAtRead * 1.5) return 'peak'
    if (now < this.#nextRead) return undefined
    if (heap > this.#limit * FILLING && now >= this.#nextGuess && left > 0 && left < SOON) {
      this.#nextGuess = now + FALSE_ALARM_PAUSE
      return 'near the heap limit'
    }
    if (rss > this.#rssAtRead * 1.5 && rss - this.#rssAtRead > STEEP_RSS) return 'steep rise of RSS'
    if (this.#wantsPeak && heap > this.#peakAtRead * 1.05) return 'peak'
    return undefined
  }

  /** Takes note of a read of the main thread that ended now: `took` in ms, and its counters afterwards. */
  noteRead(now: number, took: number, memory: { rss?: number; heapUsed?: number }): void {
    this.#nextRead = now + Math.max(took / READ_SHARE, SHORTEST_PAUSE)
    // Most of the heap was alive: no false alarm, and the next one may be the last.
    if ((memory.heapUsed ?? 0) > this.#limit * STILL_FULL) this.#nextNear = this.#nextRead
    this.#rssAtRead = memory.rss ?? this.#rssAtRead
    this.#heapAtRead = memory.heapUsed ?? this.#heapAtRead
    this.heapPeak = Math.max(this.heapPeak, memory.heapUsed ?? 0)
  }
}
