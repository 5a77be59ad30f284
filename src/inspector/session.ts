// A session with the inspector of one isolate, and the one inside this process.
import { Session as Inspector } from 'node:inspector'
import { TargetError } from '../errors.ts'
import { refuseUnsafeLocally } from './unsafe-commands.ts'

/** A conversation with the inspector of one isolate: of this thread, of the main thread, or over a socket. */
export interface Session {
  /**
   * Sends a command and returns its result. Throws TargetError if it is refused, if the session is gone, or
   * if there is no answer over a connection within `time` ms (default: two minutes).
   */
  post<T = unknown>(method: string, params?: object, time?: number): Promise<T>
  /** As `post`, with the result as JSON text, so that a large one is not parsed. */
  postText(method: string, params?: object): Promise<string>
  /** Calls the listener for every event of that name. Returns a function that stops it. */
  on(event: string, listener: (params: never) => void): () => void
  close(): Promise<void>
  /** Resolves when the session is gone, whoever closed it. */
  readonly closed: Promise<void>
}

/** A session inside this process, without a port. */
export interface LocalSession extends Session {
  /** As `post`, but synchronous. Only for a session with the thread's own isolate. */
  postNow<T = unknown>(method: string, params?: object): T
}

/** Opens a session with this thread's isolate or (from a worker) the main thread's, even while it loops. */
export function localSession(isolate: 'own' | 'main' = 'own'): LocalSession {
  const inspector = new Inspector()
  if (isolate === 'main') inspector.connectToMainThread()
  else inspector.connect()
  let end = () => {}
  const closed = new Promise<void>(resolve => {
    end = resolve
  })
  const post = <T>(method: string, params: object = {}) =>
    new Promise<T>((resolve, reject) => {
      call<T>(method, params, (error, result) => (error ? reject(error) : resolve(result)))
    })
  const call = <T>(method: string, params: object, done: (error: Error | undefined, result: T) => void) => {
    refuseUnsafeLocally(method, params)
    inspector.post(method, params, (error, result) =>
      done(error ? refusal(method, error) : undefined, result as T),
    )
  }
  return {
    closed,
    post,
    postText: async (method, params) => JSON.stringify(await post(method, params)),
    postNow<T>(method: string, params: object = {}): T {
      let answer: { error: Error | undefined; result: T } | undefined
      call<T>(method, params, (error, result) => {
        answer = { error, result }
      })
      if (!answer) throw new TargetError(`${method} was not answered at once`)
      if (answer.error) throw answer.error
      return answer.result
    },
    on(event, listener) {
      const heard = ({ params }: { params: unknown }) => listener(params as never)
      inspector.on(event, heard as never)
      return () => inspector.off(event, heard as never)
    },
    async close() {
      inspector.disconnect()
      end()
    },
  }
}

/** The error for a command that the target refused. */
export function refusal(method: string, error: { message: string; code?: unknown }): TargetError {
  return new TargetError(`${method}: ${error.message}`, { cause: error })
}
