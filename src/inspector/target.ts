// Finds and opens the target that the user names.
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError, UsageError } from '../errors.ts'
import { chromeTarget } from './chrome.ts'
import { type Inspector, inspectorAt, type Listed } from './http.ts'
import type { Isolate, Target } from './isolate.ts'
import { type Lease, takeLease } from './lease/lease.ts'
import { readHeapUsage, readMemory } from './memory.ts'
import { inspectorOf, type Opening } from './node-process.ts'
import { type WorkerSession, workerSessions } from './node-workers.ts'
import type { Session } from './session.ts'
import { type Connection, connect } from './websocket.ts'

/** What the user names. */
export type TargetSpec =
  | { kind: 'pid'; pid: number }
  | { kind: 'port'; host: string; port: number }
  | { kind: 'url'; url: string }

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/

/** Reads `9229`, `host:port`, `ws://...` or `pid:1234`. Throws UsageError for anything else. */
export function parseTarget(text: string): TargetSpec {
  const pid = /^pid:(\d+)$/.exec(text)
  if (pid) return { kind: 'pid', pid: Number(pid[1]) }
  if (/^wss?:\/\//.test(text)) {
    if (!URL.canParse(text)) throw new UsageError(`not a valid address: '${text}'`)
    return { kind: 'url', url: text }
  }
  const [, host = '127.0.0.1', digits] = /^(?:(\[[\da-f:]+\]|[\w.-]+):)?(\d+)$/i.exec(text) ?? []
  const port = Number(digits)
  if (!digits || port < 1 || port > 65535) {
    throw new UsageError(`not a target: '${text}'`, { hint: 'use a port, host:port, ws://... or pid:1234' })
  }
  return { kind: 'port', host, port }
}

/** Is the target on another machine, or at least not on the loopback address? */
export function isRemote(spec: TargetSpec): boolean {
  if (spec.kind === 'pid') return false
  return !LOOPBACK.test(spec.kind === 'url' ? new URL(spec.url).hostname : spec.host)
}

/** Connects to a target. `match` selects by title or URL; `opening` is for processes. Throws TargetError. */
export async function openTarget(
  spec: TargetSpec,
  match?: string,
  opening: Opening = { say() {} },
): Promise<Target> {
  if (spec.kind === 'pid') {
    const { target, opened, taken } = await inspectorOf(spec.pid, opening)
    const found = await nodeTarget(await connect(target.webSocketDebuggerUrl), `process ${spec.pid}`, opened)
    if (found.lease || !opened) await taken() // without a lease the opener stays and closes it at our end
    return found
  }
  const where = spec.kind === 'url' ? new URL(spec.url).host : `${spec.host}:${spec.port}`
  const page = spec.kind === 'url' ? PAGE.exec(spec.url) : null
  if (spec.kind === 'url' && !page) return nodeTarget(await connect(spec.url), where, false)
  const at = spec.kind === 'url' ? hostAndPort(spec.url) : spec
  const inspector = await inspectorAt(at.host, at.port)
  const targetId = page?.[1]
  if (inspector.browserUrl !== undefined) {
    const id = targetId ?? chosen(inspector, where, match).id
    return chromeTarget(await connect(inspector.browserUrl), id, where)
  }
  const { webSocketDebuggerUrl } = chosen(inspector, where, match)
  return nodeTarget(await connect(webSocketDebuggerUrl), where, false)
}

/** The WebSocket URL of one target of a browser, and its id. */
const PAGE = /^ws:.*\/devtools\/page\/([\w-]+)$/

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port || 80) }
}

/** The target that is meant: pages have priority over what belongs to them. */
function chosen({ targets }: Inspector, where: string, match?: string): Listed {
  const isMatch = ({ title, url }: Listed) =>
    match === undefined || title.includes(match) || url.includes(match)
  const matching = targets.filter(isMatch)
  const pages = matching.filter(({ type }) => type === 'page')
  const found = pages.length > 0 ? pages : matching
  if (found.length === 1) return found[0]
  const names = (found.length ? found : targets).map(t => `${t.title} (${t.url})`).join(', ')
  if (found.length === 0) {
    throw new TargetError(`no target at ${where}${match === undefined ? '' : ` matches '${match}'`}`, {
      hint: names && `available: ${names}`,
    })
  }
  throw new TargetError(`several targets at ${where}`, { hint: `choose one with --match: ${names}` })
}

interface Identity {
  runtime: string
  pid: number
  version: string
}

/** Evaluated in a target to identify it; undefined if it is neither Deno nor Node. */
const IDENTITY = `typeof Deno === 'object' ? { runtime: 'deno', pid: Deno.pid, version: Deno.version.deno }
  : typeof process === 'object' && process.versions
  ? { runtime: 'node', pid: process.pid, version: process.versions.node } : undefined`

/** Closes the inspector of the process it is evaluated in, even if SIGUSR1 opened it. */
const CLOSE_INSPECTOR = 'process._debugEnd()'

/** How long a process may take to close its inspector, in ms. */
const CLOSE_TIME = 5000

/** A Node or Deno process. If `opened`, its inspector is closed at the end. Throws TargetError. */
export async function nodeTarget(connection: Connection, where: string, opened: boolean): Promise<Target> {
  let isOver = false
  const ending = new Promise<void>(resolve => {
    const end = () => {
      isOver = true
      resolve()
    }
    connection.on('NodeRuntime.waitingForDisconnect', end)
    // Deno sends nothing else at the end of its event loop.
    connection.on('Runtime.executionContextDestroyed', end)
  })
  let lease: Lease | undefined
  const inTime = <T>(work: Promise<T>) =>
    Promise.race([work.catch(() => undefined), sleep(CLOSE_TIME, undefined, { ref: false })])
  const close = async () => {
    if (isOver) return connection.close()
    let isShared = false
    if (lease) isShared = (await inTime(lease.release())) === true
    else if (opened) connection.post('Runtime.evaluate', { expression: CLOSE_INSPECTOR }).catch(() => {})
    if (opened && !isShared) await inTime(connection.closed) // it goes away instead of answering
    await connection.close()
  }
  try {
    await connection.post('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true }).catch(() => {})
    const { result } = await connection.post<{ result: { value?: Identity } }>('Runtime.evaluate', {
      expression: IDENTITY,
      returnByValue: true,
      silent: true,
    })
    const { runtime = 'v8', pid, version } = result.value ?? {}
    if (runtime === 'deno') await connection.post('Runtime.enable')
    if (runtime !== 'v8') lease = await takeLease(connection, opened, ending).catch(() => undefined)
    const memory = () => (isOver ? readHeapUsage(connection) : readMemory(connection))
    const main: Isolate = { name: 'main', session: connection, memory, ending }
    return {
      name: `${where}${version === undefined ? '' : `, ${runtime === 'node' ? 'Node' : 'Deno'} ${version}`}`,
      pid,
      label: pid === undefined ? where.replace(/\W+/g, '-') : String(pid),
      runtime,
      runtimeVersion: version,
      main,
      lease,
      isolates: async begin => [main, ...(runtime === 'node' ? await workerIsolates(connection, begin) : [])],
      closed: connection.closed,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The worker threads of a Node process, each an isolate of its own. */
async function workerIsolates(
  main: Session,
  begin?: (isolate: Isolate) => Promise<void>,
): Promise<readonly Isolate[]> {
  const isolateOf = (session: WorkerSession): Isolate => ({
    name: session.thread,
    session,
    memory: () => readMemory(session),
  })
  const sessions = await workerSessions(main, session => {
    begin?.(isolateOf(session)).catch(() => {}) // one that ended at once
  })
  return sessions.map(isolateOf)
}
