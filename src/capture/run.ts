// Runs a program under tracing and collects the files that it writes.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { makeFolder } from '../bytes/disk.ts'
import { asFileError, systemReason, TargetError, TracemallocError } from '../errors.ts'
import { dumpSnapshots, loadFile } from '../formats/files.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { identityOf } from './agent/parent.ts'
import { rememberHot } from './hot-functions.ts'
import { saveLastWords } from './last-words.ts'
import { watchNodeChildren } from './node-children.ts'
import { checkProgram, missingPermissions, nodeWords } from './preflight.ts'
import { DUMP, filePrefix } from './series/names.ts'
import { finishAll, withIsolate } from './series/store.ts'
import { type Settings, settingsToEnv } from './v8/settings.ts'

export interface RunOptions extends Omit<Settings, 'dir' | 'parent'> {
  /** Called for every file of a series. */
  onRead(read: { path: string; snapshot: Snapshot }): void
  /** Called with what the user should know. */
  say(line: string): void
  /** Further arguments for `node`. */
  nodeOptions: readonly string[]
  /** Seconds after which the program is ended with SIGTERM; if absent, it ends by itself. */
  duration?: number
  /** Folder for the files; if absent, the working directory. */
  out?: string
  /** A single file to write instead. */
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
  /** The last snapshot of every thread, the main one first. */
  lasts: Snapshot[]
  /** Command lines of child processes that ran Node untraced. */
  untraced: string[]
}

/** Milliseconds between looks for new files of a series. */
const LOOK_TIME = 200

/** Signals meant for the program: forwarded, and survived until it has ended. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
/** Signals that a terminal also sends to the program itself. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP']

/**
 * Runs a Node program traced from its first line and waits for its end. Its streams and exit status are its
 * own. Throws FileError if there is no such program or no files can be written, and TargetError if the
 * program cannot be started.
 */
export async function run(command: readonly string[], options: RunOptions): Promise<Ended> {
  const { output, say } = options
  const words = nodeWords(options.nodeOptions)
  checkProgram(command[0], words)
  makeFolder(output === undefined ? resolve(options.out ?? '.') : dirname(resolve(output)))
  const spool = output === undefined ? undefined : await hiddenFolder(dirname(resolve(output)))
  const dir = spool ?? resolve(options.out ?? '.')
  try {
    const known = new Set(await readdir(dir))
    const missing = missingPermissions(words, dir)
    if (missing !== undefined) say(`the program runs untraced under Node's permission model: ${missing}`)
    const child = start(command, options, missing === undefined ? dir : undefined)
    const prefix = options.children ? 'tracemalloc.' : filePrefix(String(child.pid), 'main')
    const isNew = (name: string) => name.startsWith(prefix) && name.endsWith(DUMP) && !known.has(name)
    const stop = options.every === undefined ? undefined : follow(dir, isNew, options)
    const nodeChildren = watchNodeChildren(options.children ? undefined : child.pid)
    const exit = await ended(child, options.duration)
    const end = { ...exit, untraced: nodeChildren() }
    await stop?.()
    try {
      if (end.signal === 'SIGABRT') await saveLastWords('.', dir, child.pid!, options)
      // Converts what a process that died, or one of its threads, could only save raw.
      await finishAll(dir, prefix, options.say, name => !known.has(name))
      const files = (await readdir(dir)).filter(isNew).sort()
      const lasts: Snapshot[] = []
      for (const name of lastOfEach(files, child.pid))
        lasts.push((await loadFile(join(dir, name))).snapshots[0])
      if (lasts[0] && (options.lines === undefined || options.lines === 'auto'))
        rememberHot(resolve(command[0]), lasts[0])
      const paths =
        output === undefined ? files.map(name => join(dir, name)) : await moveTo(output, dir, files)
      return { ...end, files: paths, lasts }
    } catch (error) {
      // The program's own status counts, whatever happened to its files.
      const isGone = spool === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (isGone) return { ...end, files: [], lasts: [] } // the program's own watcher has reported it
      const kept = spool === undefined ? '' : await rescue(spool, options.say)
      const isOurs = !(error instanceof TracemallocError || systemReason(error))
      const { message } = asFileError(`finish the files in ${dir}`, error) as Error
      say(`${isOurs ? 'internal error: ' : ''}${message}${kept}`)
      return { ...end, files: [], lasts: [] }
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

/** Moves complete files out of the hidden folder to beside it, so that they outlive it. */
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

/** Starts the program; without a folder it is not traced. */
function start(command: readonly string[], options: RunOptions, dir: string | undefined): ChildProcess {
  if (dir === undefined)
    return spawn(process.execPath, [...options.nodeOptions, ...command], { stdio: 'inherit' })
  const register = ['--import', registerUrl()]
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...settingsToEnv({ ...options, dir, parent: identityOf(process.pid) }),
  }
  if (options.children) env.NODE_OPTIONS = [process.env.NODE_OPTIONS, ...register].filter(Boolean).join(' ')
  const own = options.children ? options.nodeOptions : [...register, ...options.nodeOptions]
  return spawn(process.execPath, [...own, ...command], { stdio: 'inherit', env })
}

/** Calls `onRead` for every file of a series as it appears; returns the function that ends this. */
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
  let said: string | undefined
  const tell = ({ message }: Error) => {
    if (said !== message) say((said = message)) // once, not at every look
  }
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(look).catch(tell)
  }, LOOK_TIME)
  return async () => {
    clearInterval(timer)
    await last
    await look().catch(tell)
  }
}

/** Writes the last snapshot of every isolate to the requested file, the isolate's name inserted. */
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

/** URL of the module that a traced process loads first. */
function registerUrl(): string {
  return new URL(`../register${import.meta.url.slice(-3)}`, import.meta.url).href
}

/** Waits for the program, forwarding signals; ends it after `duration` seconds. */
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
      child.on('error', error => reject(new TargetError(`cannot start Node: ${error.message}`)))
      child.on('exit', (code, signal) => fulfil({ code, signal, timeOver }))
    })
  } finally {
    clearTimeout(timer)
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}

/** The last numbered file of every thread of that process, the main one first. */
function lastOfEach(files: readonly string[], pid: number | undefined): string[] {
  const prefix = filePrefix(String(pid), 'main')
  const lasts = new Map<string, string>()
  for (const name of files) {
    const thread = name.startsWith(prefix) && /^(.*?)\d{10}\./.exec(name.slice(prefix.length))
    if (thread) lasts.set(thread[1], name)
  }
  return [...lasts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).map(([, name]) => name)
}
