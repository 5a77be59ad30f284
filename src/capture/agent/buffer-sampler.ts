// Runs inside the traced program. Samples backing stores as they are allocated, with their call stacks, and
// reports which are still alive.
import vm from 'node:vm'
import { DOMAIN } from '../../model/meta.ts'
import type { Call, ExtraBlocks } from '../series/extra-blocks.ts'
import type { SamplerSettings } from '../v8/settings.ts'
import { type Callable, type Captured, callsOf, captureAbove } from './call-sites.ts'

/** Bytes sampled before V8 is made to release the targets of new WeakRefs. */
const KEPT_BYTES = 1 << 20
/** Samples whose call sites have not been resolved yet: most stores of a busy program are freed before. */
const PENDING = 512
/** When there are this many samples more than twice those alive at the last sweep, dead ones are removed. */
const ROOM = 4096

/**
 * How much sparser samples of stores are than those of V8's heap: a stack trace costs some 20 us here, and
 * programs allocate many more bytes in stores than in objects.
 */
const SPARSER = 6

export type Store = ArrayBufferLike

/**
 * Bytes until the next sample. Every allocation, real or apparent, counts it down, and most cost no more than
 * that. A view of an existing buffer only redraws the next interval; since the exponential distribution is
 * memoryless, other allocations are unaffected.
 */
export const left = new Float64Array([Number.POSITIVE_INFINITY])

interface Sample {
  store: WeakRef<Store>
  /** Bytes and blocks that the sample represents. */
  size: number
  count: number
  calls: readonly Call[]
}

/** A sample whose call sites have not been resolved yet. */
interface PendingSample extends Omit<Sample, 'calls'> {
  captured: Captured
}

/**
 * Samples backing stores as V8 samples its heap: on average one byte in six intervals r is picked, so a store
 * of s bytes is sampled with probability p = 1 - exp(-s / 6r) and represents s / p bytes. A slice of Node's
 * pool counts as a store of its own that lives as long as the pool. Only a sampled store costs a stack trace
 * and a WeakRef. No store is kept alive, but the receivers of the newest samples' calls are until `flush`.
 */
export class BufferSampler {
  /** Mean number of bytes between samples; 1 = every store. */
  readonly interval: number
  readonly #nframe: number
  readonly #pending: PendingSample[] = []
  #samples: Sample[] = []
  #stacks = new Map<string, readonly Call[]>() // the samples' stacks, each once
  #alive = 0 // at the last sweep
  #kept = 0 // bytes of stores that V8 keeps until the running job ends
  #letGo: (() => void) | undefined

  constructor({ interval, nframe }: SamplerSettings) {
    this.interval = interval === 1 ? 1 : interval * SPARSER
    this.#nframe = nframe
    this.step()
  }

  /** Draws the bytes until the next sample: exponential, as in V8; 0 at interval 1. */
  step(): void {
    left[0] = this.interval === 1 ? 0 : -Math.log(1 - Math.random()) * this.interval
  }

  /** Samples a store, or `size` bytes of it. `top` is the function whose caller allocated it. */
  sample(store: Store, size: number, top: Callable): void {
    if (!(size > 0)) return
    try {
      const count = this.interval === 1 ? 1 : 1 / -Math.expm1(-size / this.interval)
      const captured = captureAbove(top, this.#nframe)
      this.#pending.push({ store: new WeakRef(store), size: size * count, count, captured })
      this.#kept += size
      if (this.#pending.length >= PENDING) this.flush()
      else if (this.#kept > KEPT_BYTES) this.#release()
    } catch {} // a full stack is the program's own problem
  }

  /** Resolves the call sites of live samples and drops the others. Call it before a garbage collection. */
  flush(): void {
    // One at a time: on a nearly full stack resolving throws, and the rest are resolved the next time.
    for (let pending: PendingSample | undefined; (pending = this.#pending.pop()); ) {
      const { store, size, count, captured } = pending
      if (store.deref()) this.#samples.push({ store, size, count, calls: this.#shared(callsOf(captured)) })
    }
    if (this.#samples.length > 2 * this.#alive + ROOM) this.#sweep()
    else this.#release()
  }

  #shared(calls: readonly Call[]): readonly Call[] {
    const key = JSON.stringify(calls)
    const known = this.#stacks.get(key)
    if (!known) this.#stacks.set(key, calls)
    return known ?? calls
  }

  /** Forgets the samples whose stores were collected. */
  #sweep(): void {
    this.#samples = this.#samples.filter(({ store }) => store.deref() !== undefined)
    this.#alive = this.#samples.length
    const used = new Set(this.#samples.map(({ calls }) => calls))
    for (const [key, calls] of this.#stacks) if (!used.has(calls)) this.#stacks.delete(key)
    this.#release()
  }

  /**
   * V8 keeps the target of a new or dereferenced WeakRef until the running job ends, which in a long loop is
   * never. The end of a job in a context with its own microtask queue counts as the end of one here, too.
   */
  #release(): void {
    this.#kept = 0
    this.#letGo ??= makeLetGo()
    this.#letGo()
  }

  /** Live bytes and blocks by the calls that allocated them. Call it after a garbage collection. */
  read(): ExtraBlocks[] {
    this.flush()
    this.#sweep()
    const byCalls = new Map<readonly Call[], ExtraBlocks>()
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
