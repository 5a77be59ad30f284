// How long a read will stop a target: estimated from its heap, and said, before anything is done to it.
import { TargetError } from '../errors.ts'
import type { Target } from '../inspector/isolate.ts'
import type { AttachOptions } from './reader.ts'

/**
 * Milliseconds that a read stops a target for each MiB of its heap, from the fastest to the slowest that was measured on Node 20 to 26:
 * arrays of numbers are collected fast, many small objects slowly. See docs/capture.md.
 */
const READ = [0.5, 3] as const
/** The same for a heap snapshot, which V8 builds of every object. */
const HEAP_SNAPSHOT = [20, 300] as const
/** What the smallest heap takes, in ms. */
const LEAST = [5, 50] as const

/** How long the target may take to say how large its heap is, in ms. */
const ANSWER_TIME = 10_000

/** The least and the most milliseconds that a read of a heap of so many bytes is expected to take. */
export function estimatePause(heap: number, isSnapshot: boolean): readonly [least: number, most: number] {
  const [fast, slow] = isSnapshot ? HEAP_SNAPSHOT : READ
  const mebibytes = heap / 2 ** 20
  return [LEAST[0] + fast * mebibytes, LEAST[1] + slow * mebibytes]
}

/** Says how long reads will stop the target. Throws TargetError where that may be longer than `maxPause`. */
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
    throw new TargetError(`a read may stop the target for ${timeText(most)}: ${heap}`, {
      hint: `--max-pause allows ${timeText(maxPause)}`,
    })
  }
  say(`a read stops the target for ${timeText(least)} to ${timeText(most)}: ${heap}`)
}

function timeText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
