// Every way to write a target, and the true reason where one cannot be reached.
import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { folder, freePort, it, leak, NEWEST, OLDEST, run, toolEnds } from '../support/nodes.ts'

const closers: (() => void)[] = []

afterAll(() => {
  for (const close of closers) close()
})

/** A leaking process whose inspector listens everywhere, and what Node prints of it. */
async function everywhere(node: string) {
  const port = await freePort()
  const target = run(node, [`--inspect=0.0.0.0:${port}`, leak])
  await target.says(/Debugger listening on .*\n/)
  const [line] = /Debugger listening on .*/.exec(target.stderr)!
  return { port, pid: target.pid, line, id: line.slice(line.lastIndexOf('/') + 1) }
}

/** What is printed of a target that is refused: one line. */
async function refusal(target: string): Promise<string> {
  const { code, stderr } = await toolEnds(['attach', target, '--duration', '0.1', '--out', folder()])
  const lines = stderr.trimEnd().split('\n')
  expect(code, stderr).toBe(4)
  expect(lines.filter(line => !line.includes('is not on this machine'))).toHaveLength(1)
  return lines.at(-1)!
}

describe.concurrent('an inspector', () => {
  it('is attached to by every address of it', async () => {
    const { port, pid, line, id } = await everywhere(OLDEST)
    const addresses = [
      `${hostname()}:${port}`,
      `http://${hostname()}:${port}`,
      `http://127.0.0.1:${port}/json/list`,
      `ws://${hostname()}:${port}/${id}`,
      line,
      `devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=127.0.0.1:${port}/${id}`,
      `${pid}`,
    ]
    for (const address of addresses) {
      const file = join(folder(), 'now.pb.gz')
      const { code, stderr } = await toolEnds(['attach', address, '--duration', '0.2', '-o', file])
      expect(code, `${address}: ${stderr}`).toBe(0)
      expect((await loadSnapshot(file)).meta.pid).toBe(pid)
    }
  }, 120_000)

  it('says that an address has expired, and which is its own now', async () => {
    const { port, id } = await everywhere(NEWEST)
    for (const host of ['127.0.0.1', hostname()]) {
      const line = await refusal(`ws://${host}:${port}/052c3a16-e02b-45a7-9ceb-242bf6dbf43e`)
      expect(line).toContain('has expired')
      expect(line).toMatch(new RegExp(`it is ws://127\\.\\d+\\.\\d+\\.\\d+:${port}/${id} now`))
    }
  })
})

describe.concurrent('a port of something else', () => {
  it.each<[string, string, RegExp]>([
    ['Redis', '-ERR unknown command\r\n', /Redis/],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', /an SSH server/],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x46', /speaks TLS/],
    ['a server that hangs up', '', /closes the connection/],
  ])('%s', async (_, greeting, words) => {
    const port = await freePort()
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(greeting, 'latin1'))
    })
    server.listen(port, '127.0.0.1')
    closers.push(() => server.close())
    expect(await refusal(`${port}`)).toMatch(words)
  })

  it('an HTTP server of another process is named by its kind, with the process to attach to', async () => {
    const port = await freePort()
    const text = `require('http').createServer((q, r) => r.setHeader('x-powered-by', 'Express').end('<p>')).listen(${port}, () => console.log('ready'))`
    const server = run(OLDEST, ['-e', text])
    await server.says(/ready/)
    for (const address of [`${port}`, `http://localhost:${port}/`, `ws://127.0.0.1:${port}/x`]) {
      const line = await refusal(address)
      expect(line).toContain('an HTTP server (Express) is there, and no inspector')
      expect(line).toContain(`tracemalloc attach pid:${server.pid}`)
    }
  })

  it('of another machine has no process to name', async () => {
    const port = await freePort()
    const server = createHttp((_, response) => response.end('hello'))
    server.listen(port, '0.0.0.0')
    closers.push(() => server.close())
    expect(await refusal(`${hostname()}:${port}`)).toMatch(/an HTTP server is there, and no inspector/)
  })
})

it('a name that nobody knows, and TLS, are told with what to do', async () => {
  const line = await refusal('no-such-host.invalid:9229')
  expect(line).toContain('there is no host no-such-host.invalid')
  expect(line).toContain('ssh -L 9229:127.0.0.1:9229 no-such-host.invalid')
  const { code, stderr } = await toolEnds(['attach', 'https://box.example:9229'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/speaks no TLS.*ssh -L 9229:127\.0\.0\.1:9229 box\.example.*wss:/)
})
