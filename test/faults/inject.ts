// Runs our command with one system call that fails, by a library that is loaded into it (shim.c).
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../support/cli.ts'

/** A call that writes or talks to a server, as the shim names it. */
export interface Call {
  name: string
  about: string
}

/** What fails: the call with this number, from 1, and how. */
export interface Fault {
  at: number
  kind: string
}

export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  calls: Call[]
}

/** How each call can fail, the most likely first. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  open: ['EACCES', 'ENOSPC', 'EMFILE', 'EROFS', 'kill'],
  mkdir: ['EACCES', 'ENOSPC', 'EROFS', 'kill'],
  write: ['ENOSPC', 'EIO', 'short', 'kill'],
  fsync: ['EIO', 'ENOSPC', 'kill'],
  fdatasync: ['EIO', 'kill'],
  ftruncate64: ['EIO', 'kill'],
  rename: ['EACCES', 'EIO', 'kill'],
  link: ['EACCES', 'EIO', 'EPERM', 'kill'],
  symlink: ['EACCES', 'kill'],
  unlink: ['EACCES', 'EIO', 'kill'],
  rmdir: ['EACCES', 'kill'],
  chmod: ['EPERM', 'kill'],
  fchmod: ['EPERM', 'kill'],
  connect: ['ECONNREFUSED', 'EMFILE', 'ETIMEDOUT', 'kill'],
  send: ['ECONNRESET', 'EPIPE', 'short', 'kill'],
  receive: ['ECONNRESET', 'end', 'kill'],
}

/** The shim, compiled into a folder of its own; the folder and the function that removes it. */
export function buildShim(): { library: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-shim-'))
  const library = join(folder, 'shim.so')
  const source = join(import.meta.dirname, 'shim.c')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'])
  return { library, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Runs `tracemalloc ARGS` in a folder, counts its calls, and lets one fail. `stdout: 'file'` sends its output to `folder/stdout`. */
export async function inject(
  library: string,
  folder: string,
  args: readonly string[],
  fault: Fault | undefined,
  redirected = false,
): Promise<Outcome> {
  const own = mkdtempSync(join(tmpdir(), 'tracemalloc-fault-'))
  const log = join(own, 'log')
  const env = {
    ...process.env,
    LD_PRELOAD: library,
    UV_USE_IO_URING: '0', // whose writes are no calls
    XDG_STATE_HOME: join(folder, 'state'),
    FAULT_UNDER: realpathSync(folder),
    FAULT_LOG: log,
    FAULT_COUNTER: join(own, 'counter'),
    FAULT_AT: `${fault?.at ?? 0}`,
    FAULT_KIND: fault?.kind ?? '',
  }
  const output = redirected ? openSync(join(folder, 'stdout'), 'w') : 'pipe'
  const child = spawn(process.execPath, [main, ...args], {
    env,
    cwd: folder,
    detached: true,
    stdio: ['ignore', output, 'pipe'],
  })
  if (typeof output === 'number') closeSync(output)
  const outcome: Outcome = { code: null, signal: null, stdout: '', stderr: '', calls: [] }
  child.stdout?.setEncoding('utf8').on('data', text => {
    outcome.stdout += text
  })
  child.stderr!.setEncoding('utf8').on('data', text => {
    outcome.stderr += text
  })
  ;[outcome.code, outcome.signal] = await once(child, 'close')
  try {
    process.kill(-child.pid!, 'SIGKILL') // what a killed `run` has left running
  } catch {}
  if (existsSync(log)) {
    outcome.calls = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => ({ name: line.slice(0, line.indexOf(' ')), about: line.slice(line.indexOf(' ') + 1) }))
  }
  rmSync(own, { recursive: true })
  return outcome
}

/** Every fault of every call. */
export function allFaults(calls: readonly Call[]): Fault[] {
  return calls.flatMap(({ name }, i) => KINDS[name].map(kind => ({ at: i + 1, kind })))
}

/** A few that stand for all: the first and the last call of each name, each kind once between them. */
export function someFaults(calls: readonly Call[]): Fault[] {
  const faults: Fault[] = []
  for (const name of new Set(calls.map(call => call.name))) {
    const [first, last] = [
      calls.findIndex(call => call.name === name),
      calls.findLastIndex(call => call.name === name),
    ]
    KINDS[name].forEach((kind, i) => {
      if (i < 2 || kind === 'short' || kind === 'kill')
        faults.push({ at: (i % 2 === 0 ? first : last) + 1, kind })
    })
  }
  return faults
}
