import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { TargetError } from '../errors.ts'
import { type Listed, listTargets } from './http.ts'

/** SIGUSR1 in the mask of caught signals of /proc/PID/status. */
const SIGUSR1_BIT = 1n << 9n
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
  const open = await findInspector(pid)
  if (open) return { target: open, opened: false }
  await checkSignal(pid)
  wake(pid)
  for (const end = Date.now() + OPEN_TIME; Date.now() < end; ) {
    await sleep(50)
    const found = await findInspector(pid)
    if (found) return { target: found, opened: true }
  }
  throw new TargetError(`process ${pid} opened no inspector on SIGUSR1: ${await whyNot(pid)}`)
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
  const exe = await readlink(`/proc/${pid}/exe`).catch(() => '')
  const name = exe.replace(/.*\//, '').replace(/ \(deleted\)$/, '')
  if (exe !== '' && !/node|electron|bun|deno/i.test(name)) {
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

async function whyNot(pid: number): Promise<string> {
  const other = await listTargets('127.0.0.1', 9229, 500).catch(() => [])
  const owner = /\[(\d+)\]$/.exec(other[0]?.title ?? '')?.[1]
  if (owner !== undefined && Number(owner) !== pid) return `process ${owner} has port 9229`
  return 'it handles the signal itself, or another program has its port 9229'
}

/** Looks for a port that the process listens on and that answers as its inspector. */
export async function findInspector(pid: number): Promise<Listed | undefined> {
  for (const { host, port } of await listeningPorts(pid)) {
    const targets = await listTargets(host, port, 1000).catch(() => [])
    const found = targets.find(target => target.title.endsWith(`[${pid}]`))
    if (found) return found
  }
  return undefined
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
