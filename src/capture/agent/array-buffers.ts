import vm from 'node:vm'
import { DOMAIN } from '../../model/meta.ts'
import type { Blocks, Call } from '../series/extra-blocks.ts'
import type { Sampling } from '../v8/settings.ts'
import { type Callable, type Captured, callsOf, captureAbove } from './call-sites.ts'

/** Backing stores of views up to this size, in bytes, are in V8's heap, where its own sampler sees them. */
const ON_HEAP = 64
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

type Store = ArrayBufferLike
type Constructor = new (...args: unknown[]) => object
type Maker = (this: unknown, a: unknown, b: unknown, c: unknown) => Buffer

/**
 * Bytes until the next sample, in a cell that is counted down wherever bytes are allocated, or seem to be: that is all that most
 * allocations cost. What was no allocation after all (a view of a store that was there) only draws the next step anew, which
 * changes nothing for the others, as the exponential law has no memory.
 */
const left = new Float64Array([Number.POSITIVE_INFINITY])

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

/** Constructors whose objects have backing stores. */
const VIEWS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const
const STORES = ['ArrayBuffer', 'SharedArrayBuffer'] as const

/**
 * Samples the backing stores that this thread allocates from here on, by standing in for the constructors and for what makes
 * Buffers. What Node itself allocates for sockets and files in C++ is not seen.
 */
export function sampleBuffers(sampling: Sampling): BufferSampler {
  if (!isInstalled) install()
  isInstalled = true
  sampler = new BufferSampler(sampling)
  return sampler
}

/** Ends it. What stands in stays, as the program may hold it, and counts down without end. */
export function stopSamplingBuffers(): void {
  sampler = undefined
  left[0] = Number.POSITIVE_INFINITY
}

let sampler: BufferSampler | undefined
let isInstalled = false

function install(): void {
  for (const name of [...STORES, ...VIEWS]) standIn(name)
  standInMakers()
}

/** A sample of `size` bytes is due: the view's store is one, unless it was there before (`source`), or is in V8's heap. */
function sampleView(view: ArrayBufferView | Store, size: number, source: unknown, top: Callable): void {
  sampler?.step()
  if (!ArrayBuffer.isView(view)) sampler?.sample(view, size, top)
  else if (size > ON_HEAP && view.buffer !== source) sampler?.sample(view.buffer, size, top)
}

/** Puts a constructor in the place of a global one that counts the bytes of every object; it looks the same to the program. */
function standIn(name: string): void {
  const globals = globalThis as unknown as Record<string, Constructor | undefined>
  const Original = globals[name]
  if (!Original) return // Float16Array is young
  const byteLengthOf = byteLengthGetter(Original.prototype)
  function Standing(this: unknown, first: unknown, second: unknown, third: unknown) {
    if (new.target === undefined) throw new TypeError(`Constructor ${name} requires 'new'`)
    const own = (new.target as unknown) === Standing
    let made: ArrayBufferView | Store
    // biome-ignore lint/complexity/noArguments: rest parameters would make an array for every object
    if (!own) made = Reflect.construct(Original!, arguments, new.target) as Store
    else if (first === undefined) made = new Original!() as Store
    else made = new Original!(first, second, third) as Store
    const size = own ? made.byteLength : byteLengthOf(made)
    if ((left[0] -= size) <= 0) sampleView(made, size, first, Standing as unknown as Callable)
    return made
  }
  for (const key of Reflect.ownKeys(Original)) {
    Object.defineProperty(Standing, key, Object.getOwnPropertyDescriptor(Original, key)!)
  }
  Object.setPrototypeOf(Standing, Object.getPrototypeOf(Original))
  Object.defineProperty(Original.prototype, 'constructor', {
    value: Standing,
    writable: true,
    configurable: true,
  })
  Object.defineProperty(globalThis, name, { value: Standing, writable: true, configurable: true })
}

/** The number of bytes as the language itself has it: a subclass of the program's may say something else, or throw. */
function byteLengthGetter(prototype: object): (made: object) => number {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const getter = Object.getOwnPropertyDescriptor(at, 'byteLength')?.get
    if (getter) return made => getter.call(made)
  }
  return () => 0
}

/** What makes Buffers. Those of the first kind call none of the others, and their Buffers are no slices of the pool. */
const ALONE = ['alloc', 'allocUnsafeSlow'] as const
const POOLED = ['allocUnsafe', 'from', 'concat', 'copyBytesFrom'] as const

/** Has every function that makes a Buffer count its bytes. Some call others: the outermost counts. */
function standInMakers(): void {
  let isInside = false
  const makers = Buffer as unknown as Record<string, Maker | undefined>
  const replace = (name: string, stand: (original: Maker) => Maker) => {
    const original = makers[name]
    if (!original) return // copyBytesFrom is young
    const maker = stand(original)
    Object.defineProperty(maker, 'name', { value: name, configurable: true })
    Object.defineProperty(maker, 'length', { value: original.length, configurable: true })
    makers[name] = maker
  }
  for (const name of ALONE) {
    replace(name, original => {
      return function maker(a, b, c) {
        const made = original.call(this, a, b, c)
        if (isInside) return made
        if ((left[0] -= made.byteLength) <= 0) sampleView(made, made.byteLength, undefined, maker)
        return made
      }
    })
  }
  for (const name of POOLED) {
    replace(name, original => {
      return function maker(a, b, c) {
        if (isInside) return original.call(this, a, b, c)
        isInside = true
        try {
          const made = original.call(this, a, b, c)
          if ((left[0] -= made.byteLength) <= 0) {
            sampler?.step()
            if (made.buffer !== a) sampler?.sample(made.buffer, made.byteLength, maker)
          }
          return made
        } finally {
          isInside = false
        }
      }
    })
  }
}
