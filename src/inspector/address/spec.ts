// What the user names as a target: every way in which an inspector's address is written or printed.
import { UsageError } from '../../errors.ts'

/** What the user names. */
export type TargetSpec =
  | { kind: 'pid'; pid: number }
  | { kind: 'port'; host: string; port: number }
  | { kind: 'url'; url: string }

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/
const HOST_AND_PORT = /^(?:(\[[\da-f:]+\]|[\w.-]+):)?(\d+)$/i
const WORDS = 'use a port, host:port, http://host:port, ws://... or pid:1234'

/**
 * Reads `9229`, `host:port`, `http://host:port`, `ws://...` (also in the line that Node prints, and in the
 * address of DevTools), `pid:1234`, and a process id that is too large for a port. Throws UsageError for
 * anything else.
 */
export function parseTarget(text: string): TargetSpec {
  const pid = /^pid:(\d+)$/.exec(text)?.[1]
  if (pid !== undefined) return { kind: 'pid', pid: Number(pid) }
  const socket = socketIn(text)
  if (socket !== undefined) {
    if (!URL.canParse(socket)) throw new UsageError(`not a valid address: '${text}'`)
    return { kind: 'url', url: socket }
  }
  if (/^https:\/\//i.test(text)) {
    throw new UsageError(`not a target: '${text}': an inspector speaks no TLS`, { hint: tunnelTo(text) })
  }
  const { host, port } = hostAndPort(text)
  if (host === undefined && port > 65535 && port <= LARGEST_PID) return { kind: 'pid', pid: port }
  if (!(port >= 1 && port <= 65535)) throw new UsageError(`not a target: '${text}'`, { hint: WORDS })
  return { kind: 'port', host: host ?? '127.0.0.1', port }
}

/** Linux's largest process id. */
const LARGEST_PID = 2 ** 22

/** How to reach an inspector where its port cannot be reached directly. */
export function tunnelTo(address: string, port?: number): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const at = port ?? (Number(url?.port) || 9229)
  const host = url?.hostname || address
  if (isLoopbackName(host)) return `give the port alone: ${at}`
  return `use a tunnel, ssh -L 9229:127.0.0.1:${at} ${host}, and attach to 9229; or give its address as wss://... if a proxy speaks TLS for it`
}

/** The `ws://...` in the line that Node prints, or in the address of DevTools (`devtools://...?ws=`). */
function socketIn(text: string): string | undefined {
  const inDevTools = /^(?:chrome-)?devtools:\/\/.*[?&](wss?)=([^&\s]+)/.exec(text)
  if (inDevTools) return `${inDevTools[1]}://${unescaped(inDevTools[2])}`
  return /^(?:\S.*\s)?(wss?:\/\/\S+)\s*$/.exec(text)?.[1]
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function hostAndPort(text: string): { host: string | undefined; port: number } {
  if (/^http:\/\//i.test(text) && URL.canParse(text)) {
    const { hostname, port } = new URL(text)
    return { host: hostname, port: Number(port || 80) }
  }
  const [, host, digits] = HOST_AND_PORT.exec(text) ?? []
  return { host, port: Number(digits) }
}

/** Is the target on another machine, or at least not on the loopback address? */
export function isRemote(spec: TargetSpec): boolean {
  if (spec.kind === 'pid') return false
  return !isLoopbackName(spec.kind === 'url' ? new URL(spec.url).hostname : spec.host)
}

/** Is a host this machine, by its address or as `localhost`? */
export function isLoopbackName(host: string): boolean {
  return LOOPBACK.test(host)
}
