// Why a process of this machine cannot be opened: what /proc shows. On Linux only.
import { readdir, readFile, readlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Why, and what to do; in two parts for one line. */
export interface Reason {
  why: string
  hint?: string
}

/** Why a process does not handle the signal that opens inspectors, by the options it was started with. */
export function whyDeaf(args: readonly string[], nodeOptions: string): Reason {
  const given = [...args, ...nodeOptions.split(/\s+/)]
  const find = (pattern: RegExp) => given.find(arg => pattern.test(arg))
  const from = (option: string) => (args.includes(option) ? option : `${option} in NODE_OPTIONS`)
  const silent = find(/^--disable-sigusr1$/)
  if (silent) {
    return {
      why: `it was started with ${from(silent)}`,
      hint: 'start it with --inspect, or trace it from its start with tracemalloc run',
    }
  }
  const permission = find(/^--(experimental-)?permission$/)
  if (permission && !find(/^--allow-inspector$/)) {
    return {
      why: `it runs under the permission model (${from(permission)}), which forbids the inspector`,
      hint: 'start it with --allow-inspector, too: Node 24 and newer have it',
    }
  }
  return {
    why: 'it is still starting, or handles no such signal',
    hint: 'try again, or start it with --inspect',
  }
}

/** Whom a process belongs to that we may not signal, and how to be that user. */
export async function whyNotOurs(pid: number): Promise<Reason> {
  const uid = /^Uid:\s*(\d+)/m.exec(await text(`/proc/${pid}/status`))?.[1]
  if (uid === undefined) return { why: 'it belongs to another user', hint: 'attach as that user' }
  const users = await text('/etc/passwd')
  const user = users
    .split('\n')
    .find(line => line.split(':')[2] === uid)
    ?.split(':')[0]
  const name = user ?? `#${uid}`
  return {
    why: `it belongs to ${user ?? `the user with the id ${uid}`}`,
    hint: `attach as that user: sudo -u ${name} tracemalloc attach pid:${pid}`,
  }
}

/** The process of a container that has this id there, and another one here; undefined if there is none. */
export async function inContainer(pid: number): Promise<number | undefined> {
  const names = await readdir('/proc').catch(() => [])
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue
    const ids = /^NSpid:\s*(.*)$/m.exec(await text(`/proc/${name}/status`))?.[1].split(/\s+/) ?? []
    if (ids.length > 1 && Number(ids.at(-1)) === pid && (await isNode(name))) return Number(name)
  }
  return undefined
}

async function isNode(id: string): Promise<boolean> {
  return /node/i.test((await readlink(`/proc/${id}/exe`).catch(() => '')).replace(/.*\//, ''))
}

/** Is a program an Electron app, by the files beside it? */
export async function isElectronApp(program: string): Promise<boolean> {
  const beside: string[] = await readdir(dirname(program)).catch(() => [])
  if (!beside.includes('resources')) return false
  const resources: string[] = await readdir(join(dirname(program), 'resources')).catch(() => [])
  return resources.some(name => /^(app|electron|default_app)(\.asar)?$/.test(name))
}

async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
