// Measures this thread's heap after a garbage collection, and leaves nothing there itself.
import v8 from 'node:v8'
import vm from 'node:vm'

/** What was alive at each read, in bytes. */
export interface HeapReads {
  /** Everything: V8's heap and what its objects hold outside, such as Buffers. */
  readonly all: Float64Array
  /** The same without code, which comes and goes with the compiler. */
  readonly data: Float64Array
}

/** A meter for this many reads. Their memory is allocated now. */
export function heapMeter(reads: number): { reads: HeapReads; read(): void } {
  const gc = collector()
  const all = new Float64Array(reads).fill(Number.POSITIVE_INFINITY)
  const data = new Float64Array(reads).fill(Number.POSITIVE_INFINITY)
  let n = 0
  return {
    reads: { all, data },
    read() {
      gc()
      // Memory that one of V8's compiler threads uses counts, up to 200 KB: the smallest of several looks is
      // without it. A look also needs one collection that finds dead objects with memory outside, and another
      // that frees that memory.
      for (let look = 0; look < LOOKS; look++) {
        gc()
        let size = process.memoryUsage().external
        let code = 0
        for (const { space_name: name, space_used_size: used } of v8.getHeapSpaceStatistics()) {
          size += used
          if (CODE.test(name)) code += used
        }
        all[n] = Math.min(all[n], size)
        data[n] = Math.min(data[n], size - code)
      }
      n++
    },
  }
}

/** Number of looks at the heap for one read. */
const LOOKS = 3

/** Spaces that hold compiled code. */
const CODE = /code|trusted/

let collect: (() => void) | undefined

/** V8's full garbage collection. The flag that exposes it is on only for a moment. */
function collector(): () => void {
  if (collect) return collect
  v8.setFlagsFromString('--expose-gc')
  collect = vm.runInNewContext('gc') as () => void
  if (!process.execArgv.includes('--expose-gc')) v8.setFlagsFromString('--no-expose-gc')
  return collect
}
