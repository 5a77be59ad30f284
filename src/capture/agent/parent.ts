// Who started the traced process: a program whose `run` was killed writes no more snapshots, as nobody waits for them.
import { readFileSync } from 'node:fs'

/** A process, told apart from a later one of the same number where the system says when it started. */
export function identityOf(pid: number): string {
  return `${pid}:${startOf(pid) ?? ''}`
}

/** Has that process ended? One that nobody has waited for yet has ended, too. */
export function hasEnded(identity: string): boolean {
  const [pid, start] = identity.split(':')
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const now = start === '' ? undefined : startOf(Number(pid))
  return now !== undefined && now !== start
}

/** When a process started, in the system's ticks, or `ended`; undefined where that cannot be read. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19]
  } catch {
    return undefined
  }
}
