#!/usr/bin/env node
// The command line: loads a command, runs it, prints errors and sets the exit status.
import { Command, CommanderError } from 'commander'
import { nearest } from '../capture/nearest.ts'
import {
  FileError,
  FormatError,
  lineOf,
  systemLine,
  systemReason,
  TargetError,
  TracemallocError,
  UsageError,
} from '../errors.ts'
import { OPTIONAL_VALUES } from './options.ts'
import { say, showLines } from './say.ts'

/** The commands, one file each. Only the one that is called is loaded. */
const COMMANDS: Record<string, () => Promise<{ register(program: Command): void }>> = {
  top: () => import('./commands/top.ts'),
  diff: () => import('./commands/diff.ts'),
  tree: () => import('./commands/tree.ts'),
  annotate: () => import('./commands/annotate.ts'),
  info: () => import('./commands/info.ts'),
  convert: () => import('./commands/convert.ts'),
  heap: () => import('./commands/heap.ts'),
  run: () => import('./commands/run.ts'),
  check: () => import('./commands/check.ts'),
  batch: () => import('./commands/batch.ts'),
  attach: () => import('./commands/attach.ts'),
  object: () => import('./commands/object.ts'),
  targets: () => import('./commands/targets.ts'),
}

const STATUSES = `
Exit status: 0 success, 1 check failed, 2 wrong usage, 3 a file cannot be read
or written, 4 a target cannot be reached, 5 check cannot decide. The status of
run is that of its program.

Example: tracemalloc run --every 60 --out snapshots server.js`

/** Runs the command line and returns the exit status. The only place that prints errors. */
export async function main(argv: readonly string[]): Promise<number> {
  const verbose = argv.includes('--verbose')
  try {
    const program = await build(argv)
    await program.parseAsync(spread(argv, program), { from: 'user' })
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (verbose) showLines(`tracemalloc: ${stackOf(error)}`.split('\n'))
    else say(messageOf(error))
    return statusOf(error)
  }
}

async function build(argv: readonly string[]): Promise<Command> {
  const program = new Command('tracemalloc')
    .description("Python's tracemalloc for Node, Chrome and Deno: which line holds the memory, and what grew")
    .option('--verbose', 'show the stack trace of an error')
    .configureHelp({
      subcommandTerm: command => command.name(),
      optionTerm: option => option.flags.replace(' [', '[='),
    })
    .addHelpText('after', STATUSES)
    .helpCommand(false)
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .exitOverride()
  const version = new Set(['--version', '-V'])
  if (argv.some(arg => version.has(arg)) && !Object.hasOwn(COMMANDS, argv[0]))
    program.version(await ownVersion())
  const name = argv.find(arg => !arg.startsWith('-'))
  if (name !== undefined && Object.hasOwn(COMMANDS, name)) {
    ;(await COMMANDS[name]()).register(program)
  } else if (name !== undefined) {
    const near = nearest(name, Object.keys(COMMANDS))
    throw new UsageError(`unknown command '${name}'`, {
      hint: near ? `did you mean ${near}?` : 'tracemalloc --help lists all commands',
    })
  } else {
    for (const load of Object.values(COMMANDS)) (await load()).register(program)
    program.action(() => program.help())
  }
  for (const command of program.commands) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .showSuggestionAfterError(true)
    command.option('--verbose', 'show the stack trace of an error')
  }
  return program
}

/**
 * Gives an option with an optional value its default, so that the next word is not taken for the value.
 * Values of other options, and what follows the program of `run`, stay as they are.
 */
function spread(argv: readonly string[], program: Command): string[] {
  const at = argv.findIndex(arg => !arg.startsWith('-'))
  const command = program.commands.find(command => command.name() === argv[at])
  const words = argv.slice(0, at + 1)
  for (let i = at + 1; i < argv.length; i++) {
    const arg = argv[i]
    if (arg === '--' || (argv[at] === 'run' && !arg.startsWith('-'))) return [...words, ...argv.slice(i)]
    words.push(Object.hasOwn(OPTIONAL_VALUES, arg) ? `${arg}=${OPTIONAL_VALUES[arg]}` : arg)
    const takesNext = command?.options.some(
      option => option.required && (option.long === arg || option.short === arg),
    )
    if (takesNext && i + 1 < argv.length) words.push(argv[++i])
  }
  return words
}

async function ownVersion(): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  return JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')).version
}

/** The error as one line: what, where, and what to do. */
function messageOf(error: unknown): string {
  if (error instanceof CommanderError) return error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
  if (error instanceof TracemallocError) return lineOf(error)
  const fault = error instanceof Error ? error.message : String(error)
  return systemLine(error) ?? `internal error: ${fault} (--verbose shows where)`
}

function stackOf(error: unknown): string {
  return (error instanceof Error && error.stack) || messageOf(error)
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError || error instanceof UsageError) return 2
  if (error instanceof FormatError || error instanceof FileError) return 3
  if (error instanceof TargetError) return 4
  if (systemReason(error)) return OF_SOCKETS.has((error as NodeJS.ErrnoException).code!) ? 4 : 3
  return 70 // EX_SOFTWARE: a bug in tracemalloc
}

/** Codes of connection errors. Only targets are connected to. */
const OF_SOCKETS = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])

process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0) // the reader closed the pipe
  const { reason, hint } = systemReason(error) ?? { reason: error.message }
  say(`cannot write standard output: ${reason}${hint ? `; ${hint}` : ''}`)
  process.exit(3)
})
process.stderr.on('error', () => {}) // there is nowhere left to report it
process.exitCode = await main(process.argv.slice(2))
