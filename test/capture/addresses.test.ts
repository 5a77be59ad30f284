// Every way to write a target, and the true reason where one cannot be reached.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { main } from '../support/cli.ts'
import { folder, freePort, isRunning, it, leak, NEWEST, OLDEST, run, toolEnds } from '../support/nodes.ts'

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

describe.concurrent('a process that cannot be opened is refused with the true reason', () => {
  it.each<[string, readonly string[], NodeJS.ProcessEnv, RegExp]>([
    [
      'the permission model',
      ['--permission', '--allow-fs-read=*'],
      {},
      /permission model \(--permission\).*--allow-inspector/,
    ],
    ['an option', ['--disable-sigusr1'], {}, /started with --disable-sigusr1; start it with --inspect/],
    ['NODE_OPTIONS', [], { NODE_OPTIONS: '--disable-sigusr1' }, /--disable-sigusr1 in NODE_OPTIONS/],
  ])('%s', async (_, args, env, words) => {
    const target = run(NEWEST, [...args, '-e', `console.log('ready'); setInterval(() => {}, 1000)`], { env })
    await target.says(/ready/)
    expect(await refusal(`pid:${target.pid}`)).toMatch(words)
    expect(isRunning(target.pid)).toBe(true)
  })

  it('another user, with the name of that user', async () => {
    const target = run(OLDEST, [leak])
    await sleep(700)
    const as = [
      '--reuid=65534',
      '--clear-groups',
      OLDEST,
      main,
      'attach',
      `pid:${target.pid}`,
      '--out',
      '/tmp',
    ]
    const tool = run('setpriv', as)
    expect((await tool.ended).code).toBe(4)
    expect(tool.stderr).toMatch(
      /no permission for process \d+: it belongs to root; attach as that user: sudo -u root /,
    )
  })

  it('an id of a container, whose process has another one here', async () => {
    const target = run('unshare', [
      '--pid',
      '--fork',
      '--mount-proc',
      OLDEST,
      '-e',
      `require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1e6)'], { stdio: 'ignore' }); console.log('ready'); setInterval(() => {}, 1e3)`,
    ])
    await target.says(/ready/)
    const here = (pid: number) =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
    const [first] = here(target.pid)
    await expect.poll(() => here(first)[0], { timeout: 10_000 }).toBeGreaterThan(0)
    const [child] = here(first)
    const inside = /^NSpid:\s*\d+\s+(\d+)$/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))![1]
    await sleep(700)
    // By the id that it has here it is read like any other.
    const read = await toolEnds(['attach', `pid:${child}`, '--duration', '0.2', '--out', folder()])
    expect(read.code, read.stderr).toBe(0)
    expect(read.stderr).not.toContain('Node also runs')
    const { code, stderr } = await toolEnds(['attach', `pid:${inside}`])
    expect(code).toBe(4)
    expect(stderr).toMatch(
      new RegExp(`process ${inside} of a container is process \\d+ here: attach pid:\\d+`),
    )
  })

  it('a container with a network of its own', async () => {
    const target = run('unshare', ['--net', OLDEST, leak])
    await sleep(1000)
    expect(await refusal(`pid:${target.pid}`)).toMatch(
      /in another network namespace; use nsenter -t \d+ -n tracemalloc attach/,
    )
  })

  it('an Electron app that has another name', async () => {
    const app = folder()
    copyFileSync('/bin/sleep', join(app, 'slack'))
    mkdirSync(join(app, 'resources'))
    writeFileSync(join(app, 'resources', 'app.asar'), '')
    const target = run(join(app, 'slack'), ['100'])
    await sleep(300)
    expect(await refusal(`pid:${target.pid}`)).toMatch(
      /is slack, an Electron app.*--inspect=9229.*--remote-debugging-port=9222/,
    )
    expect(isRunning(target.pid)).toBe(true)
  })
})
