import { TargetError } from '../errors.ts'

/** What the work gives, or a TargetError that says `late` when it takes longer than `time` ms. */
export async function withTime<T>(work: Promise<T>, time: number, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const alarm = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TargetError(`${late} (${time / 1000} s)`)), time)
  })
  try {
    return await Promise.race([work, alarm])
  } finally {
    clearTimeout(timer)
    work.catch(() => {}) // too late to matter
  }
}
