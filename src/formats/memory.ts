// How much memory reading a file may take, so that a file too large is refused before V8 ends the process.
import { totalmem } from 'node:os'
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FormatError } from '../errors.ts'
import { formatSize } from '../text/units.ts'

const MIB = 1 << 20
/** What V8 keeps of its limit for young objects: 48 MiB to Node 22, 96 MiB from Node 24 on. */
const YOUNG = 96 * MIB
/** Of a small heap less, as the limit of old objects is never below this part. */
const OLD_PART = 0.4
/** A heap that is full to here is called full: the piece of the file that is next must still fit. */
const FULL = 0.85
/** Part of the room that a document may take; the rest is for the snapshot that is made of it. */
const FOR_DOCUMENT = 0.6
/** What a compressed document may need of memory anyway, and how many times its compressed size. */
const FREE = 64 * MIB
const MOST_RATIO = 1000

/** Throws FormatError `too-large` when V8's heap is nearly full of what is still in use. */
export function checkHeap(): void {
  const { limit, used } = oldObjects()
  if (used < limit * FULL) return
  collectGarbage()
  if (oldObjects().used >= limit * FULL) throw tooLarge(`more than the ${formatSize(limit)}`)
}

/**
 * Throws FormatError `too-large` when a document needs more memory, held whole, than there is.
 * @param compressed bytes of the file, where it is compressed and nobody vouches for it
 */
export function checkDocument(needed: number, compressed: number | undefined): void {
  const most = compressed === undefined ? Number.POSITIVE_INFINITY : Math.max(FREE, compressed * MOST_RATIO)
  if (needed > most) {
    throw new FormatError('too-large', `it is compressed and needs more than ${formatSize(most)} of memory`, {
      hint: 'if you trust the file, use a larger --max-size',
    })
  }
  const { limit, used } = oldObjects()
  const room = Math.max(0, limit - used) * FOR_DOCUMENT
  if (needed > room) throw tooLarge(`over ${formatSize(room)} of the ${formatSize(limit)}`)
}

function tooLarge(needs: string): FormatError {
  return new FormatError('too-large', `it needs ${needs} that Node may use`, {
    hint: 'set NODE_OPTIONS=--max-old-space-size=8192 to allow 8 GB',
  })
}

/** Bytes of V8's heap that old objects may take, and take, garbage included. */
function oldObjects(): { limit: number; used: number } {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  const young = getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_used_size ?? 0
  return { limit: Math.max(limit - YOUNG, limit * OLD_PART), used: used - young }
}

let collect: (() => void) | undefined

function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
  }
  collect()
}

/** Bytes that this process may have; the machine's where Node does not know. */
export function availableMemory(): number {
  const { availableMemory: known } = process as unknown as { availableMemory?: () => number }
  return known?.call(process) || totalmem()
}
