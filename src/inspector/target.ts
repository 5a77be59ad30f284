// Finds and opens the target that the user names.
import { setTimeout as sleep } from 'node:timers/promises'
import { TargetError } from '../errors.ts'
import { namingOwner } from './address/owner.ts'
import type { TargetSpec } from './address/spec.ts'
import { chromeTarget } from './chrome.ts'
import { goOn, pausedAt, startWaiting } from './debugger/pause.ts'
import { type Inspector, inspectorAt, type Listed, listTargets } from './http.ts'
import type { Isolate, Target } from './isolate.ts'
import { type Lease, takeLease } from './lease/lease.ts'
import { readHeapUsage, readMemory } from './memory.ts'
import { inspectorOf, newInspector, type Opening, portsOf } from './node-process.ts'
import { type WorkerSession, workerSessions } from './node-workers.ts'
import type { Session } from './session.ts'
import { type Connection, connect } from './websocket.ts'

export { findTarget } from './address/owner.ts'
export { isRemote, parseTarget, type TargetSpec } from './address/spec.ts'

/** Connects to a target. `match` selects by title or URL; `opening` is for processes. Throws TargetError. */
export async function openTarget(
  spec: TargetSpec,
  match?: string,
  opening: Opening = { say() {} },
): Promise<Target> {
  const { resume = false, several = false } = opening
  if (spec.kind === 'pid') {
    const name = `process ${spec.pid}`
    const { target, opened, taken } = await inspectorOf(spec.pid, opening)
    const found = await nodeTarget(await connect(target.webSocketDebuggerUrl), name, opened, resume)
    if (found.lease || !opened) await taken() // without a lease the opener stays and closes it at our end
    return opened && several ? moved(found, spec.pid) : found
  }
  const where = spec.kind === 'url' ? new URL(spec.url).host : `${spec.host}:${spec.port}`
  const ofBrowser = spec.kind === 'url' ? OF_BROWSER.exec(spec.url) : null
  if (spec.kind === 'url' && !ofBrowser) return nodeTarget(await connectTo(spec.url), where, false, resume)
  const { host, port } = spec.kind === 'url' ? hostAndPort(spec.url) : spec
  const inspector = await inspectorAt(host, port).catch(async error => {
    throw await namingOwner(error, host, port)
  })
  const pageId = ofBrowser?.[1]
  if (pageId !== undefined && !inspector.targets.some(({ id }) => id === pageId)) {
    throw new TargetError(`the page of ${(spec as { url: string }).url} is closed`, {
      hint: `${where} lists those that are open`,
    })
  }
  if (inspector.browserUrl !== undefined) {
    const id = pageId ?? chosen(inspector, where, match).id
    return chromeTarget(await connect(inspector.browserUrl), id, where)
  }
  const { webSocketDebuggerUrl } = chosen(inspector, where, match)
  return nodeTarget(await connect(webSocketDebuggerUrl), where, false, resume)
}

/** The WebSocket URL of a browser, or of one of its targets with its id. */
const OF_BROWSER = /^ws:.*\/devtools\/(?:page\/([\w-]+)|browser\/[\w-]+)$/

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port || 80) }
}

/** Connects to a session by its own address. Throws TargetError: nothing is there, or it is an old one. */
async function connectTo(url: string): Promise<Connection> {
  try {
    return await connect(url)
  } catch (error) {
    if (!url.startsWith('ws:')) throw error
    const { host, port } = hostAndPort(url)
    const [now] = await listTargets(host, port).catch(async reason => {
      throw await namingOwner(reason, host, port)
    })
    if (!now || url.endsWith(now.id)) throw error
    throw new TargetError(`${url} has expired: each start of a program has an address of its own`, {
      cause: error,
      hint: `it is ${now.webSocketDebuggerUrl} now; ${host}:${port} always works`,
    })
  }
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
  runtime?: string
  /** Absent before a process has begun: it waits for a debugger. */
  pid?: number
  version?: string
  electron?: string
}

/** Evaluated in a target to identify it; undefined if it is neither Deno nor Node. */
const IDENTITY = `typeof Deno === 'object' ? { runtime: 'deno', pid: Deno.pid, version: Deno.version.deno }
  : typeof process === 'object' && process.versions
  ? { runtime: 'node', pid: process.pid, version: process.versions.node, electron: process.versions.electron }
  : undefined`

async function identityOf(session: Session): Promise<Identity> {
  const { result } = await session.post<{ result: { value?: Identity } }>('Runtime.evaluate', {
    expression: IDENTITY,
    returnByValue: true,
    silent: true,
  })
  return result.value ?? {}
}

/** What a target is, and does it wait for a debugger? If `resume`, it is started. */
async function identified(
  connection: Connection,
  resume: boolean,
): Promise<{ identity: Identity; isWaiting: boolean }> {
  let identity = await identityOf(connection)
  checkVersion(identity)
  const isWaiting = () => identity.runtime === 'node' && identity.pid === undefined
  if (isWaiting() && resume) {
    await startWaiting(connection, async () => {
      identity = await identityOf(connection)
      return !isWaiting()
    })
    identity = await identityOf(connection)
  }
  return { identity, isWaiting: isWaiting() }
}

/** The oldest major version of Node that can be attached to. */
const OLDEST_NODE = 16

function checkVersion({ runtime, version = '' }: Identity): void {
  if (runtime !== 'node' || Number.parseInt(version, 10) >= OLDEST_NODE) return
  throw new TargetError(`the target runs Node ${version}, which is too old to attach to`, {
    hint: `Node ${OLDEST_NODE} is the oldest; for older ones save a profile with DevTools, and read that`,
  })
}

/** `127.0.0.1:9229, Node 22.1.0`. */
function nameOf(where: string, { runtime, version, electron }: Identity): string {
  if (version === undefined) return where
  if (electron !== undefined) return `${where}, Electron ${electron}`
  return `${where}, ${runtime === 'node' ? 'Node' : 'Deno'} ${version}`
}

/** Closes the inspector of the process it is evaluated in, even if SIGUSR1 opened it. */
const CLOSE_INSPECTOR = 'process._debugEnd()'

/**
 * Evaluated in a process whose inspector we opened: opens it again on a port that is free, and keeps the
 * port of the next SIGUSR1. The keeper closes the new one if we are gone before we connect.
 */
const MOVE_INSPECTOR = `{
  const inspector = process.getBuiltinModule?.('inspector') ?? require('inspector')
  setTimeout(() => {
    const port = process.debugPort
    try {
      process._debugEnd()
      inspector.open(0, '127.0.0.1', false)
    } catch {} // the program must not end by it
    process.debugPort = port
  }, 0)
}`

/** How long a busy process may take to open its inspector again, in ms. */
const MOVE_TIME = 15_000

/** The same process, with its inspector on a port of its own, so that another one can open its. */
async function moved(target: Target, pid: number): Promise<Target> {
  const { main, lease } = target
  if (!lease) return target
  const evaluate = { expression: MOVE_INSPECTOR, includeCommandLineAPI: true, silent: true }
  const known = await portsOf(pid)
  await main.session.post('Runtime.evaluate', evaluate)
  const found = await newInspector(pid, known, MOVE_TIME, 20)
  if (!found) throw new TargetError(`the inspector of process ${pid} does not open on a port of its own`)
  await main.session.close()
  return nodeTarget(await connect(found.target.webSocketDebuggerUrl), `process ${pid}`, true)
}

/** How long a process may take to close its inspector, in ms. */
const CLOSE_TIME = 5000

/**
 * A Node or Deno process. If `opened`, its inspector is closed at the end. If `resume`, it is started if it
 * waits for a debugger. Throws TargetError.
 */
export async function nodeTarget(
  connection: Connection,
  where: string,
  opened: boolean,
  resume = false,
): Promise<Target> {
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
    const { identity, isWaiting } = await identified(connection, resume)
    const { runtime = 'v8', pid, version } = identity
    if (runtime === 'deno') await connection.post('Runtime.enable')
    // Before a process has begun, what uses its timers can crash it.
    if (runtime !== 'v8' && !isWaiting)
      lease = await takeLease(connection, opened, ending).catch(() => undefined)
    const memory = () => (isOver ? readHeapUsage(connection) : readMemory(connection))
    const main: Isolate = { name: 'main', session: connection, memory, ending }
    return {
      name: nameOf(where, identity),
      pid,
      label: pid === undefined ? where.replace(/\W+/g, '-') : String(pid),
      runtime,
      runtimeVersion: version,
      main,
      lease,
      isolates: async begin => [main, ...(runtime === 'node' ? await workerIsolates(connection, begin) : [])],
      async standstill() {
        if (isWaiting) return { why: 'waits' }
        const place = await pausedAt(connection)
        return place === undefined ? undefined : { why: 'paused', place }
      },
      goOn: () => goOn(connection),
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
