// Lists what can be attached to.
import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type Listed, listTargets } from './http.ts'
import { type Repair, repair } from './lease/lease.ts'
import { forget, notesOf } from './lease/notes.ts'
import { openInspector } from './node-process.ts'
import { nodeTarget } from './target.ts'
import { connect } from './websocket.ts'

/** Something to attach to. */
export interface Candidate {
  /** The argument for `attach`. */
  target: string
  /** A process of this machine. */
  pid?: number
  /** `node`, `chrome`, `deno`. */
  runtime: string
  title: string
  /** URL of its inspector, if one is open. */
  url?: string
}

/** How long an inspector may take to list its targets, in ms. */
const LIST_TIME = 1000

/** The targets of an inspector. Throws TargetError if none answers. */
export async function candidatesAt(host: string, port: number): Promise<Candidate[]> {
  return (await listTargets(host, port)).map(target => listed(target, host, port))
}

function listed(target: Listed, host: string, port: number): Candidate {
  return {
    target: `${host}:${port}`,
    runtime: target.type,
    title: target.title || target.url,
    url: target.webSocketDebuggerUrl,
  }
}

/** Node, Chrome and Deno processes of this machine that can be attached to, except this one. */
export async function candidatesHere(): Promise<Candidate[]> {
  const found: Candidate[] = []
  for (const { pid, name, command } of await processes()) {
    const runtime = /^(node|deno|chrome|chromium|electron)/i.exec(name)?.[1].toLowerCase()
    if (!runtime || pid === process.pid) continue
    if (runtime === 'node' || runtime === 'electron') {
      const open = await openInspector(pid)
      const port = open && new URL(open.webSocketDebuggerUrl).port
      found.push({
        target: `pid:${pid}`,
        pid,
        runtime: port ? `${runtime}, port ${port}` : runtime,
        title: command,
        url: open?.webSocketDebuggerUrl,
      })
    } else {
      const port = Number(
        /--(?:remote-debugging-port|inspect[a-z-]*)=(?:[^\s=]*:)?(\d+)/.exec(command)?.[1] ?? 0,
      )
      if (port === 0) continue
      const targets = await listTargets('127.0.0.1', port, LIST_TIME).catch(() => [])
      found.push(...targets.map(target => listed(target, '127.0.0.1', port)))
    }
  }
  return found.filter((one, i) => found.findIndex(other => isSame(one, other)) === i)
}

/**
 * Undoes what departed clients left in a target, such as one that was killed while the program looped, and
 * reports the outcome. We leave nothing in a browser, and without an inspector nothing is left.
 */
export async function repairCandidate({ pid, runtime, url }: Candidate): Promise<string> {
  if (url === undefined || !/^(node|deno|electron)/.test(runtime)) return 'nothing to repair'
  try {
    if (pid !== undefined) {
      const notes = await notesOf(pid)
      if (notes.length > 0) return await closeNoted(pid, url, notes)
    }
    const connection = await connect(url)
    try {
      return await repair(connection)
    } finally {
      await connection.close()
    }
  } catch (error) {
    return `cannot be repaired: ${(error as Error).message}`
  }
}

/** Closes an inspector that was opened for a client who was killed before it could leave a keeper. */
async function closeNoted(pid: number, url: string, notes: readonly string[]): Promise<Repair> {
  await (await nodeTarget(await connect(url), `process ${pid}`, true)).close()
  await forget(notes)
  return (await openInspector(pid)) ? 'in use' : 'repaired' // a client that is attached closes it at its end
}

function isSame(a: Candidate, b: Candidate): boolean {
  return a.target === b.target && a.title === b.title
}

interface Process {
  pid: number
  name: string
  command: string
}

async function processes(): Promise<Process[]> {
  if (process.platform !== 'linux') return psProcesses()
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const all = pids.map(async pid => {
    const [exe, command] = await Promise.all([
      readlink(`/proc/${pid}/exe`).catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    ])
    return { pid: Number(pid), name: baseName(exe), command: command.replaceAll('\0', ' ').trim() }
  })
  return Promise.all(all)
}

async function psProcesses(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,args=']).catch(() => ({ stdout: '' }))
  return [...stdout.matchAll(/^\s*(\d+)\s+(\S+)(.*)$/gm)].map(([, pid, file, rest]) => ({
    pid: Number(pid),
    name: baseName(file),
    command: `${file}${rest}`,
  }))
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
