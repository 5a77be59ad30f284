// The only writer to standard error. Makes hidden characters visible: no name can control the terminal.
import { messageLine, visibleLine } from '../text/escape.ts'

/** Prints a message after the command's name. */
export function say(message: string): void {
  process.stderr.write(messageLine(message))
}

/** Prints lines on standard error, because standard output belongs to the traced program. */
export function showLines(lines: Iterable<string>): void {
  for (const line of lines) process.stderr.write(`${visibleLine(line)}\n`)
}
