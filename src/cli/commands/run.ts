import { type Command, Option } from 'commander'
import type { Mode } from '../../capture/v8/settings.ts'
import { UsageError } from '../../errors.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { addCapture, seconds } from '../capture-options.ts'

const EXAMPLE = `
Example: tracemalloc run --every 2 --out /tmp/leak samples/programs/leak.js 6`

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
  children?: boolean
  nodeOptions: string[]
}

export function register(program: Command): void {
  program.enablePositionalOptions()
  addCapture(program.command('run'))
    .description(
      'run a Node program traced from its first line; writes a snapshot at its end, on signals, and every so often',
    )
    .argument('<script>', 'the program')
    .argument('[args...]', 'its own arguments')
    .passThroughOptions()
    .option('--duration <seconds>', 'end the program with SIGTERM after so long', seconds)
    .option('--no-stable-frames', 'let V8 inline functions and fold allocations')
    .option('--peak', 'keep the snapshot of the highest heap seen')
    .option('--children', 'trace child processes that run Node too')
    .addOption(
      new Option('--node-options <options>', "options for node itself, such as '--import tsx'")
        .argParser(words)
        .default([], 'none'),
    )
    .option('--buffers', 'sample ArrayBuffers and Buffers too, by the line that calls')
    .option('--no-workers', 'leave worker threads alone')
    .addHelpText('after', EXAMPLE)
    .action(run)
}

const words = (text: string) => text.split(/\s+/).filter(Boolean)

async function run(script: string, args: string[], options: Options): Promise<void> {
  const [{ run }, { sampling }, { Steady }, { say }, { formatSize }] = await Promise.all([
    import('../../capture/run.ts'),
    import('../../capture/v8/settings.ts'),
    import('../series-log.ts'),
    import('../capture-options.ts'),
    import('../../text/units.ts'),
  ])
  if (options.output !== undefined && options.every !== undefined) {
    throw new UsageError('a series needs a folder: --out DIR instead of -o')
  }
  const steady = new Steady()
  const show = (snapshot: Snapshot) => {
    for (const line of steady.lines({ snapshot })) process.stderr.write(`${line}\n`)
  }
  const { code, signal, timeOver, files, last } = await run([script, ...args], {
    ...options,
    ...sampling(options),
    peak: options.peak === true,
    children: options.children === true,
    buffers: options.buffers === true,
    onRead: ({ path, snapshot }) => {
      show(snapshot)
      say(`wrote ${path}`)
    },
    say,
  })
  if (options.every === undefined) {
    if (last) show(last)
    for (const file of files) say(`wrote ${file}`)
  }
  const died = signal ?? (code === ABORTED ? 'SIGABRT' : undefined)
  if (died !== undefined && died !== 'SIGINT' && died !== 'SIGTERM') {
    say(
      `the program died of ${died}; ${files.length ? `the last whole file is ${files.at(-1)}` : 'no file was written'}`,
    )
  }
  const { heapPeak = 0 } = last?.meta.memory ?? {}
  if (last && heapPeak > MUCH && last.total.size < heapPeak / 4) {
    const alive = formatSize(last.total.size)
    say(`only ${alive} is alive at the end; the heap had been ${formatSize(heapPeak)}: try --peak or --every`)
  }
  if (timeOver && signal === 'SIGTERM') return // as asked for
  if (signal) process.kill(process.pid, signal)
  process.exitCode = code ?? 1
}

/** Exit status of a shell for a program that aborted. */
const ABORTED = 134
/** A heap of so many bytes is large enough to wonder where it went. */
const MUCH = 32 << 20
