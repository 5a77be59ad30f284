// The HTTP side of an inspector: the list of its targets.
import { get } from 'node:http'
import { TargetError } from '../errors.ts'
import { type Refusal, refusalOf, refusalOfAnswer } from './address/answers.ts'
import { withTime } from './timeout.ts'

/** A target as an inspector's `/json/list` describes it. */
export interface Listed {
  id: string
  type: string
  title: string
  url: string
  webSocketDebuggerUrl: string
}

/** Longest answer accepted, in bytes. */
const LONGEST = 4 << 20

/** What answers at an address. */
export interface Inspector {
  targets: Listed[]
  /** URL for connections to all targets of a browser at once; undefined for Node and Deno. */
  browserUrl: string | undefined
}

/** The targets of the inspector at an address. Throws TargetError if none answers. `time` in ms. */
export async function listTargets(host: string, port: number, time = 5000): Promise<Listed[]> {
  const { value, address } = await getJson(host, port, '/json/list', time)
  const isListed = (t: unknown): t is Listed =>
    typeof (t as Listed | null)?.webSocketDebuggerUrl === 'string' && typeof (t as Listed).title === 'string'
  if (!Array.isArray(value)) throw new TargetError(`${host}:${port} is not an inspector`)
  return value.filter(isListed).map(target => ({
    ...target,
    webSocketDebuggerUrl: through(target.webSocketDebuggerUrl, address, port),
  }))
}

/** As `listTargets`, and whether it is a browser. */
export async function inspectorAt(host: string, port: number, time = 5000): Promise<Inspector> {
  const targets = await listTargets(host, port, time)
  const { value, address } = await getJson(host, port, '/json/version', time)
  const url = (value as { webSocketDebuggerUrl?: unknown } | null)?.webSocketDebuggerUrl
  const isBrowser = typeof url === 'string' && url.includes('/devtools/browser/')
  return { targets, browserUrl: isBrowser ? through(url, address, port) : undefined }
}

/**
 * The inspector reports the address it listens on; behind a tunnel that is not the one that reaches it. The
 * one that does is a number: inspectors refuse names, and one name may be several machines.
 */
function through(url: string, address: string, port: number): string {
  return url.replace(/^(wss?:\/\/)[^/]*/, `$1${address}:${port}`)
}

interface Answer {
  value: unknown
  /** The address that answered. */
  address: string
}

function getJson(host: string, port: number, path: string, time: number): Promise<Answer> {
  const where = `${host}:${port}`
  // Node's inspector accepts only IP addresses and localhost as host names.
  const headers = { host: `localhost:${port}` }
  const request = get({ host: host.replace(/^\[(.*)\]$/, '$1'), port, path, headers })
  const answer = new Promise<Answer>((resolve, reject) => {
    const fail = ({ why, hint }: Refusal) => reject(new TargetError(`${where}: ${why}`, { hint }))
    request.on('error', error => fail(refusalOf(error, host, port)))
    request.on('response', response => {
      const { remoteAddress: at = host } = response.socket
      let text = ''
      response.setEncoding('utf8')
      response.on('data', piece => {
        text += piece
        if (text.length > LONGEST) request.destroy(new Error('the answer is too long for an inspector'))
      })
      response.on('end', () => {
        try {
          resolve({
            value: JSON.parse(text),
            address: at.includes(':') && !at.startsWith('[') ? `[${at}]` : at,
          })
        } catch {
          fail(refusalOfAnswer(response, text))
        }
      })
    })
  })
  return withTime(answer, time, `${where}: no answer in ${time / 1000} s`).finally(() => request.destroy())
}
