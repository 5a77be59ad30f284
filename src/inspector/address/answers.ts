// What answers at an address that is no inspector: the true reason, and what to type instead.
import type { IncomingMessage } from 'node:http'
import { isLoopbackName, tunnelTo } from './spec.ts'

/** Why an address is no inspector. */
export interface Refusal {
  why: string
  hint?: string
}

const LIST = 'tracemalloc targets lists all targets'
/** A published port is open although nothing listens behind it. */
const CONTAINER =
  'Node in a container has to be started with --inspect=0.0.0.0:9229, and its port published for this machine only: -p 127.0.0.1:9229:9229'

/** Protocols known by how they begin when they are greeted in HTTP. */
const GREETINGS: readonly (readonly [RegExp, string])[] = [
  [/^[\x15\x16]\x03/, 'it speaks TLS, which no inspector does'],
  [/^[-+]/, 'Redis, or a server that speaks as it does, is there'],
  [/^SSH-/, 'an SSH server is there'],
  [/^220[ -]/, 'a mail or FTP server is there'],
  [/^.\0\0\0\x0a/s, 'MySQL is there'],
]

/** The reason for an error of the connection. */
export function refusalOf(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  host: string,
  port: number,
): Refusal {
  const { code = '', message, rawPacket } = error
  const isHere = isLoopbackName(host)
  if (
    code === 'ECONNREFUSED' ||
    (error instanceof AggregateError && /ECONNREFUSED/.test(code + String(error.errors)))
  ) {
    return { why: 'nothing listens on this port', hint: isHere ? LIST : CONTAINER }
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      why: `there is no host ${host}`,
      hint: `names of containers and services are known in their own network only: publish the port, or ${tunnelTo(host, port)}`,
    }
  }
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
    return { why: `it cannot be reached (${code})`, hint: tunnelTo(host, port) }
  }
  if (rawPacket !== undefined) {
    const start = rawPacket.subarray(0, 8).toString('latin1')
    const why = GREETINGS.find(([pattern]) => pattern.test(start))?.[1]
    if (why?.includes('TLS')) return { why, hint: tunnelTo(host, port) }
    return { why: `${why ?? 'it speaks another protocol'}, and no inspector`, hint: LIST }
  }
  if (code === 'ECONNRESET' || /hang up/.test(message)) {
    return {
      why: 'it closes the connection, as no inspector does',
      hint: isHere ? `${LIST}; ${CONTAINER}` : CONTAINER,
    }
  }
  return { why: message }
}

/** The reason for an answer in HTTP that is no list of targets. */
export function refusalOfAnswer({ headers, statusCode }: IncomingMessage, text: string): Refusal {
  if (/HTTPS port|TLS/i.test(text) && statusCode === 400)
    return { why: 'it speaks TLS, which no inspector does' }
  const name = /^[\w.-]+/.exec(String(headers.server ?? headers['x-powered-by'] ?? ''))?.[0]
  return { why: `an HTTP server${name ? ` (${name})` : ''} is there, and no inspector`, hint: LIST }
}
