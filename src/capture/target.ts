import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError, UsageError } from '../errors.ts'
import { type Memory, readMemory } from './facts.ts'
import { type Listed, listTargets } from './http.ts'
import { inspectorOf } from './inspector-port.ts'
import { type Connection, connect } from './remote.ts'
import type { Session } from './session.ts'

/** What the user points at. */
export type TargetSpec =
  | { kind: 'pid'; pid: number }
  | { kind: 'port'; host: string; port: number }
  | { kind: 'url'; url: string }

/** One heap of a target, with a session of its own: `main`, later a worker's or a page's. */
export interface Isolate {
  readonly name: string
  readonly session: Session
  /** The target's own counters. */
  memory(): Promise<Memory>
}

/** Something that runs V8 and that we are connected with. */
export interface Target {
  /** For messages: `node 26.10.0, process 1234`. */
  readonly name: string
  /** Process id, where the target tells it. */
  readonly pid: number | undefined
  /** Names its files: the process id, or where the target was found. */
  readonly label: string
  readonly runtime: string
  readonly runtimeVersion: string | undefined
  /** The isolates there are now. */
  isolates(): Promise<readonly Isolate[]>
  /** Resolves when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>
  /** Leaves the target as it was: an inspector that was opened for us is closed again. */
  close(): Promise<void>
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/

/** Reads `9229`, `host:port`, `ws://...` or `pid:1234`. Throws UsageError for anything else. */
export function parseTarget(text: string): TargetSpec {
  const pid = /^pid:(\d+)$/.exec(text)
  if (pid) return { kind: 'pid', pid: Number(pid[1]) }
  if (/^wss?:\/\//.test(text)) {
    if (!URL.canParse(text)) throw new UsageError(`no address: '${text}'`)
    return { kind: 'url', url: text }
  }
  const [, host = '127.0.0.1', digits] = /^(?:(\[[\da-f:]+\]|[\w.-]+):)?(\d+)$/i.exec(text) ?? []
  const port = Number(digits)
  if (!digits || port < 1 || port > 65535) {
    throw new UsageError(`no target: '${text}'`, { hint: 'it takes a port, host:port, ws://... or pid:1234' })
  }
  return { kind: 'port', host, port }
}

/** Is the target on another machine, or at least not on the loopback address? */
export function isRemote(spec: TargetSpec): boolean {
  if (spec.kind === 'pid') return false
  return !LOOPBACK.test(spec.kind === 'url' ? new URL(spec.url).hostname : spec.host)
}

/** Connects with a target; `match` picks among several by title or address. Throws TargetError. */
export async function openTarget(spec: TargetSpec, match?: string): Promise<Target> {
  if (spec.kind === 'url') return nodeTarget(await connect(spec.url), spec.url, false)
  if (spec.kind === 'pid') {
    const { target, opened } = await inspectorOf(spec.pid)
    return nodeTarget(await connect(target.webSocketDebuggerUrl), `process ${spec.pid}`, opened)
  }
  const where = `${spec.host}:${spec.port}`
  const target = chosen(await listTargets(spec.host, spec.port), where, match)
  return nodeTarget(await connect(target.webSocketDebuggerUrl), where, false)
}

function chosen(targets: readonly Listed[], where: string, match?: string): Listed {
  const found = targets.filter(t => match === undefined || t.title.includes(match) || t.url.includes(match))
  if (found.length === 1) return found[0]
  const names = (found.length ? found : targets).map(t => `${t.title} (${t.url})`).join(', ')
  if (found.length === 0) {
    throw new TargetError(`no target at ${where}${match === undefined ? '' : ` matches '${match}'`}`, {
      hint: names && `there are: ${names}`,
    })
  }
  throw new TargetError(`several targets at ${where}`, { hint: `pick one with --match: ${names}` })
}

/** What is evaluated in a target to know it; undefined where it is not Node. */
const IDENTITY = `typeof process === 'object' && process.versions
  ? { pid: process.pid, version: process.versions.node } : undefined`

/** Ends the inspector of the process it is evaluated in; what SIGUSR1 opened is closed again, even in a busy process. */
const CLOSE_INSPECTOR = 'process._debugEnd()'

/** How long a process may take to close its inspector, in ms. */
const CLOSE_TIME = 5000

async function nodeTarget(connection: Connection, where: string, opened: boolean): Promise<Target> {
  const close = async () => {
    if (opened) {
      // The inspector goes away instead of answering.
      connection.post('Runtime.evaluate', { expression: CLOSE_INSPECTOR }).catch(() => {})
      await Promise.race([connection.closed, sleep(CLOSE_TIME, undefined, { ref: false })])
    }
    await connection.close()
  }
  try {
    const { result } = await connection.post<{ result: { value?: { pid: number; version: string } } }>(
      'Runtime.evaluate',
      { expression: IDENTITY, returnByValue: true, silent: true },
    )
    const { pid, version } = result.value ?? {}
    const main: Isolate = { name: 'main', session: connection, memory: () => readMemory(connection) }
    return {
      name: `${where}${version === undefined ? '' : `, Node ${version}`}`,
      pid,
      label: pid === undefined ? where.replace(/\W+/g, '-') : String(pid),
      runtime: version === undefined ? 'v8' : 'node',
      runtimeVersion: version,
      isolates: async () => [main],
      closed: connection.closed,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
