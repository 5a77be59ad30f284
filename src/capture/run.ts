import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { asFileError, systemReason, TargetError, TracemallocError } from '../errors.ts'
import { dumpSnapshots, loadFile } from '../formats/files.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { DUMP, filePrefix, makeFolder } from './series/names.ts'
import { finishAll, withIsolate } from './series/store.ts'
import { type Settings, settingsToEnv } from './v8/settings.ts'

export interface RunOptions extends Omit<Settings, 'dir'> {
  /** Is told of every file of a series. */
  onRead(read: { path: string; snapshot: Snapshot }): void
  /** Is told what a user should know. */
  say(line: string): void
  /** Further arguments for `node`. */
  nodeOptions: readonly string[]
  /** Seconds until the program is ended with SIGTERM; it ends by itself when absent. */
  duration?: number
  /** Folder for the files; the working directory when absent. */
  out?: string
  /** The one file to write, instead. */
  output?: string
}

/** How the program ended. */
export interface Ended {
  /** Was it ended because its time was over? */
  timeOver: boolean
  code: number | null
  signal: NodeJS.Signals | null
  /** Files written, in the order of their names. */
  files: string[]
  /** The last snapshot of the main thread. */
  last?: Snapshot
}

/** Milliseconds between looks for new files of a series. */
const LOOK_TIME = 200

/** Signals that are for the program: handed on, and survived until it has ended. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
/** Signals that a terminal sends to the program itself as well. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP']

/**
 * Runs a Node program traced from its first line and waits for its end. Its streams and its exit status are its own.
 * Throws FileError where no files can be written, and TargetError where the program cannot be started.
 */
export async function run(command: readonly string[], options: RunOptions): Promise<Ended> {
  const { output } = options
  makeFolder(output === undefined ? resolve(options.out ?? '.') : dirname(resolve(output)))
  const spool = output === undefined ? undefined : await hiddenFolder(dirname(resolve(output)))
  const dir = spool ?? resolve(options.out ?? '.')
  try {
    const known = new Set(await readdir(dir))
    const child = start(command, options, dir)
    const prefix = options.children ? 'tracemalloc.' : filePrefix(String(child.pid), 'main')
    const isNew = (name: string) => name.startsWith(prefix) && name.endsWith(DUMP) && !known.has(name)
    const stop = options.every === undefined ? undefined : follow(dir, isNew, options)
    const end = await ended(child, options.duration)
    await stop?.()
    try {
      // What a process that died, or a thread of it, could only leave raw.
      await finishAll(dir, prefix, options.say, name => !known.has(name))
      const files = (await readdir(dir)).filter(isNew).sort()
      const last = files.filter(name => isOfMain(name, child.pid)).at(-1)
      const snapshot = last === undefined ? undefined : (await loadFile(join(dir, last))).snapshots[0]
      const paths =
        output === undefined ? files.map(name => join(dir, name)) : await moveTo(output, dir, files)
      return { ...end, files: paths, last: snapshot }
    } catch (error) {
      if (!(error instanceof TracemallocError || systemReason(error))) throw error
      // The program's own status counts, whatever became of its files.
      const kept = spool === undefined ? '' : await rescue(spool, options.say)
      options.say(`${(asFileError(`finish the files in ${dir}`, error) as Error).message}${kept}`)
      return { ...end, files: [] }
    }
  } finally {
    if (spool) await rm(spool, { recursive: true, force: true }).catch(() => {}) // an empty folder, at worst
  }
}

async function hiddenFolder(beside: string): Promise<string> {
  try {
    return await mkdtemp(join(beside, '.tracemalloc-'))
  } catch (error) {
    throw asFileError(`write into ${beside}`, error)
  }
}

/** Moves what is whole in the hidden folder beside it, so that it outlives the folder. */
async function rescue(spool: string, say: (line: string) => void): Promise<string> {
  const names = (await readdir(spool).catch(() => [])).filter(name => !name.startsWith('.'))
  const saved: string[] = []
  for (const name of names) {
    const path = join(dirname(spool), name)
    await rename(join(spool, name), path).then(
      () => saved.push(path),
      error => say(`${name} is lost: ${(asFileError(`move it to ${path}`, error) as Error).message}`),
    )
  }
  return saved.length > 0 ? `; kept: ${saved.join(', ')}` : ''
}

function start(command: readonly string[], options: RunOptions, dir: string): ChildProcess {
  const register = ['--import', registerUrl()]
  const env: NodeJS.ProcessEnv = { ...process.env, ...settingsToEnv({ ...options, dir }) }
  if (options.children) env.NODE_OPTIONS = [process.env.NODE_OPTIONS, ...register].filter(Boolean).join(' ')
  const own = options.children ? options.nodeOptions : [...register, ...options.nodeOptions]
  return spawn(process.execPath, [...own, ...command], { stdio: 'inherit', env })
}

/** Tells of every file of a series as it appears; returns the function that ends it. */
function follow(
  dir: string,
  isNew: (name: string) => boolean,
  { onRead, say }: RunOptions,
): () => Promise<void> {
  const told = new Set<string>()
  const look = async () => {
    for (const name of (await readdir(dir)).filter(name => isNew(name) && !told.has(name)).sort()) {
      told.add(name)
      const { snapshots } = await loadFile(join(dir, name))
      onRead({ path: join(dir, name), snapshot: snapshots[0] })
    }
  }
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(look).catch(error => say(error.message))
  }, LOOK_TIME)
  return async () => {
    clearInterval(timer)
    await last
    await look().catch(error => say(error.message))
  }
}

/** Writes the last snapshot of every isolate to the file that was asked for, the isolate in its name. */
async function moveTo(output: string, dir: string, files: readonly string[]): Promise<string[]> {
  const lasts = new Map<string, string>()
  for (const name of files) lasts.set(name.replace(/\.\d{10}\..*/, ''), name)
  const paths: string[] = []
  for (const [stem, name] of lasts) {
    const { snapshots } = await loadFile(join(dir, name))
    const isPeak = name.endsWith(`.peak${DUMP}`)
    const isolate = isPeak ? 'peak' : (snapshots[0].meta.isolate ?? 'main')
    const isFirst = !isPeak && isolate === 'main' && !paths.includes(output)
    const path = isFirst
      ? output
      : withIsolate(output, isolate === 'main' ? stem.slice('tracemalloc.'.length) : isolate)
    await dumpSnapshots(snapshots, path)
    paths.push(path)
  }
  return paths
}

/** What a traced process loads first. */
function registerUrl(): string {
  return new URL(`../register${import.meta.url.slice(-3)}`, import.meta.url).href
}

/** Waits for the program, handing signals on; ends it after `duration` seconds. */
async function ended(
  child: ChildProcess,
  duration: number | undefined,
): Promise<Pick<Ended, 'code' | 'signal' | 'timeOver'>> {
  const forward = (signal: NodeJS.Signals) => {
    if (!(process.stdin.isTTY && FROM_TERMINAL.includes(signal))) child.kill(signal)
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  let timeOver = false
  const end = () => {
    timeOver = child.kill('SIGTERM')
  }
  const timer = duration === undefined ? undefined : setTimeout(end, duration * 1000)
  try {
    return await new Promise((fulfil, reject) => {
      child.on('error', error => reject(new TargetError(`cannot start node: ${error.message}`)))
      child.on('exit', (code, signal) => fulfil({ code, signal, timeOver }))
    })
  } finally {
    clearTimeout(timer)
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}

/** Is it a numbered file of the main thread of that process? */
function isOfMain(name: string, pid: number | undefined): boolean {
  return (
    /^\d{10}\./.test(name.slice(filePrefix(String(pid), 'main').length)) &&
    name.startsWith(`tracemalloc.${pid}.`)
  )
}
