import { AsyncLocalStorage } from 'node:async_hooks'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { it as vitest } from 'vitest'
import { main, root } from './cli.ts'
import { nodeBinaries } from './node-binaries.ts'

/** The Node versions that are supported, by major version. */
export const NODES: readonly (readonly [major: string, binary: string])[] = [...nodeBinaries(root)]

/** The oldest and the newest of them. */
export const OLDEST = NODES[0][1]
export const NEWEST = NODES.at(-1)![1]

export const leak = join(root, 'samples/programs/leak.js')

/** A process of its own group, with what it has written. */
export interface Running {
  child: ChildProcess
  pid: number
  stdout: string
  stderr: string
  /** Resolves at its end. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Waits until it has written something; throws when it ends before. */
  says(what: RegExp): Promise<void>
}

/** What a test has started and made. */
interface Scope {
  groups: Set<number>
  folders: string[]
}

const scopes = new AsyncLocalStorage<Scope>()

/** `it` whose test ends with every process group that it started, and without its folders; tests may run side by side. */
export const it = Object.assign(
  (name: string, test: () => unknown, timeout?: number) => vitest(name, scoped(test), timeout),
  {
    each:
      <T>(table: readonly T[]) =>
      (name: string, test: (...row: T extends readonly unknown[] ? T : [T]) => unknown) =>
        vitest.each(table as readonly unknown[])(name, scoped(test as (...row: unknown[]) => unknown)),
  },
)

function scoped<A extends unknown[]>(test: (...row: A) => unknown): (...row: A) => Promise<void> {
  return (...row) => {
    const scope: Scope = { groups: new Set(), folders: [] }
    return scopes.run(scope, async () => {
      try {
        await test(...row)
      } finally {
        clear(scope)
      }
    })
  }
}

function clear({ groups, folders }: Scope): void {
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {} // it is over
  }
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
}

/** Starts a process that ends with its test, together with all its children. */
export function run(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Running {
  const child = spawn(file, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    detached: true, // leads a group
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pid = child.pid!
  scopes.getStore()!.groups.add(pid)
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const running: Running = {
    child,
    pid,
    stdout: '',
    stderr: '',
    ended,
    async says(what) {
      const seen = () => what.test(running.stdout) || what.test(running.stderr)
      let isOver = false
      void ended.then(() => {
        isOver = true
      })
      while (!seen()) {
        if (isOver) throw new Error(`ended without ${what}:\n${running.stdout}\n${running.stderr}`)
        await sleep(20)
      }
    },
  }
  child.stdout!.setEncoding('utf8').on('data', text => {
    running.stdout += text
  })
  child.stderr!.setEncoding('utf8').on('data', text => {
    running.stderr += text
  })
  return running
}

/** Runs our command under a Node. */
export function tool(args: readonly string[], node = OLDEST, env: NodeJS.ProcessEnv = {}): Running {
  return run(node, [main, ...args], { env })
}

/** Runs our command to its end. */
export async function toolEnds(args: readonly string[], node = OLDEST, env: NodeJS.ProcessEnv = {}) {
  const running = tool(args, node, env)
  return { ...(await running.ended), pid: running.pid, stdout: running.stdout, stderr: running.stderr }
}

/** A folder that goes with its test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tracemalloc-'))
  scopes.getStore()!.folders.push(path)
  return path
}

/** Names of the snapshot files in a folder. */
export function dumps(dir: string): string[] {
  return readdirSync(dir)
    .filter(name => name.endsWith('.pb.gz'))
    .sort()
}

/** Does nothing listen on the port? */
export function refuses(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}

/** Is the process there, and no zombie? */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Ports below those that the system hands out itself; processes that start one after the other begin far apart. */
let lastPort = 10_000 + ((process.pid * 101) % 22_000)

/** A port that nobody listens on, and that no other call gets. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = ++lastPort
    if (await refuses(port)) return port
  }
}
