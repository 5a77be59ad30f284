// Notes some of the backing stores that are allocated, with the calls that did, and tells which are alive.
import vm from 'node:vm'
import { DOMAIN } from '../../model/meta.ts'
import type { Blocks, Call } from '../series/extra-blocks.ts'
import type { Sampling } from '../v8/settings.ts'
import { type Callable, type Captured, callsOf, captureAbove } from './call-sites.ts'

/** Bytes sampled between two times that V8 is made to let go of the targets of new WeakRefs. */
const KEPT_BYTES = 1 << 20
/** Samples whose calls are not yet told: most stores of a busy program are gone before. */
const PENDING = 512
/** Samples more than twice as many as were alive at the last look are looked through for dead ones. */
const ROOM = 4096

/**
 * How many times further apart samples of stores are than those of V8's heap. A stack trace costs some 20 us here, and programs
 * allocate many more bytes in stores than in objects.
 */
const SPARSER = 6

export type Store = ArrayBufferLike

/**
 * Bytes until the next sample, in a cell that is counted down wherever bytes are allocated, or seem to be: that is all that most
 * allocations cost. What was no allocation after all (a view of a store that was there) only draws the next step anew, which
 * changes nothing for the others, as the exponential law has no memory.
 */
export const left = new Float64Array([Number.POSITIVE_INFINITY])

interface Sample {
  store: WeakRef<Store>
  /** Bytes and blocks that it stands for. */
  size: number
  count: number
  calls: readonly Call[]
}

/** One that is not yet told. */
interface Pending extends Omit<Sample, 'calls'> {
  captured: Captured
}

/**
 * Samples backing stores as V8 samples its heap: each byte is as likely to be the one that is noted, on average one in six intervals
 * r, so that a store of s bytes is with probability p = 1 - exp(-s / 6r), and stands for s / p bytes. A slice of Node's pool is a
 * store of its own that lives as long as the pool. Only a sampled store costs a stack trace and a WeakRef. No store is kept alive; what
 * the calls of the newest samples were called on is, until `settle`.
 */
export class BufferSampler {
  /** Bytes between samples, on average; 1 = every store. */
  readonly interval: number
  readonly #nframe: number
  readonly #pending: Pending[] = []
  #samples: Sample[] = []
  #stacks = new Map<string, readonly Call[]>() // those of the samples, each once
  #alive = 0 // at the last look
  #kept = 0 // bytes of stores that V8 keeps for the running job
  #letGo: (() => void) | undefined

  constructor({ interval, nframe }: Sampling) {
    this.interval = interval === 1 ? 1 : interval * SPARSER
    this.#nframe = nframe
    this.step()
  }

  /** Draws the bytes until the next sample: exponential, as V8's; none at interval 1. */
  step(): void {
    left[0] = this.interval === 1 ? 0 : -Math.log(1 - Math.random()) * this.interval
  }

  /** Takes a store, or `size` bytes of one, as a sample; `top` is the function whose caller allocated it. */
  sample(store: Store, size: number, top: Callable): void {
    if (!(size > 0)) return
    try {
      const count = this.interval === 1 ? 1 : 1 / -Math.expm1(-size / this.interval)
      const captured = captureAbove(top, this.#nframe)
      this.#pending.push({ store: new WeakRef(store), size: size * count, count, captured })
      this.#kept += size
      if (this.#pending.length >= PENDING) this.settle()
      else if (this.#kept > KEPT_BYTES) this.#release()
    } catch {} // a full stack is the program's own affair
  }

  /** Tells the calls of the samples that are still there, and lets go of the rest. To be called before a garbage collection. */
  settle(): void {
    // One after the other: on a nearly full stack telling the calls throws, and the rest are told the next time.
    for (let pending: Pending | undefined; (pending = this.#pending.pop()); ) {
      const { store, size, count, captured } = pending
      if (store.deref()) this.#samples.push({ store, size, count, calls: this.#shared(callsOf(captured)) })
    }
    if (this.#samples.length > 2 * this.#alive + ROOM) this.#look()
    else this.#release()
  }

  #shared(calls: readonly Call[]): readonly Call[] {
    const key = JSON.stringify(calls)
    const known = this.#stacks.get(key)
    if (!known) this.#stacks.set(key, calls)
    return known ?? calls
  }

  /** Forgets the samples whose stores were collected. */
  #look(): void {
    this.#samples = this.#samples.filter(({ store }) => store.deref() !== undefined)
    this.#alive = this.#samples.length
    const used = new Set(this.#samples.map(({ calls }) => calls))
    for (const [key, calls] of this.#stacks) if (!used.has(calls)) this.#stacks.delete(key)
    this.#release()
  }

  /**
   * V8 keeps what a WeakRef was made of or asked for until the running job ends, which in a long loop is never. The end of a job in
   * a context with microtasks of its own is the end of one for that, too.
   */
  #release(): void {
    this.#kept = 0
    this.#letGo ??= makeLetGo()
    this.#letGo()
  }

  /** What is alive, added up by the calls that allocated it. To be asked for after a garbage collection. */
  read(): Blocks[] {
    this.settle()
    this.#look()
    const byCalls = new Map<readonly Call[], Blocks>()
    for (const { size, count, calls } of this.#samples) {
      const blocks = byCalls.get(calls)
      if (blocks) {
        blocks.size += size
        blocks.count += count
      } else byCalls.set(calls, { domain: DOMAIN.arrayBuffer, size, count, calls })
    }
    return [...byCalls.values()].map(blocks => ({
      ...blocks,
      size: Math.round(blocks.size),
      count: Math.round(blocks.count),
    }))
  }
}

function makeLetGo(): () => void {
  const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' })
  const nothing = new vm.Script('0')
  return () => nothing.runInContext(context)
}
