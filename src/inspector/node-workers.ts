// Sessions with the worker threads of a Node process.
import { TargetError } from '../errors.ts'
import { resultText } from './message.ts'
import { refusal, type Session } from './session.ts'
import { refuseUnsafe } from './unsafe-commands.ts'

/** A session with a worker thread of a Node process. */
export interface WorkerSession extends Session {
  readonly title: string
  readonly url: string
  /** `worker 1`: the thread's number, from its title. */
  readonly thread: string
}

interface WorkerInfo {
  workerId: string
  title: string
  url: string
}

interface PendingCommand {
  wantsText: boolean
  resolve(result: unknown): void
  reject(error: Error): void
}

/**
 * Sessions with the current worker threads of a Node process, over a session with its main thread: messages
 * pass through the NodeWorker domain, each as a string inside another message. They end with the main
 * session, or with `NodeWorker.disable`. Workers that start later are passed to `onWorker`.
 */
export async function workerSessions(
  main: Session,
  onWorker?: (session: WorkerSession) => void,
): Promise<WorkerSession[]> {
  const sessions = new Map<string, ReturnType<typeof workerSession>>()
  let isListed = false
  main.on(
    'NodeWorker.attachedToWorker',
    ({ sessionId, workerInfo }: { sessionId: string; workerInfo: WorkerInfo }) => {
      const session = workerSession(main, sessionId, workerInfo)
      sessions.set(sessionId, session)
      if (isListed) onWorker?.(session)
    },
  )
  main.on(
    'NodeWorker.receivedMessageFromWorker',
    ({ sessionId, message }: { sessionId: string; message: string }) => {
      sessions.get(sessionId)?.receive(message)
    },
  )
  main.on('NodeWorker.detachedFromWorker', ({ sessionId }: { sessionId: string }) => {
    sessions.get(sessionId)?.end()
    sessions.delete(sessionId)
  })
  void main.closed.then(() => {
    for (const session of sessions.values()) session.end()
  })
  await main.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  isListed = true
  return [...sessions.values()]
}

function workerSession(main: Session, sessionId: string, { workerId, title, url }: WorkerInfo) {
  const pending = new Map<number, PendingCommand>()
  const listeners = new Map<string, Set<(params: never) => void>>()
  let lastId = 0
  let isGone = false
  let ended = () => {}
  const closed = new Promise<void>(resolve => {
    ended = resolve
  })
  const gone = () => new TargetError(`the worker '${title}' ended`)
  const send = <T>(method: string, params: object, wantsText: boolean) =>
    new Promise<T>((resolve, reject) => {
      refuseUnsafe(method, params)
      if (isGone) return reject(gone())
      const id = ++lastId
      pending.set(id, { wantsText, resolve: resolve as (result: unknown) => void, reject })
      const message = JSON.stringify({ id, method, params })
      main.post('NodeWorker.sendMessageToWorker', { sessionId, message }).catch(error => {
        pending.delete(id)
        reject(error)
      })
    })
  return {
    title,
    url,
    thread: `worker ${/worker (\d+)/i.exec(title)?.[1] ?? workerId}`,
    closed,
    post: <T = unknown>(method: string, params: object = {}) => send<T>(method, params, false),
    postText: (method: string, params: object = {}) => send<string>(method, params, true),
    on(event: string, listener: (params: never) => void) {
      const known = listeners.get(event) ?? new Set()
      listeners.set(event, known.add(listener))
      return () => void known.delete(listener)
    },
    async close() {
      if (!isGone) await main.post('NodeWorker.detach', { sessionId }).catch(() => {})
      this.end()
    },
    receive: (message: string) => receive(message, pending, listeners),
    /** The worker, or the session with its process, is gone. */
    end() {
      isGone = true
      for (const { reject } of pending.values()) reject(gone())
      pending.clear()
      ended()
    },
  }
}

/** Hands a message from the worker to the command that waits for it, or to the listeners of its event. */
function receive(
  message: string,
  pending: Map<number, PendingCommand>,
  listeners: ReadonlyMap<string, ReadonlySet<(params: never) => void>>,
): void {
  const result = resultText(message)
  const asText = result && pending.get(result.id)
  if (result && asText?.wantsText) {
    pending.delete(result.id)
    asText.resolve(result.text)
    return
  }
  const { id, method, params, error, ...rest } = JSON.parse(message)
  if (id === undefined) {
    for (const listener of listeners.get(method) ?? []) listener(params as never)
    return
  }
  const waiting = pending.get(id)
  pending.delete(id)
  if (error) waiting?.reject(refusal('the worker', error))
  else waiting?.resolve(rest.result)
}
