// The time limit of everything that waits for a target.
import { TargetError } from '../errors.ts'

/** The result of the work; throws a TargetError with the message `late` if it takes longer than `time` ms. */
export async function withTime<T>(work: Promise<T>, time: number, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const alarm = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TargetError(late)), time)
  })
  try {
    return await Promise.race([work, alarm])
  } finally {
    clearTimeout(timer)
    work.catch(() => {}) // it no longer matters
  }
}
