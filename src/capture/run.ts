import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { TargetError } from '../errors.ts'
import { dumpSnapshots, loadFile } from '../load.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { DUMP, RAW } from './files.ts'
import { type Settings, settingsToEnv } from './settings.ts'
import { makeFolder } from './store.ts'

export interface RunOptions extends Omit<Settings, 'dir'> {
  /** Further arguments for `node`. */
  nodeOptions: readonly string[]
  /** Folder for the files; the working directory when absent. */
  out?: string
  /** The one file to write, instead. */
  output?: string
}

/** How the program ended. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  /** Files written, in the order of their names. */
  files: string[]
  /** The last snapshot of the main isolate. */
  last?: Snapshot
}

/** Signals that are for the program: handed on, and survived until it has ended. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
/** Signals that a terminal sends to the program itself as well. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP']

/** Runs a Node program traced from its first line and waits for its end. Its streams and its exit status are its own. */
export async function run(command: readonly string[], options: RunOptions): Promise<Ended> {
  const spool = options.output
    ? await mkdtemp(join(dirname(resolve(options.output)), '.tracemalloc-'))
    : undefined
  const dir = spool ?? resolve(options.out ?? '.')
  makeFolder(dir)
  try {
    const register = ['--import', registerUrl()]
    const env: NodeJS.ProcessEnv = { ...process.env, ...settingsToEnv({ ...options, dir }) }
    if (options.children) env.NODE_OPTIONS = [process.env.NODE_OPTIONS, ...register].filter(Boolean).join(' ')
    const child = spawn(
      process.execPath,
      [...(options.children ? [] : register), ...options.nodeOptions, ...command],
      {
        stdio: 'inherit',
        env,
      },
    )
    const end = await ended(child)
    const files = await filesOf(dir, child.pid!)
    const main = files.filter(isOfMain(child.pid!)).at(-1)
    if (!main) return { ...end, files }
    const { snapshots } = await loadFile(main)
    if (!options.output) return { ...end, files, last: snapshots[0] }
    await dumpSnapshots(snapshots, options.output)
    return { ...end, files: [options.output], last: snapshots[0] }
  } finally {
    if (spool) await rm(spool, { recursive: true, force: true })
  }
}

/** What a traced process loads first. */
function registerUrl(): string {
  return new URL(`../register${import.meta.url.slice(-3)}`, import.meta.url).href
}

/** Waits for the program, handing signals on. */
async function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const forward = (signal: NodeJS.Signals) => {
    if (!(process.stdin.isTTY && FROM_TERMINAL.includes(signal))) child.kill(signal)
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  try {
    return await new Promise((fulfil, reject) => {
      child.on('error', error => reject(new TargetError(`cannot start node: ${error.message}`)))
      child.on('exit', (code, signal) => fulfil({ code, signal }))
    })
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}

async function filesOf(dir: string, pid: number): Promise<string[]> {
  const names = await readdir(dir)
  return names
    .filter(name => name.startsWith(`tracemalloc.${pid}.`) && (name.endsWith(DUMP) || name.endsWith(RAW)))
    .sort()
    .map(name => join(dir, name))
}

const isOfMain = (pid: number) => (path: string) =>
  /^\d{10}\./.test(basename(path).slice(`tracemalloc.${pid}.`.length))
