// Estimates from the size of a target's heap how long a read will stop it, and says so before anything is
// done to it.
import { TargetError } from '../errors.ts'
import type { Target } from '../inspector/isolate.ts'
import type { AttachOptions } from './reader.ts'

/**
 * Milliseconds per MiB of heap that a read stops a target, the fastest and the slowest measured on Node 20 to
 * 26: arrays of numbers are collected fast, many small objects slowly. See docs/capture.md.
 */
const READ = [0.5, 3] as const
/** The same for a heap snapshot, which V8 builds from every object. */
const HEAP_SNAPSHOT = [20, 300] as const
/** Time for the smallest heap, in ms. */
const LEAST = [5, 50] as const

/** How long, in ms, the target may take to report the size of its heap. */
const ANSWER_TIME = 10_000

/** The shortest and the longest time in ms expected for reading a heap of this many bytes. */
function estimatePause(heap: number, isSnapshot: boolean): readonly [least: number, most: number] {
  const [fast, slow] = isSnapshot ? HEAP_SNAPSHOT : READ
  const mebibytes = heap / 2 ** 20
  return [LEAST[0] + fast * mebibytes, LEAST[1] + slow * mebibytes]
}

/** Says how long reads will stop the target. Throws TargetError if that may be longer than `maxPause`. */
export async function announcePause(
  target: Target,
  { sampling, maxPause, say }: AttachOptions,
): Promise<void> {
  const { usedSize } = await target.main.session.post<{ usedSize: number }>(
    'Runtime.getHeapUsage',
    {},
    ANSWER_TIME,
  )
  const [least, most] = estimatePause(usedSize, sampling === undefined)
  const heap = `${Math.round(usedSize / 2 ** 20)} MiB of heap in use`
  if (maxPause !== undefined && most > maxPause) {
    throw new TargetError(`a read may pause the target for ${timeText(most)}: ${heap}`, {
      hint: `--max-pause allows ${timeText(maxPause)}`,
    })
  }
  say(`a read pauses the target for ${timeText(least)} to ${timeText(most)}: ${heap}`)
}

function timeText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
