import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Listed, listTargets } from '../../src/inspector/http.ts'
import { CLOSED_NETWORK, findChrome } from '../../src/inspector/launch-chrome.ts'
import { freePort } from './nodes.ts'

/** A headless Chromium with nothing but a blank page, and a server of pages. */
export interface Chromium {
  port: number
  /** `http://127.0.0.1:1234`; the same pages are at `localhost`, which is another site. */
  site: string
  other: string
  /** Opens a page and waits until it has its title. */
  open(path: string): Promise<Listed>
  /** The pages, workers and frames there are. */
  list(): Promise<Listed[]>
  close(id: string): Promise<void>
  isAlive(): boolean
  end(): Promise<void>
}

/** Starts it; `pages` maps a path to a document or (`*.js`) a script. */
export async function startChromium(pages: Record<string, string>): Promise<Chromium> {
  const server = await serve(pages)
  const { port: sitePort } = server.address() as AddressInfo
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-chromium-'))
  const child = spawn(
    findChrome()!,
    [
      ...CLOSED_NETWORK,
      '--headless',
      '--no-sandbox',
      '--site-per-process',
      `--remote-debugging-port=${port}`,
      `--user-data-dir=${folder}`,
      'about:blank',
    ],
    { detached: true, stdio: 'ignore' },
  )
  const list = () => listTargets('127.0.0.1', port)
  await until(() =>
    list().then(
      targets => targets.length > 0,
      () => false,
    ),
  )
  const site = `http://127.0.0.1:${sitePort}`
  return {
    port,
    site,
    other: `http://localhost:${sitePort}`,
    list,
    async open(path) {
      const url = `http://127.0.0.1:${port}/json/new?${site}${path}`
      const { id } = (await (await fetch(url, { method: 'PUT' })).json()) as Listed
      return until(async () =>
        (await list()).find(t => t.id === id && t.url.endsWith(path) && t.title !== ''),
      )
    },
    async close(id) {
      await fetch(`http://127.0.0.1:${port}/json/close/${id}`)
    },
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async end() {
      server.close()
      server.closeAllConnections()
      await endGroup(child)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}

/** Asks until the answer is true; throws after half a minute. */
export async function until<T>(ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
    const answer = await ask()
    if (answer) return answer
  }
  throw new Error(`waited for half a minute: ${ask}`)
}

function serve(pages: Record<string, string>): Promise<Server> {
  const server = createServer(({ url = '' }, response) => {
    const path = url.replace(/\?.*/, '')
    const text = pages[path]
    response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html')
    response.writeHead(text === undefined ? 404 : 200).end(text)
  })
  return new Promise(resolve => server.listen(0, () => resolve(server)))
}

async function endGroup(child: ChildProcess): Promise<void> {
  const ended = new Promise(resolve => child.once('exit', resolve))
  process.kill(-child.pid!, 'SIGKILL')
  await ended
}
