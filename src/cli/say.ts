// The one way to standard error: whatever a name, title or message holds, the terminal gets visible text, a line each.
import { messageLine, visibleLine } from '../text/escape.ts'

/** A message to the user, behind the command's name. */
export function say(message: string): void {
  process.stderr.write(messageLine(message))
}

/** Lines of a report on standard error, where the program that is traced has standard output. */
export function showLines(lines: Iterable<string>): void {
  for (const line of lines) process.stderr.write(`${visibleLine(line)}\n`)
}
