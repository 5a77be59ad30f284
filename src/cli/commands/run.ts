// `run`: starts a Node program and traces it from its first line.
import { constants } from 'node:os'
import { type Command, Option } from 'commander'
import type { Mode } from '../../capture/v8/settings.ts'
import { UsageError } from '../../errors.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { visible } from '../../text/escape.ts'
import { addCapture, checkCapture, seconds } from '../capture-options.ts'

const EXAMPLE = `
Snapshots are also written on SIGUSR2, before the heap is full and at the
intervals of --every. Options come before the script, its own arguments after.

Example: tracemalloc run --every 60 --out snapshots server.js`

interface Options {
  output?: string
  out?: string
  every?: number
  count?: number
  duration?: number
  interval?: number
  nframe: number
  mode: Mode
  stableFrames: boolean
  peak?: boolean
  workers: boolean
  buffers?: boolean
  lines?: string | false
  children?: boolean
  nodeOptions: string[]
}

export function register(program: Command): void {
  program.enablePositionalOptions()
  addCapture(program.command('run'))
    .description('run a Node program with tracing; writes a snapshot at its end')
    .argument('<script>', 'the program to run')
    .argument('[args...]', 'arguments of the program')
    .passThroughOptions()
    .option('--duration <seconds>', 'end the program with SIGTERM after this time', seconds)
    .option('--no-stable-frames', 'let V8 inline functions: faster, but memory may show at a caller')
    .option('--lines [files]', LINES)
    .option('--no-lines', 'measure functions only, without rewriting any file')
    .option('--peak', 'also keep a snapshot of the largest heap')
    .option('--children', 'also trace child processes that run Node')
    .addOption(
      new Option('--node-options <options>', "options for Node itself, such as '--import tsx'")
        .argParser(words)
        .default([], 'none'),
    )
    .option('--buffers', 'also sample ArrayBuffers and Buffers')
    .option('--no-workers', 'do not trace worker threads')
    .addHelpText('after', EXAMPLE)
    .action(run)
}

const LINES =
  "measure lines, not only functions: own (default: the program's files), all (node_modules too), auto (what held most the last time), or a pattern"

const words = (text: string) => text.split(/\s+/).filter(Boolean)

async function run(script: string, args: string[], options: Options): Promise<void> {
  const [{ run }, { NO_LINES }, { samplerSettings }, { Steady }, { say, showLines }, { formatSize }] =
    await Promise.all([
      import('../../capture/run.ts'),
      import('../../capture/series/metadata.ts'),
      import('../../capture/v8/settings.ts'),
      import('../series-log.ts'),
      import('../say.ts'),
      import('../../text/units.ts'),
    ])
  checkCapture(options)
  if (options.output !== undefined && options.every !== undefined) {
    throw new UsageError('--every writes several files: use --out FOLDER instead of -o')
  }
  process.stderr.on('error', () => {}) // a closed pipe must not change the exit status
  const steady = new Steady()
  const show = (snapshot: Snapshot) => {
    showLines(steady.lines({ snapshot }))
  }
  const { code, signal, timeOver, files, lasts, untraced } = await run([script, ...args], {
    ...options,
    ...samplerSettings(options),
    peak: options.peak === true,
    children: options.children === true,
    buffers: options.buffers === true,
    lines: options.lines || undefined,
    onRead: ({ path, snapshot }) => {
      show(snapshot)
      say(`wrote ${path}`)
    },
    say,
  })
  if (options.every === undefined) {
    for (const last of lasts) show(last)
    for (const file of files) say(`wrote ${file}`)
  }
  sayWhatLacksLines(lasts[0]?.meta.notes?.filter(note => note.startsWith(NO_LINES)) ?? [], say)
  const died = signal ?? (code === ABORTED ? 'SIGABRT' : undefined)
  if (died !== undefined && died !== 'SIGINT' && died !== 'SIGTERM') {
    say(
      `the program died of ${died}; ${files.length ? `the last whole file is ${files.at(-1)}` : `no file was written${died === 'SIGABRT' ? WHY_NONE : ''}`}`,
    )
  }
  const [last] = lasts
  if (untraced.length > 0 && (last?.total.size ?? 0) < LITTLE) {
    const some = `${visible(untraced[0])}${untraced.length > 1 ? ` and ${untraced.length - 1} more` : ''}`
    say(`Node also ran in child processes, untraced: ${some}; use --children to trace them`)
  }
  const { heapPeak = 0 } = last?.meta.memory ?? {}
  if (last && heapPeak > MUCH && last.total.size < heapPeak / 4) {
    const alive = formatSize(last.total.size)
    say(
      `only ${alive} is alive at the end, but the heap was up to ${formatSize(heapPeak)}: try --peak or --every`,
    )
  }
  if (timeOver && signal === 'SIGTERM') return // as asked for
  process.exitCode = code ?? 128 + constants.signals[signal!]
  // Ends as the program ended, for the shell. Not by SIGUSR1, which would open this process's inspector.
  if (signal && signal !== 'SIGUSR1') process.kill(process.pid, signal)
}

/** One line for all files of which only functions were measured. */
function sayWhatLacksLines(notes: readonly string[], say: (line: string) => void): void {
  if (notes.length > 0)
    say(notes.length > 1 ? `${notes[0]}; and ${notes.length - 1} more, see info` : notes[0])
}

/** Before Node 26, a native call that fills the heap leaves no time to take a snapshot. */
const WHY_NONE =
  Number.parseInt(process.versions.node, 10) < 26
    ? '; before Node 26 one native call, such as a huge JSON.parse, can fill the heap before anything is read'
    : ''

/** A program that held fewer bytes may have done its work in child processes. */
const LITTLE = 4 << 20

/** A shell's exit status for a program that aborted. */
const ABORTED = 134
/** If the heap peaked above this many bytes and little is left, a hint is printed. */
const MUCH = 32 << 20
