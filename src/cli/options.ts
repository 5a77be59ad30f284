// Options that several commands share, and how their values are parsed.
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ReadOptions, ROW_COLUMNS } from '../../converters/converter.ts'
import { nearest } from '../capture/nearest.ts'
import type { Cumulative } from '../model/grouping/group.ts'
import { KEY_TYPES, type KeyType } from '../model/grouping/keys.ts'
import { parseDomain } from '../model/meta.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { FORMATS, type Format } from '../report/formats/index.ts'
import { REDACTIONS } from '../transform/redactions.ts'
import type { ReadFlags } from './request.ts'

/** The parsed options of commands that select and group. */
export interface SelectionFlags extends ReadFlags {
  readonly groupBy: readonly KeyType[]
  readonly cumulative?: 'once' | 'per-frame'
  readonly limit: number
  readonly format?: Format
}

/** A parser of whole numbers of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`)
    }
    return value
  }
}

/** A parser that accepts one of the words. Its error suggests the closest one. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return text => {
    if (words.includes(text as T)) return text as T
    const near = nearest(text, words)
    throw new InvalidArgumentError(
      `${near ? `Did you mean ${near}? ` : ''}Expected one of: ${words.join(', ')}.`,
    )
  }
}

function keyTypes(text: string): KeyType[] {
  return [...new Set(text.split(',').map(oneOf(KEY_TYPES)))]
}

function domain(text: string): number {
  const value = parseDomain(text)
  if (value === undefined)
    throw new InvalidArgumentError('Expected heap, arraybuffer, native, code or a number.')
  return value
}

/** An option that can be repeated. */
function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`)
    .argParser((value: string, previous: string[]) => [...previous, value])
    .default([], 'none')
}

/** Adds the options that choose what is read, filter it and rewrite frames. */
export function addFilters(command: Command): Command {
  return addRewrites(command)
    .addOption(repeatable('--include <pattern[:line]>', 'keep only traces allocated in files that match'))
    .addOption(repeatable('--exclude <pattern[:line]>', 'drop traces allocated in files that match'))
    .option('--all-frames', 'match --include and --exclude against every frame')
    .option(
      '--domain <domain>',
      'keep one kind of memory: heap, arraybuffer, native, code or a number',
      domain,
    )
    .option('--interval <bytes>', 'sampling interval, if the file does not record it', wholeNumber(1))
    .option('--snapshot <n>', 'read only the n-th snapshot of the file', wholeNumber(1))
    .addOption(fromOption())
    .addOption(pickOption())
    .addOption(maxSizeOption())
}

/** What a file is, for every command that reads files. */
export function fromOption(): Option {
  return new Option('--from <format>', 'input format (default: detected from the content)')
}

/** Where in a document, for every command that reads files. */
export function pickOption(): Option {
  return new Option('--pick <path>', 'with --from json: where in the document, such as result.profile')
}

/** The limit against decompression bombs, for every command that reads files. */
export function maxSizeOption(): Option {
  return new Option(
    '--max-size <bytes>',
    'refuse files larger than this after decompression (default: 200 times the compressed size)',
  ).argParser(wholeNumber(1))
}

function addRewrites(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--source-maps [folder]',
        'show original files, with the source maps in this folder (default: the working folder; repeatable)',
      ).argParser((folder: string, previous?: string[]) => [...(previous ?? []), folder]),
    )
    .option(
      '--app',
      'show only your own frames: memory that packages and the runtime allocate counts for their caller',
    )
    .addOption(
      new Option(
        '--redact [how]',
        'shorten file names to their last part (base) or a hash, and remove host names',
      ).argParser(oneOf(REDACTIONS)),
    )
}

/** The option that chooses one of a list of output formats. */
export function formatOption(formats: Readonly<Record<string, unknown>>): Option {
  const names = Object.keys(formats)
  return new Option('--format <format>', names.join(', ')).argParser(oneOf(names))
}

/** Adds --group-by. */
export function groupByOption(command: Command): Command {
  return command.addOption(
    new Option('--group-by <keys>', `one or more of: ${KEY_TYPES.join(', ')}`)
      .argParser(keyTypes)
      .default(DEFAULT_KEYS, 'lineno; function if no file is known'),
  )
}

const DEFAULT_KEYS: readonly KeyType[] = ['lineno']

/**
 * The keys that the flags ask for; by default functions where the snapshots know no file, such as profiles of
 * native code.
 */
export function keyTypesOf(
  { groupBy }: Pick<SelectionFlags, 'groupBy'>,
  snapshots: readonly Snapshot[],
): readonly KeyType[] {
  const frames = snapshots.map(({ tables }) => tables.frames)
  const isNameless = frames.some(({ length }) => length > 0) && !frames.some(table => table.namesFiles())
  return groupBy === DEFAULT_KEYS && isNameless ? ['function'] : groupBy
}

/** Adds the options of every command with statistics. */
export function addGrouping(command: Command): Command {
  return groupByOption(addFilters(command))
    .addOption(
      new Option(
        '--cumulative [mode]',
        'count a trace for all its callers: once per line (default) or per-frame, as CPython does',
      ).argParser(oneOf(['once', 'per-frame'] as const)),
    )
    .option('--limit <n>', 'rows to show; 0 = all', wholeNumber(0), 10)
}

/** Where source text is read from. */
export function sourcesOption(what: string): Option {
  return new Option(
    '--sources [folder]',
    `${what}, from this folder (default: the working folder) or source maps`,
  )
}

/** Adds the same, and those of commands that print statistics. */
export function addSelection(command: Command): Command {
  return addGrouping(command)
    .addOption(sourcesOption('show source lines in tracebacks'))
    .addOption(formatOption(FORMATS))
}

/** Options whose value needs a `=`, because a file may follow them, with their value if none is given. */
export const OPTIONAL_VALUES: Readonly<Record<string, string>> = {
  '--cumulative': 'once',
  '--source-maps': '.',
  '--sources': '.',
  '--redact': 'base',
  '--lines': 'own',
}

/** The columns that the group keys and filters need. */
export function columnsOf(options: SelectionFlags): ReadOptions['columns'] {
  const { groupBy, include, exclude, domain, app } = options
  const looksAtStacks =
    include.length + exclude.length > 0 || app || groupBy.some(k => k !== 'type' && k !== 'domain')
  const columns: (typeof ROW_COLUMNS)[number][] = looksAtStacks ? ['stack'] : []
  if (groupBy.includes('type')) columns.push('type')
  if (groupBy.includes('domain') || domain !== undefined) columns.push('domain')
  return columns
}

export function cumulativeOf(options: SelectionFlags): Cumulative {
  return options.cumulative === 'once' ? true : (options.cumulative ?? false)
}
