import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect } from 'vitest'
import { startSampler, stopSampler } from '../../src/capture/v8/sampler.ts'
import { samplerSettings } from '../../src/capture/v8/settings.ts'
import { loadSnapshot } from '../../src/formats/files.ts'
import { listTargets } from '../../src/inspector/http.ts'
import { openTarget, parseTarget } from '../../src/inspector/target.ts'
import {
  dumps,
  folder,
  freePort,
  isRunning,
  it,
  leak,
  NEWEST,
  NODES,
  OLDEST,
  refuses,
  run,
  tool,
  toolEnds,
} from '../support/nodes.ts'

const servers: Server[] = []

afterAll(() => {
  for (const server of servers) server.close()
})

/** A leaking process with an inspector of its own. */
async function inspected(node = OLDEST, args: readonly string[] = [leak]) {
  const port = await freePort()
  const target = run(node, [`--inspect=127.0.0.1:${port}`, ...args])
  await target.says(/Debugger listening/)
  return { port, target }
}

/** A process that knows nothing of us, whose inspector would listen on a free port. */
async function unprepared(node: string, args: readonly string[] = [leak]) {
  const port = await freePort()
  const target = run(node, [`--inspect-port=${port}`, ...args])
  await sleep(1000)
  return { port, target }
}

describe.concurrent.each(NODES)('attach to Node %s', (_, node) => {
  it('takes a series of an unprepared process, which goes on with its inspector closed', async () => {
    const { port, target } = await unprepared(node)
    const out = folder()
    const { code, stderr } = await toolEnds([
      'attach',
      `pid:${target.pid}`,
      '--every',
      '0.7',
      '--count',
      '3',
      '--out',
      out,
    ])
    expect(stderr).toMatch(/main: traced memory: .*overhead: .*RSS: .*read in \d+ ms/)
    expect(code).toBe(0)
    expect(dumps(out)).toHaveLength(3)
    const snapshots = await Promise.all(dumps(out).map(name => loadSnapshot(join(out, name))))
    expect(new Set(snapshots.map(s => s.meta.session)).size).toBe(1)
    expect(snapshots.map(s => s.meta.read)).toEqual([0, 1, 2])
    expect(snapshots[2].meta).toMatchObject({
      pid: target.pid,
      runtime: 'node',
      interval: 40320,
      isolate: 'main',
    })
    const diff = await toolEnds(['diff', join(out, dumps(out)[0]), join(out, dumps(out)[2]), '--limit', '1'])
    expect(diff.stdout).toContain('leak.js:')
    expect(isRunning(target.pid)).toBe(true)
    expect(await refuses(port)).toBe(true)
    // and it can be done again
    const again = await toolEnds(['attach', `pid:${target.pid}`, '--duration', '0.3', '--out', out])
    expect(again.code).toBe(0)
    expect(dumps(out).at(-1)).toBe(`tracemalloc.${target.pid}.0000000004.pb.gz`)
    expect(await refuses(port)).toBe(true)
  })

  it('survives five cycles of sampling, and is as it was', async () => {
    const { port, target } = await inspected(node)
    for (let i = 0; i < 5; i++) {
      const { code } = await cycle(`${port}`)
      expect(code).toBe(true)
    }
    expect(isRunning(target.pid)).toBe(true)
    expect(await refuses(port)).toBe(false) // the user's own inspector stays open
  })

  it('shows every function with --stable-frames', async () => {
    const { target } = await unprepared(node)
    const { stderr } = await toolEnds([
      'attach',
      `pid:${target.pid}`,
      '--stable-frames',
      '--duration',
      '1',
      '--out',
      folder(),
    ])
    expect(stderr).toMatch(/leak\.js:\d+ \(remember\): size=/)
    expect(stderr).toMatch(/leak\.js:\d+ \(onEvent\): size=/)
    expect(isRunning(target.pid)).toBe(true)
  })

  it('reads a process that is stuck in a loop', async () => {
    const text = 'const k = []; let i = 0; function hold() { k[i++ % 1e5] = { a: [1] } } for (;;) hold()'
    const { port, target } = await unprepared(node, ['-e', text])
    const out = folder()
    const { code } = await toolEnds(['attach', `pid:${target.pid}`, '--duration', '0.5', '--out', out])
    expect(code).toBe(0)
    expect((await loadSnapshot(join(out, dumps(out)[0]))).total.size).toBeGreaterThan(0)
    expect(await refuses(port)).toBe(true)
    expect(isRunning(target.pid)).toBe(true)
  })
})

/** Attaches, samples, reads and detaches within this process. */
async function cycle(text: string): Promise<{ code: boolean }> {
  const target = await openTarget(parseTarget(text))
  try {
    const [main] = await target.isolates()
    const isOurs = await startSampler(main.session, samplerSettings({ interval: 4096 }))
    await sleep(20)
    const profile = await main.session.postText('HeapProfiler.getSamplingProfile')
    await stopSampler(main.session)
    return { code: isOurs && profile.startsWith('{"profile":{"head":') }
  } finally {
    await target.close()
  }
}

describe.concurrent('attach', () => {
  it('takes one snapshot into a file, by port and by address', async () => {
    const { port } = await inspected()
    const file = join(folder(), 'now.heapprofile')
    expect((await toolEnds(['attach', `${port}`, '--duration', '0.3', '-o', file])).code).toBe(0)
    expect(JSON.parse(readFileSync(file, 'utf8')).head).toBeTruthy()
    expect((await toolEnds(['attach', `127.0.0.1:${port}`, '--duration', '0.3', '-o', file])).code).toBe(0)
    const [{ webSocketDebuggerUrl }] = await listTargets('127.0.0.1', port)
    expect((await toolEnds(['attach', webSocketDebuggerUrl, '--duration', '0.3', '-o', file])).code).toBe(0)
  })

  it('never stops the sampler of somebody else, and says that it is there', async () => {
    const { port } = await inspected(NEWEST)
    const other = await openTarget(parseTarget(`${port}`))
    const [main] = await other.isolates()
    expect(await startSampler(main.session, samplerSettings({ interval: 512 }))).toBe(true)
    const out = folder()
    const { code, stderr } = await toolEnds(['attach', `${port}`, '--duration', '0.3', '--out', out])
    expect(code).toBe(0)
    expect(stderr).toContain('another client was already sampling')
    const { meta } = await loadSnapshot(join(out, dumps(out)[0]))
    expect(meta.notes?.join()).toContain('another client')
    expect(meta.interval).not.toBe(40320)
    expect(await main.session.postText('HeapProfiler.getSamplingProfile')).toContain('"head"')
    await other.close()
  })

  it('goes on with a sampler of its own when the other client leaves', async () => {
    const { port } = await inspected()
    const other = await openTarget(parseTarget(`${port}`))
    await startSampler((await other.isolates())[0].session, samplerSettings())
    const out = folder()
    const series = tool(['attach', `${port}`, '--every', '0.3', '--out', out])
    await series.says(/wrote/)
    await other.close()
    await series.says(/reconnected[\s\S]*wrote/)
    process.kill(series.pid, 'SIGINT')
    expect((await series.ended).code).toBe(0)
    const snapshots = await Promise.all(dumps(out).map(name => loadSnapshot(join(out, name))))
    expect(snapshots.at(-1)!.meta.interval).toBe(40320)
  })

  it('ends with Ctrl-C: 0 for a series that has reads, 130 before there is a result, the inspector closed', async () => {
    const { port, target } = await unprepared(NEWEST)
    const out = folder()
    const series = tool(['attach', `pid:${target.pid}`, '--every', '0.3', '--out', out])
    await series.says(/wrote/)
    process.kill(series.pid, 'SIGINT')
    expect(await series.ended).toEqual({ code: 0, signal: null })
    expect(await refuses(port)).toBe(true)
    const single = tool(['attach', `pid:${target.pid}`, '--out', out])
    await single.says(/keeping frames stable/)
    process.kill(single.pid, 'SIGINT')
    expect(await single.ended).toEqual({ code: 130, signal: null })
    expect(await refuses(port)).toBe(true)
    expect(isRunning(target.pid)).toBe(true)
  })

  it('refuses stable frames where they would end the coverage of the target', async () => {
    const port = await freePort()
    const target = run(OLDEST, [`--inspect=127.0.0.1:${port}`, leak], { env: { NODE_V8_COVERAGE: folder() } })
    await target.says(/Debugger listening/)
    const args = ['attach', `${port}`, '--stable-frames', '--every', '0.2', '--count', '1', '--out', folder()]
    const { code, stderr } = await toolEnds(args)
    expect(code).toBe(4)
    expect(stderr).toContain('the target collects coverage')
  })

  it('refuses a process that SIGUSR1 would end', async () => {
    const deaf = run(NEWEST, ['--disable-sigusr1', leak])
    const foreign = run('/bin/sleep', ['100'])
    await sleep(700)
    const [a, b, c] = await Promise.all(
      [deaf.pid, foreign.pid, 2 ** 22 - 3].map(pid => toolEnds(['attach', `pid:${pid}`])),
    )
    expect([a.code, b.code, c.code]).toEqual([4, 4, 4])
    expect(a.stderr).toContain('does not handle SIGUSR1')
    expect(b.stderr).toContain('not Node')
    expect(c.stderr).toContain('there is no process')
    expect([deaf.pid, foreign.pid].map(isRunning)).toEqual([true, true])
  })

  it('says why no inspector opens: a handler of the program, or a taken port', async () => {
    const port = await freePort()
    const handles = run(OLDEST, ['-e', `process.on('SIGUSR1', () => {}); setInterval(() => {}, 1000)`])
    const holder = run(OLDEST, [`--inspect=127.0.0.1:${port}`, leak])
    await holder.says(/Debugger listening/)
    const blocked = run(OLDEST, [`--inspect-port=${port}`, leak])
    await sleep(700)
    const [a, b] = await Promise.all([handles, blocked].map(({ pid }) => toolEnds(['attach', `pid:${pid}`])))
    expect([a.code, b.code]).toEqual([4, 4])
    expect(a.stderr).toMatch(/it handles the signal itself/)
    expect(b.stderr).toMatch(/its port .* is in use/)
  })

  it('goes on with the process that takes over the port, in a new session', async () => {
    const { port, target } = await inspected()
    const out = folder()
    const series = tool(['attach', `${port}`, '--every', '0.4', '--out', out])
    await series.says(/wrote/)
    process.kill(target.pid, 'SIGKILL')
    await series.says(/samples since the last read are lost/)
    run(OLDEST, [`--inspect=127.0.0.1:${port}`, leak])
    await series.says(/reconnected/)
    const before = dumps(out).length
    for (let i = 0; i < 200 && dumps(out).length <= before; i++) await sleep(50)
    process.kill(series.pid, 'SIGINT')
    expect((await series.ended).code).toBe(0)
    const snapshots = await Promise.all(dumps(out).map(name => loadSnapshot(join(out, name))))
    expect(new Set(snapshots.map(s => s.meta.session)).size).toBe(2)
    expect(new Set(snapshots.map(s => s.meta.pid)).size).toBe(2)
  })

  it('keeps what it has when the target is killed at any moment', async () => {
    const kills = [0.1, 0.35, 0.6].map(async delay => {
      const target = run(OLDEST, [`--inspect-port=${await freePort()}`, leak])
      await sleep(800)
      const out = folder()
      const series = tool(['attach', `pid:${target.pid}`, '--every', '0.2', '--interval', '64', '--out', out])
      await series.says(/wrote/)
      await sleep(delay * 1000)
      process.kill(target.pid, 'SIGKILL')
      const { code } = await series.ended
      expect(code).toBe(4)
      expect(series.stderr).toMatch(/there is no process \d+|process \d+ has ended/) // a zombie until it is waited for
      expect(dumps(out).length).toBeGreaterThan(0)
      for (const name of dumps(out)) expect((await loadSnapshot(join(out, name))).length).toBeGreaterThan(0)
    })
    await Promise.all(kills)
  })

  it('never leaves half a file when it is killed itself', async () => {
    const { port, target } = await inspected()
    const kills = [0, 0.2, 0.4, 0.6].map(async delay => {
      const out = folder()
      const series = tool(['attach', `${port}`, '--every', '0.1', '--interval', '64', '--out', out])
      await series.says(/wrote/)
      await sleep(delay * 1000)
      process.kill(series.pid, 'SIGKILL')
      await series.ended
      const files = readdirSync(out).filter(name => /^tracemalloc.*\.(pb\.gz|heapprofile)$/.test(name))
      expect(files.length).toBeGreaterThan(0)
      for (const name of files) expect((await loadSnapshot(join(out, name))).length).toBeGreaterThan(0)
    })
    await Promise.all(kills)
    expect(isRunning(target.pid)).toBe(true)
  })

  it('reads a target that is paused in the debugger', async () => {
    const { port } = await inspected()
    const other = await openTarget(parseTarget(`${port}`))
    const [{ session }] = await other.isolates()
    await session.post('Debugger.enable')
    await session.post('Debugger.pause')
    const { code } = await toolEnds(['attach', `${port}`, '--duration', '0.3', '--out', folder()])
    expect(code).toBe(0)
    await other.close()
  })

  it.each([
    ['no HTTP', 'garbage\n'],
    ['no JSON', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['no list', 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"list":true}'],
    ['no targets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]'],
  ])('refuses a target that answers with %s', async (_, answer) => {
    const port = await serve(socket => socket.once('data', () => socket.end(answer)))
    const { code, stderr } = await toolEnds(['attach', `${port}`])
    expect(code).toBe(4)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('refuses a target that never answers, and one that is not there', async () => {
    const silent = await serve(() => {})
    const [a, b] = await Promise.all([silent, await freePort()].map(port => toolEnds(['attach', `${port}`])))
    expect([a.code, b.code]).toEqual([4, 4])
    expect(a.stderr).toContain('no answer in 5 s')
    expect(b.stderr).toContain('nothing listens on this port')
  })

  it('survives a socket that speaks nonsense, and one that is cut', async () => {
    const { port } = await inspected()
    for (const spoil of [(s: Socket) => s.destroy(), (s: Socket) => s.write(frame('{"nonsense'))]) {
      const proxy = await tamper(port, spoil)
      const { code, stderr } = await toolEnds(['attach', `${proxy}`, '--duration', '30', '--out', folder()])
      expect(code).toBe(4)
      expect(stderr).toMatch(/was lost|does not speak the DevTools protocol|was closed/)
    }
  })

  it('says that the disk is full, goes on, and says so at the end', async () => {
    const { port, target } = await inspected()
    const dir = join(folder(), 'full')
    mkdirSync(dir)
    const full = run('unshare', [
      '--mount',
      '--',
      'sh',
      '-c',
      `mount -t tmpfs -o size=64k none ${dir} && exec "$@"`,
      'sh',
      OLDEST,
      ...attachArgs(port, dir),
      ...['--count', '12'],
    ])
    const { code } = await full.ended
    expect(code).toBe(3)
    expect(full.stderr).toMatch(/no space left.*; the series continues\n/)
    expect(full.stderr).toMatch(/\d+ of the files could not be written\n$/)
    expect(isRunning(target.pid)).toBe(true)
  })

  it('says that another machine is not protected', async () => {
    const { stderr } = await toolEnds(['attach', '0.0.0.0:1', '--duration', '0.1'])
    expect(stderr).toContain('is not on this machine')
  })

  it('lists what can be attached to', async () => {
    const { port, target } = await inspected()
    const here = await toolEnds(['targets'])
    expect(here.stdout).toContain(`pid:${target.pid}\tnode, port ${port}\t`)
    const there = await toolEnds(['targets', `${port}`])
    expect(there.stdout).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port}\\tnode\\t.*leak\\.js\\n$`))
  })
})

function attachArgs(port: number, dir: string): string[] {
  const main = new URL('../../dist/src/cli/main.js', import.meta.url).pathname
  return [main, 'attach', `${port}`, '--every', '0.2', '--interval', '16', '--out', dir]
}

async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const port = await freePort()
  const server = createServer(socket => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return port
}

/** A way to the inspector that spoils its WebSocket a second after it was opened. */
async function tamper(port: number, spoil: (client: Socket) => void): Promise<number> {
  const { connect } = await import('node:net')
  return serve(client => {
    const target = connect(port, '127.0.0.1')
    target.on('error', () => client.destroy())
    client.on('close', () => target.destroy())
    client.once('data', data => {
      if (String(data).includes('Upgrade')) setTimeout(() => spoil(client), 1000)
    })
    client.pipe(target).pipe(client)
  })
}

/** A text as an unmasked frame of a WebSocket. */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)])
}
