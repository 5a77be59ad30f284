// Decides when a snapshot is needed that nobody asked for: near the heap limit, at a steep rise of RSS, at a
// peak.

/** Fraction of its limit from which on a heap is about to fail. */
const NEAR_LIMIT = 0.85
/** From this fraction of its limit on, a heap that would be full within this time, in ms, counts as full. */
const SOON = 1500
const FILLING = 0.4
/** Fraction of the limit that is alive after a collection if the alarm was real. */
const STILL_FULL = 0.7
/** Time in ms until the next alarm after a false one. */
const FALSE_ALARM_PAUSE = 60_000
/**
 * From this fraction of its limit on, a heap is asked for often: a small one's growth hardly shows in RSS.
 */
const FILLED = 0.6
/** A rise of RSS by half, and by at least this many bytes, is steep. */
const STEEP_RSS = 128 << 20
/** Reads take at most this fraction of the time. */
const READ_SHARE = 0.05
/** Shortest time in ms between two reads that nobody asked for. */
const SHORTEST_PAUSE = 500
/** Fastest allocation, in bytes per second, that is still noticed in time. */
const FASTEST_LEAK = 1e9

/** Why a snapshot is taken that nobody asked for. */
export type Reason = 'near the heap limit' | 'steep rise of RSS' | 'peak'

/**
 * Decides when a program is about to die, or uses more memory than ever, from two cheap figures: RSS, which
 * is polled often, and the heap in use, which is requested after RSS has risen. Reads are rate-limited, as
 * each collects garbage.
 */
export class HeapAlarm {
  /** Largest heap in use seen, in bytes. */
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

  /** @param limit largest possible size of the heap, in bytes */
  constructor(limit: number, wantsPeak: boolean) {
    this.#limit = limit
    this.#wantsPeak = wantsPeak
  }

  /** Milliseconds between polls of RSS: a fast leak must not fill over a quarter of the heap meanwhile. */
  get pollTime(): number {
    return Math.min(Math.max(this.#limit / 4 / (FASTEST_LEAK / 1000), 10), 250)
  }

  /** Was the heap so full that it must be asked for often? */
  get isFilled(): boolean {
    return this.#heap > this.#limit * FILLED
  }

  /** Has RSS risen enough to request the heap in use? */
  isRising(rss: number): boolean {
    return rss - this.#rss > this.#limit * 0.02
  }

  /** Records the figures and returns why a snapshot should be taken now, if it should. `now` in ms. */
  see(now: number, rss: number, heap: number): Reason | undefined {
    this.#rss = rss
    this.heapPeak = Math.max(this.heapPeak, heap)
    if (this.#rssAtRead === 0) this.#rssAtRead = rss
    const left = ((this.#limit - heap) * (now - this.#seen)) / (heap - this.#heap) // ms, at the recent rate
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
    // A peak far above the last one is read at once: there can be only a few of them.
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

  /** Records a read of the main thread that just ended: `took` in ms, and its memory counters afterwards. */
  noteRead(now: number, took: number, memory: { rss?: number; heapUsed?: number }): void {
    this.#nextRead = now + Math.max(took / READ_SHARE, SHORTEST_PAUSE)
    // Most of the heap was alive, so the alarm was real, and the next one may be the last.
    if ((memory.heapUsed ?? 0) > this.#limit * STILL_FULL) this.#nextNear = this.#nextRead
    this.#rssAtRead = memory.rss ?? this.#rssAtRead
    this.#heapAtRead = memory.heapUsed ?? this.#heapAtRead
    this.heapPeak = Math.max(this.heapPeak, memory.heapUsed ?? 0)
  }
}
