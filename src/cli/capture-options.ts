// The options of commands that capture, and what Ctrl-C does to them.
import { constants } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { DEFAULT_INTERVAL, LONGEST_TIME, MAX_NFRAME, MODES } from '../capture/v8/settings.ts'
import { UsageError } from '../errors.ts'
import { oneOf, wholeNumber } from './options.ts'

/** Parses seconds, from 0.001 to 24 days: Node's timers fire at once if the delay is longer. */
export function seconds(text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || value < 0.001 || value > LONGEST_TIME) {
    throw new InvalidArgumentError(`Expected a number of seconds from 0.001 to ${LONGEST_TIME}.`)
  }
  return value
}

/** Adds the options of every command that captures. */
export function addCapture(command: Command, modes: readonly string[] = MODES): Command {
  return command
    .option('-o, --output <file>', 'file to write; its ending selects the format')
    .option('--out <dir>', 'folder for numbered files (default: the working folder)')
    .option('--every <seconds>', 'take a series of snapshots, this many seconds apart', seconds)
    .option('--count <n>', 'how many snapshots --every takes (default: no limit)', wholeNumber(1))
    .option(
      '--interval <bytes>',
      `average bytes between samples; less is finer and slower (default: ${DEFAULT_INTERVAL})`,
      wholeNumber(1),
    )
    .option('--nframe <n>', `most frames per traceback, 1 to ${MAX_NFRAME}`, wholeNumber(1), MAX_NFRAME)
    .addOption(new Option('--mode <mode>', modes.join(', ')).argParser(oneOf(modes)).default('live'))
}

/** Throws UsageError if an option of `addCapture` would have no effect. */
export function checkCapture({ output, out, every, count }: CaptureFlags): void {
  if (output !== undefined && out !== undefined)
    throw new UsageError('-o and --out exclude each other: -o names one file, --out a folder')
  if (count !== undefined && every === undefined)
    throw new UsageError('--count needs --every: it limits the snapshots of a series')
}

interface CaptureFlags {
  readonly output?: string
  readonly out?: string
  readonly every?: number
  readonly count?: number
}

const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The first Ctrl-C, SIGTERM or SIGHUP aborts `signal`, so that the target can be left as it was found. A
 * second one ends this process at once. `status` is the exit status for the signal received.
 */
export function interruption(): { signal: AbortSignal; status(): number | undefined; end(): void } {
  const controller = new AbortController()
  let status: number | undefined
  const end = () => {
    for (const name of ENDS) process.off(name, interrupt)
  }
  const interrupt = (name: NodeJS.Signals) => {
    end()
    status = 128 + constants.signals[name]
    controller.abort()
  }
  for (const name of ENDS) process.on(name, interrupt)
  return { signal: controller.signal, status: () => status, end }
}
