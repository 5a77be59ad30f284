// Writes reports and snapshots to standard output.
import { once } from 'node:events'
import type { Converter, WriteOptions } from '../../converters/converter.ts'
import { gzipped } from '../bytes/disk.ts'
import { UsageError } from '../errors.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GetLine } from '../model/traceback.ts'
import { FORMATS, type Format } from '../report/formats/index.ts'
import type { OutputFormat, Page, Report } from '../report/report.ts'
import { say } from './say.ts'

/** Writes lines to standard output. Waits if the reader is slow. */
export async function print(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  let buffer = ''
  for await (const line of lines) {
    buffer += `${line}\n`
    if (buffer.length > 65536) {
      if (!process.stdout.write(buffer)) await once(process.stdout, 'drain')
      buffer = ''
    }
  }
  // Wait, so that a reader that has left is noticed before more is written.
  if (buffer !== '') await new Promise(resolve => process.stdout.write(buffer, resolve))
}

/** Whether output to the stream may have colours. */
function isColoured(stream: NodeJS.WriteStream): boolean {
  return process.env.NO_COLOR ? false : stream.isTTY === true
}

/** Prints a report: as a table on a terminal, as text to a pipe or file, or in the given format. */
export async function printReport(report: Report, format?: Format, getLine?: GetLine): Promise<void> {
  await printAs(report, await FORMATS[format ?? defaultFormat()](), getLine)
}

/** Prints a report in a format. Notes go to standard error if the format has no place for them. */
export async function printAs<R extends Report>(
  report: R,
  { write, leavesNotes }: OutputFormat<R>,
  getLine?: GetLine,
): Promise<void> {
  await print(write(report, { ...terminal(), getLine }))
  if (leavesNotes) printNotes(report.notes ?? [])
}

/** The format if none is given. */
export function defaultFormat(): 'table' | 'text' {
  return process.stdout.isTTY ? 'table' : 'text'
}

/** The terminal that reports are shown on. */
function terminal(): Page {
  const { stdout } = process
  return { width: stdout.columns ?? 120, colour: isColoured(stdout), folder: process.cwd() }
}

/** Prints notes on standard error, each once. */
export function printNotes(notes: readonly string[]): void {
  for (const note of new Set(notes)) say(`note: ${note}`)
}

/**
 * Writes snapshots to standard output, gzipped if the format is. Throws UsageError for binary on a terminal.
 */
export async function writeStdout(
  converter: Converter,
  snapshots: readonly Snapshot[],
  options: WriteOptions,
): Promise<void> {
  if (!converter.write) throw new UsageError(`${converter.name} files cannot be written, only read`)
  const pieces = await converter.write(snapshots, options)
  for await (const piece of converter.gzip ? gzipped(pieces) : pieces) {
    if (process.stdout.isTTY && typeof piece !== 'string') {
      throw new UsageError(`${converter.name} is binary and cannot be shown on a terminal`, {
        hint: 'give an output file',
      })
    }
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain')
  }
}
