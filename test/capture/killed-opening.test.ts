// An inspector that opens for us is closed again, whichever of our processes is killed before it has a keeper in it.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import {
  folder,
  freePort,
  isRunning,
  it,
  NEWEST,
  OLDEST,
  type Running,
  refuses,
  run,
  tool,
} from '../support/nodes.ts'

const SIGUSR1 = 1n << 9n

/** Waits until it holds; the test's own time-out ends it. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

const pendingSignals = (pid: number) =>
  BigInt(`0x${/^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]}`)

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** A program that is stopped, so that SIGUSR1 waits, and `attach` that has sent it from a process of its own. */
async function stopped(node: string) {
  const port = await freePort()
  const target = run(node, [
    `--inspect-port=${port}`,
    '-e',
    'console.log("ready"); setInterval(() => {}, 100)',
  ])
  await target.says(/ready/)
  await sleep(200)
  const env = { XDG_STATE_HOME: folder() }
  const attach = () =>
    tool(['attach', `pid:${target.pid}`, '--duration', '0.1', '--out', folder()], OLDEST, env)
  target.child.kill('SIGSTOP')
  const client = attach()
  await until(() => (pendingSignals(target.pid) & SIGUSR1) !== 0n)
  const [opener] = childrenOf(client.pid)
  return { port, target, client, opener, attach, env }
}

const notes = (env: { XDG_STATE_HOME: string }) => readdirSync(`${env.XDG_STATE_HOME}/tracemalloc`)

async function isClosedWithoutTrace(port: number, target: Running, env: { XDG_STATE_HOME: string }) {
  await until(() => refuses(port))
  await until(() => notes(env).length === 0)
  expect(isRunning(target.pid)).toBe(true)
}

describe.concurrent('an inspector that opens for us is closed again when, before we are connected,', () => {
  it('attach is killed', async () => {
    const { port, target, client, env } = await stopped(OLDEST)
    client.child.kill('SIGKILL')
    await client.ended
    expect(notes(env)).toHaveLength(1)
    target.child.kill('SIGCONT')
    await isClosedWithoutTrace(port, target, env)
  })

  it('its helper is killed: attach goes on with another', async () => {
    const { port, target, client, opener, env } = await stopped(NEWEST)
    process.kill(opener, 'SIGKILL')
    target.child.kill('SIGCONT')
    expect((await client.ended).code).toBe(0)
    expect(client.stderr).toContain('wrote')
    await isClosedWithoutTrace(port, target, env)
  })

  it('both are killed: by --repair', async () => {
    const { port, target, client, opener, env } = await stopped(NEWEST)
    client.child.kill('SIGKILL')
    process.kill(opener, 'SIGKILL')
    target.child.kill('SIGCONT')
    await until(async () => !(await refuses(port)))
    const repair = tool(['targets', '--repair'], OLDEST, env)
    await repair.ended
    expect(repair.stdout).toMatch(new RegExp(`^pid:${target.pid}\\t.*\\trepaired$`, 'm'))
    await isClosedWithoutTrace(port, target, env)
  })

  it('both are killed: by the next attach', async () => {
    const { port, target, client, opener, attach, env } = await stopped(OLDEST)
    client.child.kill('SIGKILL')
    process.kill(opener, 'SIGKILL')
    target.child.kill('SIGCONT')
    await until(async () => !(await refuses(port)))
    expect((await attach().ended).code).toBe(0)
    await isClosedWithoutTrace(port, target, env)
  })

  it('attach has given up, as the program was stopped', async () => {
    const { port, target, client, env } = await stopped(NEWEST)
    expect((await client.ended).code).toBe(4)
    expect(client.stderr).toMatch(/^tracemalloc: process \d+ did not open its inspector on SIGUSR1: .*\n$/)
    target.child.kill('SIGCONT')
    await isClosedWithoutTrace(port, target, env)
  })

  it('is left alone where it was open before', async () => {
    const port = await freePort()
    const target = run(NEWEST, [`--inspect=127.0.0.1:${port}`, '-e', 'setInterval(() => {}, 100)'])
    await target.says(/listening/)
    const env = { XDG_STATE_HOME: folder() }
    const args = ['attach', `pid:${target.pid}`, '--duration', '0.1', '--out', folder()]
    expect((await tool(args, OLDEST, env).ended).code).toBe(0)
    expect(await refuses(port)).toBe(false)
  })
})
