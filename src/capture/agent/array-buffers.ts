// Runs inside the traced program. Replaces the constructors and functions that allocate backing stores, so
// that their bytes are counted.
import type { SamplerSettings } from '../v8/settings.ts'
import { BufferSampler, left, type Store } from './buffer-sampler.ts'
import type { Callable } from './call-sites.ts'

/** Backing stores of views up to this size, in bytes, lie in V8's heap, where V8's own sampler sees them. */
const ON_HEAP = 64
type Constructor = new (...args: unknown[]) => object
type Maker = (this: unknown, a: unknown, b: unknown, c: unknown) => Buffer

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
 * Samples the backing stores that this thread allocates from now on, by replacing the constructors and the
 * functions that make Buffers. What Node allocates in C++ for sockets and files is not seen.
 */
export function sampleBuffers(sampling: SamplerSettings): BufferSampler {
  if (!isInstalled) install()
  isInstalled = true
  sampler = new BufferSampler(sampling)
  return sampler
}

/** Stops sampling. The replacements stay, since the program may hold them, but they no longer sample. */
export function stopSamplingBuffers(): void {
  sampler = undefined
  left[0] = Number.POSITIVE_INFINITY
}

let sampler: BufferSampler | undefined
let isInstalled = false

function install(): void {
  for (const name of [...STORES, ...VIEWS]) replaceConstructor(name)
  replaceMakers()
}

/** A sample of `size` bytes is due: takes the view's store, unless it is older (`source`) or in V8's heap. */
function sampleView(view: ArrayBufferView | Store, size: number, source: unknown, top: Callable): void {
  sampler?.step()
  if (!ArrayBuffer.isView(view)) sampler?.sample(view, size, top)
  else if (size > ON_HEAP && view.buffer !== source) sampler?.sample(view.buffer, size, top)
}

/** Replaces a global constructor by an indistinguishable one that counts the bytes of every object. */
function replaceConstructor(name: string): void {
  const globals = globalThis as unknown as Record<string, Constructor | undefined>
  const Original = globals[name]
  if (!Original) return // older versions of Node have no Float16Array
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

/** The language's own number of bytes: a subclass of the program's may report something else, or throw. */
function byteLengthGetter(prototype: object): (made: object) => number {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const getter = Object.getOwnPropertyDescriptor(at, 'byteLength')?.get
    if (getter) return made => getter.call(made)
  }
  return () => 0
}

/** Functions that make Buffers. Those in ALONE call none of the others and do not slice the pool. */
const ALONE = ['alloc', 'allocUnsafeSlow'] as const
const POOLED = ['allocUnsafe', 'from', 'concat', 'copyBytesFrom'] as const

/** Makes every function that returns a Buffer count its bytes. If one calls another, the outer counts. */
function replaceMakers(): void {
  let isInside = false
  const makers = Buffer as unknown as Record<string, Maker | undefined>
  const replace = (name: string, stand: (original: Maker) => Maker) => {
    const original = makers[name]
    if (!original) return // older versions of Node have no copyBytesFrom
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
