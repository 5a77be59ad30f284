// The inspector of a Node process on this machine: found through its sockets, or opened with SIGUSR1.
import { execFile, spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { TargetError } from '../errors.ts'
import { inContainer, isElectronApp, whyDeaf, whyNotOurs } from './address/processes.ts'
import { type Listed, listTargets } from './http.ts'
import { inspectorHosts, readsOptions } from './inspect-options.ts'
import { forget, noteOpening, notesOf } from './lease/notes.ts'

/** SIGUSR1 in the mask of caught signals of /proc/PID/status. */
const SIGUSR1_BIT = 1n << 9n
const DEFAULT_PORT = 9229
/** How long a process may take to open its inspector, in ms. */
const OPEN_TIME = 5000

/** The inspector of a process, and whether we opened it. */
interface Opened {
  target: Listed
  opened: boolean
  /** Can other machines reach it? */
  isPublic: boolean
}

/** How to ask a process for its inspector. */
export interface Opening {
  /** Open it to other machines too, if the process was started that way. */
  allowPublicPort?: boolean
  /** Start it if it waits for a debugger. */
  resume?: boolean
  /** Several processes are opened one after the other, each on a port that is free. */
  several?: boolean
  /** Called with what the user should know. */
  say(line: string): void
}

/** An inspector that is open. Call `taken` once the process itself closes it when we are gone. */
export interface Found {
  target: Listed
  opened: boolean
  taken(): Promise<void>
}

/**
 * The inspector of a Node process on this machine, opened with SIGUSR1 if it has none. Throws TargetError if
 * that would end the process, open a port to other machines, or does not work.
 */
export async function inspectorOf(pid: number, opening: Opening): Promise<Found> {
  await checkProcess(pid)
  const before = await listeningPorts(pid)
  const open = await firstInspector(await likelyPorts(pid, before))
  if (open) {
    const notes = await notesOf(pid) // those who opened it were killed before they could leave a keeper
    return { ...open, opened: notes.length > 0, taken: () => forget(notes) }
  }
  await checkSignal(pid)
  await checkPort(pid, opening)
  const note = await noteOpening(pid)
  const ports = before.map(({ port }) => port)
  // An opener that was killed may have left the inspector open: another one takes it over.
  const found = (await openBeside(pid, ports, opening, note)) ?? (await openBeside(pid, ports, opening, note))
  if (found) return found
  throw new TargetError(`the inspector of process ${pid} was not opened: what was to open it was killed`, {
    hint: 'tracemalloc targets --repair closes it if it is open',
  })
}

/**
 * Makes a process open its inspector with SIGUSR1, on another than the known ports. Throws TargetError if it
 * does not.
 */
export async function openBySignal(pid: number, known: ReadonlySet<number>): Promise<Opened> {
  wake(pid)
  const found = await newInspector(pid, known, OPEN_TIME, 50)
  if (found) return { ...found, opened: true }
  // Ports that may be the program's own are asked only now: one may be an inspector that was open all along.
  const before = (await listeningPorts(pid)).filter(({ port }) => known.has(port))
  const old = await firstInspector(before)
  if (old) return { ...old, opened: false }
  throw new TargetError(`process ${pid} did not open its inspector on SIGUSR1: ${await whyNot(before)}`)
}

/**
 * Waits for an inspector on another than the known ports, looking every `step` ms; undefined if none opens in
 * `time` ms.
 */
export async function newInspector(
  pid: number,
  known: ReadonlySet<number>,
  time: number,
  step: number,
): Promise<{ target: Listed; isPublic: boolean } | undefined> {
  for (const end = performance.now() + time; performance.now() < end; ) {
    await sleep(step)
    const now = await listeningPorts(pid)
    const found = await firstInspector(now.filter(({ port }) => !known.has(port)))
    if (found) return found
  }
  return undefined
}

/**
 * As `openBySignal`, in a separate process that closes it if we end early or other machines reach it;
 * undefined if that process was killed.
 */
async function openBeside(
  pid: number,
  ports: readonly number[],
  { allowPublicPort = false }: Opening,
  note = '',
): Promise<Found | undefined> {
  const file = fileURLToPath(new URL(`./lease/opener${import.meta.url.slice(-3)}`, import.meta.url))
  const { NODE_OPTIONS: _, ...env } = process.env // a preload is meant for the program, not for this
  const opener = spawn(process.execPath, [file, `${pid}`, `${ports}`, `${allowPublicPort}`, note], {
    detached: true, // survives a shell, and Ctrl-C
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  opener.stdin.on('error', () => {}) // it is gone
  let text = ''
  opener.stdout.setEncoding('utf8').on('data', piece => {
    text += piece
  })
  const ended = new Promise<void>((resolve, reject) => {
    opener.on('error', reject)
    opener.stdout.on('end', resolve)
  })
  await ended.catch(error => {
    throw new TargetError(`cannot start ${process.execPath}: ${error.message}`, { cause: error })
  })
  opener.unref()
  ;(opener.stdin as Socket).unref()
  if (text === '') return undefined
  const { error, hint, ...found } = JSON.parse(text)
  if (error !== undefined) throw new TargetError(error, { hint })
  return {
    ...found,
    taken() {
      opener.stdin.end(TAKEN)
      return forget([note])
    },
  }
}

/** Sent to the opener when it is no longer needed. */
export const TAKEN = 'taken'

/** Throws TargetError if the process's options would make it open its inspector to other machines. */
async function checkPort(pid: number, { allowPublicPort, say }: Opening): Promise<void> {
  if (allowPublicPort) return
  const args = await argumentsOf(pid)
  const nodeOptions = await nodeOptionsOf(pid)
  for (const { option, host } of inspectorHosts(args ?? [], nodeOptions)) {
    if (await isLoopback(host)) continue
    throw new TargetError(
      `process ${pid} was started with ${option}: SIGUSR1 would open its debugging port to other machines`,
      {
        hint: `anyone who reaches that port can run code in the process; use --allow-public-port to open it anyway`,
      },
    )
  }
  if (args === undefined || nodeOptions === undefined || readsOptions(args)) {
    say(
      `the options of process ${pid} cannot be read: if its debugging port is open to other machines, it is closed again`,
    )
  }
}

/** The arguments of a process without its own name; undefined if unknown, or replaced by a title. */
async function argumentsOf(pid: number): Promise<string[] | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (text === '' || text.endsWith('\0\0')) return undefined
  const [name, ...args] = text.replace(/\0$/, '').split('\0')
  return args.length === 0 && !/(^|\/)(node|electron)[\w.-]*$/i.test(name) ? undefined : args
}

/** NODE_OPTIONS of a process, empty if it has none; undefined if they cannot be read. */
async function nodeOptionsOf(pid: number): Promise<string | undefined> {
  const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => undefined)
  return env === undefined ? undefined : (/(?:^|\0)NODE_OPTIONS=([^\0]*)/.exec(env)?.[1] ?? '')
}

/** Do all addresses of a host belong to this machine alone? Not those of an unknown name. */
async function isLoopback(host: string): Promise<boolean> {
  const found = await lookup(host, { all: true }).catch(() => [])
  return found.length > 0 && found.every(({ address }) => LOOPBACK.test(address))
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/i

/** The inspector that a process has open, on a port that is an inspector's by default or by its arguments. */
export async function openInspector(pid: number): Promise<Listed | undefined> {
  return (await firstInspector(await likelyPorts(pid, await listeningPorts(pid))))?.target
}

/** The ports that a process listens on. */
export async function portsOf(pid: number): Promise<ReadonlySet<number>> {
  return new Set((await listeningPorts(pid)).map(({ port }) => port))
}

/** The Node process of this machine that listens on a port; undefined if there is none, or not on Linux. */
export async function nodeOnPort(port: number): Promise<number | undefined> {
  const names = await readdir('/proc').catch(() => [])
  for (const pid of names.filter(name => /^\d+$/.test(name)).map(Number)) {
    if (!(await isNodeProcess(pid))) continue
    if ((await listeningPorts(pid)).some(address => address.port === port)) return pid
  }
  return undefined
}

/** Is there a process of that id that runs Node? Known on Linux only. */
export async function isNodeProcess(pid: number): Promise<boolean> {
  return NODE_NAME.test(await programOf(pid))
}

/** The name of a process's program; empty if it is unknown. */
async function programOf(pid: number): Promise<string> {
  const exe = await readlink(`/proc/${pid}/exe`).catch(() => '')
  return exe.replace(/.*\//, '').replace(/ \(deleted\)$/, '')
}

const NODE_NAME = /node|electron/i

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

async function firstInspector(
  addresses: readonly Address[],
): Promise<{ target: Listed; isPublic: boolean } | undefined> {
  for (const { host, port, isPublic } of addresses) {
    const [target] = await listTargets(host, port, 1000).catch(() => [])
    if (target) return { target, isPublic }
  }
  return undefined
}

async function checkProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') {
      const { why, hint } = await whyNotOurs(pid)
      throw new TargetError(`no permission for process ${pid}: ${why}`, { hint })
    }
    throw new TargetError(`there is no process ${pid}`, { hint: await containerHint(pid) })
  }
  if (process.platform !== 'linux') return
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State: Z')
  if (/^State:\s*[ZX]/m.test(status)) throw new TargetError(`process ${pid} has ended`)
  const name = await programOf(pid)
  if (name !== '' && !NODE_NAME.test(name)) {
    if (await isElectronApp(await readlink(`/proc/${pid}/exe`).catch(() => ''))) {
      throw new TargetError(`process ${pid} is ${name}, an Electron app, and not known to survive SIGUSR1`, {
        hint: 'start it with --inspect=9229 for its main process, or --remote-debugging-port=9222 for its windows',
      })
    }
    throw new TargetError(`process ${pid} is ${name}, not Node: SIGUSR1 would kill it`, {
      hint: await containerHint(pid),
    })
  }
  const [ours, theirs] = await Promise.all(
    ['self', pid].map(id => readlink(`/proc/${id}/ns/net`).catch(() => '')),
  )
  if (ours !== theirs && ours !== '' && theirs !== '') {
    throw new TargetError(`process ${pid} is in another network namespace`, {
      hint: `use nsenter -t ${pid} -n tracemalloc attach pid:${pid}, or attach inside the container`,
    })
  }
}

/** That a container has a process of this id, if one has. */
async function containerHint(pid: number): Promise<string | undefined> {
  const here = await inContainer(pid)
  return here === undefined
    ? undefined
    : `process ${pid} of a container is process ${here} here: attach pid:${here}`
}

/** SIGUSR1 ends a process that does not catch it: one that is starting, or runs with --disable-sigusr1. */
async function checkSignal(pid: number): Promise<void> {
  if (process.platform !== 'linux') return
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  if ((caught & SIGUSR1_BIT) === 0n) {
    const { why, hint } = whyDeaf((await argumentsOf(pid)) ?? [], (await nodeOptionsOf(pid)) ?? '')
    throw new TargetError(`process ${pid} does not handle SIGUSR1, which would kill it: ${why}`, {
      hint: (await containerHint(pid)) ?? hint,
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
  if (other.length > 0) return `port ${DEFAULT_PORT} is used by ${other[0].title}`
  return `it handles the signal itself, or its port (by default ${DEFAULT_PORT}) is in use`
}

interface Address {
  host: string
  port: number
  isPublic: boolean
}

async function listeningPorts(pid: number): Promise<Address[]> {
  if (process.platform === 'linux') return linuxPorts(pid)
  if (process.platform === 'win32') return [{ host: '127.0.0.1', port: 9229, isPublic: false }]
  const { stdout } = await promisify(execFile)('lsof', [
    '-nP',
    '-a',
    '-p',
    `${pid}`,
    '-iTCP',
    '-sTCP:LISTEN',
    '-Fn',
  ]).catch(() => ({ stdout: '' }))
  return [...stdout.matchAll(/^n(.*):(\d+)$/gm)].map(([, address, port]) => ({
    host: '127.0.0.1',
    port: Number(port),
    isPublic: !LOOPBACK.test(address.replace(/[[\]]/g, '')),
  }))
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
    addresses.push({
      host: hostOf(address),
      port: Number.parseInt(port, 16),
      isPublic: !LOCAL.test(address),
    })
  }
  return addresses
}

/** 127.x.x.x, ::1 and ::ffff:127.x.x.x in the notation of /proc/net/tcp. */
const LOCAL = /^(.{6}7F|0{24}01000000|0{16}FFFF0000.{6}7F)$/i

/** Converts an address of /proc/net/tcp, with 32-bit words in machine order, to one to connect to. */
function hostOf(hex: string): string {
  if (/^0+$/.test(hex)) return '127.0.0.1' // listens on every address
  if (hex.length === 8) return Buffer.from(hex, 'hex').reverse().join('.')
  return hex.endsWith('01000000') ? '[::1]' : '127.0.0.1'
}
