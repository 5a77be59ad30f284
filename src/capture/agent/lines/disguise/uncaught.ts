// Runs inside the traced program. An uncaught error is printed as Node prints it, but with the original line:
// Node would show the rewritten one.
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { method, unharmed } from '../../unharmed.ts'
import type { Rewriting } from '../rewriting.ts'
import { lineOf } from './text-lines.ts'

// Taken before the program can change them.
const { apply } = Reflect
const { writeSync } = fs
const show = inspect
const exec = method(RegExp.prototype.exec)
const slice = method(String.prototype.slice)
const lastIndexOf = method(String.prototype.lastIndexOf as (text: string) => number)
const replace = method(String.prototype.replace as (pattern: RegExp, by: string) => string)
const pathOf = fileURLToPath

/** What Node calls for an error that nobody has caught; after `false` it prints the error and exits. */
type Fatal = (...args: [error: unknown, ...unknown[]]) => boolean
const node = process as unknown as { _fatalException: Fatal; reallyExit(code: number): void }
const exit = node.reallyExit.bind(process)

/** Prints the original lines of the main thread's errors from now on. */
export function showOriginalLines(rewriting: Rewriting): void {
  const fatal = node._fatalException
  node._fatalException = function (...args) {
    const isHandled = apply(fatal, this, args) as boolean
    if (!isHandled && args[0] instanceof Error)
      unharmed(() => printInstead(rewriting, args[0] as Error, args[1] === true))
    return isHandled
  }
}

/** Prints and exits as Node would, if the error was made in a rewritten file. */
function printInstead(rewriting: Rewriting, error: Error, isRejection: boolean): void {
  const line = sourceLine(rewriting, error, isRejection)
  if (line === undefined) return
  const colors = process.stderr.isTTY && process.stderr.hasColors()
  const depth = Math.max(inspect.defaultOptions.depth ?? 0, 5)
  const shown = show(error, { customInspect: false, depth, colors })
  writeSync(2, `${line}\n${shown}\n\nNode.js ${process.version}\n`)
  exit(Number(process.exitCode ?? 1))
}

/** Where an error was thrown, as Node shows it; undefined if that is not in a rewritten file. */
function sourceLine(rewriting: Rewriting, { stack }: Error, isRejection: boolean): string | undefined {
  if ((process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled) return undefined
  const frame = exec(/\n {4}at (?:[^\n]*?\()?([^()\n]+):(\d+):(\d+)\)?(?:\n|$)/, `${stack}`)
  if (!frame) return undefined
  const [, script, lineno, column] = frame
  rewriting.update()
  const file = rewriting.files[exec(/^file:/, script) ? pathOf(script) : script]
  if (!file) return undefined
  const line = lineOf(file.original, Number(lineno))
  const before = slice(line, 0, Number(column) - 1)
  // Where it was made is where it was thrown, unless the program kept it for later. For a rejection Node only
  // knows where it was made; loading the entry point as CommonJS becomes one through our preload.
  const isOnlyMade = isRejection && !exec(/node:internal\/modules\/cjs\/loader/, `${stack}`)
  const isThrown = !isOnlyMade && exec(/(?:^|[\s;{}()])throw\s[^;]*$/, before)
  const start = isThrown ? slice(before, 0, lastIndexOf(before, 'throw')) : before
  return `${script}:${lineno}\n${line}\n${replace(start, /[^\t]/g, ' ')}^\n`
}
