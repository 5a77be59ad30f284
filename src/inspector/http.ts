// The HTTP side of an inspector: the list of its targets.
import { get } from 'node:http'
import { TargetError } from '../errors.ts'
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
  const list = await getJson(host, port, '/json/list', time)
  const isListed = (t: unknown): t is Listed =>
    typeof (t as Listed | null)?.webSocketDebuggerUrl === 'string' && typeof (t as Listed).title === 'string'
  if (!Array.isArray(list)) throw new TargetError(`${host}:${port} is not an inspector`)
  return list.filter(isListed).map(target => ({
    ...target,
    webSocketDebuggerUrl: through(target.webSocketDebuggerUrl, host, port),
  }))
}

/** As `listTargets`, and whether it is a browser. */
export async function inspectorAt(host: string, port: number, time = 5000): Promise<Inspector> {
  const targets = await listTargets(host, port, time)
  const version = await getJson(host, port, '/json/version', time)
  const url = (version as { webSocketDebuggerUrl?: unknown } | null)?.webSocketDebuggerUrl
  const isBrowser = typeof url === 'string' && url.includes('/devtools/browser/')
  return { targets, browserUrl: isBrowser ? through(url, host, port) : undefined }
}

/** The inspector reports the address it listens on; behind a tunnel that is not the one that reaches it. */
function through(url: string, host: string, port: number): string {
  return url.replace(/^(wss?:\/\/)[^/]*/, `$1${host}:${port}`)
}

function getJson(host: string, port: number, path: string, time: number): Promise<unknown> {
  const where = `${host}:${port}`
  // Node's inspector accepts only IP addresses and localhost as host names.
  const headers = { host: `localhost:${port}` }
  const request = get({ host: host.replace(/^\[(.*)\]$/, '$1'), port, path, headers })
  const answer = new Promise((resolve, reject) => {
    const fail = (why: string, hint?: string) => reject(new TargetError(`${where}: ${why}`, { hint }))
    request.on('error', error => {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ECONNREFUSED')
        fail('nothing listens on this port', 'tracemalloc targets lists all targets')
      else fail(error.message)
    })
    request.on('response', response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', piece => {
        text += piece
        if (text.length > LONGEST) request.destroy(new Error('the answer is too long for an inspector'))
      })
      response.on('end', () => {
        try {
          resolve(JSON.parse(text))
        } catch {
          fail('the answer is not from an inspector')
        }
      })
    })
  })
  return withTime(answer, time, `${where}: no answer in ${time / 1000} s`).finally(() => request.destroy())
}
