import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { TargetError } from '../errors.ts'
import { type Listed, listTargets } from './http.ts'

/** SIGUSR1 in the mask of caught signals of /proc/PID/status. */
const SIGUSR1_BIT = 1n << 9n
const DEFAULT_PORT = 9229
/** How long a process may take to open its inspector, in ms. */
const OPEN_TIME = 5000

/** The inspector of a process, and whether it was us who had it opened. */
export interface Opened {
  target: Listed
  opened: boolean
}

/**
 * The inspector of a Node process of this machine, opened by SIGUSR1 when it has none. Throws TargetError where that would
 * end the process, or does not work.
 */
export async function inspectorOf(pid: number): Promise<Opened> {
  await checkProcess(pid)
  const before = await listeningPorts(pid)
  const open = await firstInspector(await likelyPorts(pid, before))
  if (open) return { target: open, opened: false }
  await checkSignal(pid)
  wake(pid)
  const known = new Set(before.map(({ port }) => port))
  for (const end = performance.now() + OPEN_TIME; performance.now() < end; ) {
    await sleep(50)
    const now = await listeningPorts(pid)
    const target = await firstInspector(now.filter(({ port }) => !known.has(port)))
    if (target) return { target, opened: true }
  }
  // Only now are ports asked that may be the program's own: one of them can be an inspector that was open all along.
  const target = await firstInspector(before)
  if (target) return { target, opened: false }
  throw new TargetError(`process ${pid} opened no inspector on SIGUSR1: ${await whyNot(before)}`)
}

/** The inspector that a process has open, on a port that is an inspector's by default or by its arguments. */
export async function openInspector(pid: number): Promise<Listed | undefined> {
  return firstInspector(await likelyPorts(pid, await listeningPorts(pid)))
}

async function likelyPorts(pid: number, ports: readonly Address[]): Promise<Address[]> {
  const likely = new Set([DEFAULT_PORT, ...(await portsOfArguments(pid))])
  return ports.filter(({ port }) => likely.has(port))
}

/** Ports that the process's arguments or NODE_OPTIONS name for its inspector. */
async function portsOfArguments(pid: number): Promise<number[]> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  const texts = await Promise.all(['cmdline', 'environ'].map(read))
  const matches = texts.flatMap(text => [...text.matchAll(/--inspect[a-z-]*[=\0](?:[^\0\s=]*:)?(\d+)/g)])
  return matches.map(match => Number(match[1]))
}

async function firstInspector(addresses: readonly Address[]): Promise<Listed | undefined> {
  for (const { host, port } of addresses) {
    const [target] = await listTargets(host, port, 1000).catch(() => [])
    if (target) return target
  }
  return undefined
}

async function checkProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new TargetError(
      code === 'EPERM' ? `no permission for process ${pid}` : `there is no process ${pid}`,
    )
  }
  if (process.platform !== 'linux') return
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State: Z')
  if (/^State:\s*[ZX]/m.test(status)) throw new TargetError(`there is no process ${pid} any more`)
  const exe = await readlink(`/proc/${pid}/exe`).catch(() => '')
  const name = exe.replace(/.*\//, '').replace(/ \(deleted\)$/, '')
  if (exe !== '' && !/node|electron/i.test(name)) {
    throw new TargetError(`process ${pid} is ${name}, not Node: SIGUSR1 would end it`)
  }
  const [ours, theirs] = await Promise.all(
    ['self', pid].map(id => readlink(`/proc/${id}/ns/net`).catch(() => '')),
  )
  if (ours !== theirs && ours !== '' && theirs !== '') {
    throw new TargetError(`process ${pid} has a network of its own`, {
      hint: `nsenter -t ${pid} -n tracemalloc attach pid:${pid}, or run it inside the container`,
    })
  }
}

/** SIGUSR1 ends a process that does not catch it: one that is starting, or runs with --disable-sigusr1. */
async function checkSignal(pid: number): Promise<void> {
  if (process.platform !== 'linux') return
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  if ((caught & SIGUSR1_BIT) === 0n) {
    throw new TargetError(`process ${pid} does not catch SIGUSR1, which would end it`, {
      hint: 'it was started with --disable-sigusr1, or is still starting: start it with --inspect',
    })
  }
}

function wake(pid: number): void {
  const { _debugProcess } = process as unknown as { _debugProcess(pid: number): void }
  if (process.platform === 'win32') _debugProcess(pid)
  else process.kill(pid, 'SIGUSR1')
}

async function whyNot(ports: readonly Address[]): Promise<string> {
  const isOurs = ports.some(({ port }) => port === DEFAULT_PORT)
  const other = isOurs ? [] : await listTargets('127.0.0.1', DEFAULT_PORT, 500).catch(() => [])
  if (other.length > 0) return `port ${DEFAULT_PORT} is taken by ${other[0].title}`
  return `it handles the signal itself, or its port (${DEFAULT_PORT} unless it names another) is taken`
}

interface Address {
  host: string
  port: number
}

async function listeningPorts(pid: number): Promise<Address[]> {
  if (process.platform === 'linux') return linuxPorts(pid)
  if (process.platform === 'win32') return [{ host: '127.0.0.1', port: 9229 }]
  const { stdout } = await promisify(execFile)('lsof', [
    '-nP',
    '-a',
    '-p',
    `${pid}`,
    '-iTCP',
    '-sTCP:LISTEN',
    '-Fn',
  ]).catch(() => ({ stdout: '' }))
  return [...stdout.matchAll(/^n.*:(\d+)$/gm)].map(match => ({ host: '127.0.0.1', port: Number(match[1]) }))
}

/** The sockets among the process's descriptors that /proc/net/tcp lists as listening (state 0A). */
async function linuxPorts(pid: number): Promise<Address[]> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = await Promise.all(fds.map(fd => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  const inodes = new Set(links.map(link => /^socket:\[(\d+)\]$/.exec(link)?.[1]).filter(Boolean))
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(table => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  )
  const addresses: Address[] = []
  for (const line of tables.join('\n').split('\n')) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state !== '0A' || !inodes.has(inode)) continue
    const [address, port] = local.split(':')
    addresses.push({ host: hostOf(address), port: Number.parseInt(port, 16) })
  }
  return addresses
}

/** An address of /proc/net/tcp, whose 32-bit words are in the machine's order, as one to connect to. */
function hostOf(hex: string): string {
  if (/^0+$/.test(hex)) return '127.0.0.1' // listens on every address
  if (hex.length === 8) return Buffer.from(hex, 'hex').reverse().join('.')
  return hex.endsWith('01000000') ? '[::1]' : '127.0.0.1'
}
