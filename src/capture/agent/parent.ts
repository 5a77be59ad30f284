// Identifies the process that started a traced program: if its `run` was killed, nobody waits for snapshots.
import { readFileSync } from 'node:fs'

/** Identifies a process, distinct from a later one with the same id if the system reports start times. */
export function identityOf(pid: number): string {
  return `${pid}:${startOf(pid) ?? ''}`
}

/** Has that process ended? A zombie has. */
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

/** When a process started, in the system's ticks, or `ended`; undefined if that cannot be read. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19]
  } catch {
    return undefined
  }
}
