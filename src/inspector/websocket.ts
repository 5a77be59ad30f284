// A connection to an inspector over its WebSocket.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { TargetError } from '../errors.ts'
import { resultText } from './message.ts'
import { refusal, type Session } from './session.ts'
import { withTime } from './timeout.ts'
import { refuseUnsafe } from './unsafe-commands.ts'

/** Longest message accepted, in bytes: the longest string that V8 can make. */
const LONGEST_MESSAGE = 0x1fffffe8
/** How long a target may take to accept a connection, in ms. */
const CONNECT_TIME = 10_000
/** How long a target may take to answer, in ms: reading a large heap takes long. */
const ANSWER_TIME = 120_000

/** The parts of a chrome-remote-interface client that are used, including undocumented ones. */
interface Client {
  send(method: string, params: object, sessionId?: string): Promise<unknown>
  on(event: string, listener: (params: never, sessionId?: string) => void): void
  off(event: string, listener: (params: never, sessionId?: string) => void): void
  close(): Promise<void>
  _nextCommandId: number
  _handleMessage(message: object): void
  _ws: {
    on(event: 'message', listener: (data: unknown) => void): void
    removeAllListeners(event: 'message'): void
    terminate(): void
    _receiver: { _maxPayload: number }
  }
}

/** A connection to a target over its WebSocket. Flattened sessions have their own ids. */
export interface Connection extends Session {
  /**
   * The session of an attached target, which the Target domain has announced. Throws TargetError for any
   * other: Node would silently run its commands on the main isolate.
   */
  session(id: string): Session
}

/**
 * Connects to `ws://...`. Throws TargetError if nothing answers. The client's own message limit of 256 MiB is
 * lifted, since a larger profile would end the connection and lose the samples; an answer that is not the
 * protocol ends the connection.
 */
export async function connect(url: string): Promise<Connection> {
  const client = await open(url)
  let lost: Error | undefined
  const own = link()
  client.on('disconnect', () => {
    lost ??= new TargetError(`the connection to ${url} was closed`)
    own.end()
  })
  const texts = new Set<number>()
  const attached = attachedTargets(client, own)
  takeMessages(client, texts, error => {
    lost = new TargetError(`${url} does not speak the DevTools protocol: ${error.message}`)
  })
  const send = async (
    method: string,
    params: object,
    to: Link,
    id?: string,
    time = ANSWER_TIME,
  ): Promise<unknown> => {
    refuseUnsafe(method, params)
    try {
      const sent = to.unlessGone(client.send(method, params, id))
      const late = `no answer to ${method}: the target is stopped or stuck (${time / 1000} s)`
      return await withTime(sent, time, late)
    } catch (error) {
      if (lost) throw lost
      if (error instanceof TargetError) throw error
      throw refusal(method, error as Error)
    }
  }
  const session = (to: Link, id?: string): Session => ({
    closed: to.closed,
    post: (method, params = {}, time) => send(method, params, to, id, time) as Promise<never>,
    async postText(method, params = {}) {
      texts.add(client._nextCommandId)
      const result = (await send(method, params, to, id)) as { text?: string }
      return result.text ?? JSON.stringify(result)
    },
    on(event, listener) {
      const heard = (params: never, from?: string) => {
        if (from === id) listener(params)
      }
      client.on(event, heard)
      return () => client.off(event, heard)
    },
    async close() {
      if (id !== undefined) return // it ends with the connection
      lost ??= new TargetError(`the connection to ${url} was closed`)
      await withTime(client.close(), CONNECT_TIME, '').catch(() => client._ws.terminate())
      own.end()
    },
  })
  return {
    ...session(own),
    session(id) {
      const to = attached.get(id)
      if (!to) throw new TargetError(`${url} has announced no session ${id}`)
      return session(to, id)
    },
  }
}

async function open(url: string): Promise<Client> {
  const { default: CDP } = await import('chrome-remote-interface')
  const openAt = (target: string) => {
    const opened = CDP({ target, local: true }) as Promise<unknown>
    const late = `it does not accept the connection (${CONNECT_TIME / 1000} s)`
    return withTime(opened, CONNECT_TIME, late) as Promise<Client>
  }
  try {
    return await openAt(url).catch(async error => {
      const addresses = REFUSED.test(error.message) ? await byAddress(url) : []
      for (const address of addresses) {
        const client = await openAt(address).catch(() => undefined)
        if (client) return client
      }
      throw error
    })
  } catch (error) {
    throw new TargetError(`cannot connect to ${url}: ${(error as Error).message}`, { cause: error })
  }
}

/** The words of a WebSocket that is answered in HTTP. */
const REFUSED = /^Unexpected server response/

/**
 * The same address with a number for the host: inspectors refuse a connection that asks for any name but
 * localhost. None for TLS, whose certificate is for the name.
 */
async function byAddress(url: string): Promise<string[]> {
  const { protocol, hostname } = new URL(url)
  if (hostname === '0.0.0.0') return [url.replace(hostname, '127.0.0.1')] // as Node prints it, and refuses it
  if (protocol !== 'ws:' || hostname === 'localhost' || isIP(hostname.replace(/^\[(.*)\]$/, '$1'))) return []
  const found = await lookup(hostname, { all: true }).catch(() => [])
  return found.map(({ address, family }) => url.replace(hostname, family === 6 ? `[${address}]` : address))
}

/** Replaces the client's own listener. What is not a message ends the connection. */
function takeMessages(client: Client, texts: Set<number>, onBroken: (error: Error) => void): void {
  client._ws._receiver._maxPayload = LONGEST_MESSAGE
  client._ws.removeAllListeners('message')
  client._ws.on('message', data => {
    try {
      client._handleMessage(messageOf(String(data), texts))
    } catch (error) {
      onBroken(error as Error)
      client._ws.terminate()
    }
  })
}

/** The links of the targets attached now, by session; they end with their target, and with `own`. */
function attachedTargets(client: Client, own: Link): ReadonlyMap<string, Link> {
  const attached = new Map<string, Link>()
  client.on('Target.attachedToTarget', ({ sessionId }: { sessionId: string }) => {
    attached.set(sessionId, link())
  })
  client.on('Target.detachedFromTarget', ({ sessionId }: { sessionId: string }) => {
    attached.get(sessionId)?.end()
    attached.delete(sessionId)
  })
  client.on('Inspector.targetCrashed', (_: object, id?: string) => {
    if (id === undefined) own.end()
    else attached.get(id)?.end()
  })
  void own.closed.then(() => {
    for (const { end } of attached.values()) end()
  })
  return attached
}

/** One end of a connection: its own target, or one attached through it. */
interface Link {
  closed: Promise<void>
  end(): void
  /** Waits for an answer. Throws TargetError if the link ends first. */
  unlessGone<T>(answer: Promise<T>): Promise<T>
}

function link(): Link {
  const waiting = new Set<(error: Error) => void>()
  let isGone = false
  let close = () => {}
  const closed = new Promise<void>(resolve => {
    close = resolve
  })
  const gone = () => new TargetError('the target has ended')
  return {
    closed,
    end() {
      isGone = true
      for (const reject of waiting) reject(gone())
      close()
    },
    unlessGone: answer =>
      new Promise((resolve, reject) => {
        if (isGone) reject(gone())
        waiting.add(reject)
        answer.then(resolve, reject).finally(() => waiting.delete(reject))
      }),
  }
}

/** Parses a message of the protocol. For commands in `texts`, the result stays text: `{ text }`. */
function messageOf(data: string, texts: Set<number>): object {
  const result = texts.size > 0 ? resultText(data) : undefined
  if (result && texts.delete(result.id)) return { id: result.id, result: { text: result.text } }
  const message = JSON.parse(data)
  if (typeof message !== 'object' || message === null) throw new Error('a message that is no object')
  return message
}
