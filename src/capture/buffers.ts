import vm from 'node:vm'
import { DOMAIN } from '../model/meta.ts'
import type { Blocks, Call } from './blocks.ts'
import { callsAbove } from './calls.ts'
import type { Sampling } from './settings.ts'

/** Backing stores of views up to this size, in bytes, are in V8's heap, where its own sampler sees them. */
const ON_HEAP = 64
/** Bytes sampled between two times that V8 is made to let go of the targets of new WeakRefs. */
const KEPT_BYTES = 8 << 20
/** Samples more than twice as many as were alive at the last look are looked through for dead ones. */
const ROOM = 4096

/**
 * How many times further apart samples of stores are than those of V8's heap. A stack trace costs some 20 us here, and programs
 * allocate many more bytes in stores than in objects.
 */
const SPARSER = 6

type Store = ArrayBufferLike
type Constructor = new (...args: unknown[]) => object
type Any = (...args: unknown[]) => unknown

interface Sample {
  store: WeakRef<Store>
  /** Bytes and blocks that it stands for. */
  size: number
  count: number
  calls: readonly Call[]
}

/**
 * Samples backing stores as V8 samples its heap: each byte is as likely to be the one that is noted, on average one in six intervals
 * r, so that a store of s bytes is with probability p = 1 - exp(-s / 6r), and stands for s / p bytes. Only a sampled store costs
 * a stack trace and a WeakRef; nothing is kept alive.
 */
class BufferSampler {
  readonly #interval: number
  readonly #nframe: number
  #left: number // bytes until the next sample
  #samples: Sample[] = []
  #stacks = new Map<string, readonly Call[]>() // those of the samples, each once
  #alive = 0 // at the last look
  #kept = 0 // bytes of stores that V8 keeps for the running job
  #letGo: (() => void) | undefined

  constructor({ interval, nframe }: Sampling) {
    this.#interval = interval === 1 ? 1 : interval * SPARSER
    this.#nframe = nframe
    this.#left = this.#step()
  }

  /** Bytes until a sample: exponential, as V8's. */
  #step(): number {
    return -Math.log(1 - Math.random()) * this.#interval
  }

  /** A new store; `top` is the function whose caller allocated it. */
  note(store: Store, top: Any | Constructor): void {
    const { byteLength } = store
    this.#left -= byteLength
    if (this.#left > 0 || byteLength === 0) return
    this.#left = this.#step()
    try {
      this.#sample(store, byteLength, top)
    } catch {} // a full stack is the program's own affair
  }

  #sample(store: Store, byteLength: number, top: Any | Constructor): void {
    const count = 1 / -Math.expm1(-byteLength / this.#interval)
    const calls = this.#shared(callsAbove(top, this.#nframe))
    this.#samples.push({ store: new WeakRef(store), size: byteLength * count, count, calls })
    this.#kept += byteLength
    if (this.#samples.length > 2 * this.#alive + ROOM) this.#look()
    else if (this.#kept > KEPT_BYTES) this.#release()
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
const MAKERS = ['alloc', 'allocUnsafe', 'allocUnsafeSlow', 'from', 'concat', 'copyBytesFrom'] as const

/**
 * Samples the backing stores that this thread allocates from here on, by standing in for the constructors and for what makes
 * Buffers. Returns the function that reads what is alive. What Node itself allocates for sockets and files in C++ is not seen.
 */
export function sampleBuffers(sampling: Sampling): () => Blocks[] {
  if (!sampler) install()
  const own = new BufferSampler(sampling)
  sampler = own
  return () => own.read()
}

/** The newest sampler; what stands in stays, as the program may hold it. */
let sampler: BufferSampler | undefined

function install(): void {
  for (const name of STORES) {
    standIn(name, (made, _, top) => sampler?.note(made as Store, top))
  }
  for (const name of VIEWS) {
    standIn(name, (made, first, top) => {
      const view = made as Uint8Array
      if (view.byteLength > ON_HEAP && view.buffer !== first) sampler?.note(view.buffer, top)
    })
  }
  sampleMakers()
}

/** Puts a constructor in the place of a global one that tells of every object; it looks the same to the program. */
function standIn(name: string, tell: (made: object, first: unknown, top: Constructor) => void): void {
  const globals = globalThis as unknown as Record<string, Constructor | undefined>
  const Original = globals[name]
  if (!Original) return // Float16Array is young
  function Standing(this: unknown, first: unknown, second: unknown, third: unknown) {
    if (new.target === undefined) throw new TypeError(`Constructor ${name} requires 'new'`)
    const own = (new.target as unknown) === Standing
    let made: object
    // biome-ignore lint/complexity/noArguments: rest parameters would make an array for every object
    if (!own) made = Reflect.construct(Original!, arguments, new.target)
    else if (first === undefined) made = new Original!()
    else made = new Original!(first, second, third)
    tell(made, first, Standing as unknown as Constructor)
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

/** Has every function that makes a Buffer tell of its store. They call each other: the outermost counts. */
function sampleMakers(): void {
  let isInside = false
  let pool: Store | undefined // small Buffers share a store, which Node itself holds
  const makers = Buffer as unknown as Record<string, Any | undefined>
  for (const name of MAKERS) {
    const original = makers[name]
    if (!original) continue // copyBytesFrom is young
    const maker = {
      [name](this: unknown, ...args: unknown[]) {
        if (isInside) return original.apply(this, args)
        isInside = true
        try {
          const made = original.apply(this, args) as Buffer
          const store = made.buffer
          if (store !== args[0] && store !== pool) {
            if (store.byteLength > made.byteLength) pool = store
            sampler?.note(store, maker)
          }
          return made
        } finally {
          isInside = false
        }
      },
    }[name]
    Object.defineProperty(maker, 'length', { value: original.length, configurable: true })
    makers[name] = maker
  }
}
