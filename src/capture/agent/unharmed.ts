// Keeps our code inside a program and the program apart. The program may freeze, replace or delete any
// global, so each of our modules takes what it needs when it is loaded, before the program. What still fails
// is one line on stderr.
import fs from 'node:fs'
import { messageLine } from '../../text/escape.ts'

const { writeSync } = fs
const { apply } = Reflect
const arrays: { toJSON?: unknown } = Array.prototype as never
const objects: { toJSON?: unknown } = Object.prototype

/** Writes one line to stderr: at the end of a thread, process.stderr no longer works. Never throws. */
export function complain(message: string): void {
  try {
    writeSync(2, messageLine(message))
  } catch {} // nobody reads it
}

/** As `unharmed`, while no object inherits a `toJSON`: Node speaks JSON with the inspector. */
export function plainly<T>(work: () => T): T | undefined {
  const { toJSON: ofArrays } = arrays
  const { toJSON: ofAll } = objects
  return unharmed(() => {
    if (ofArrays === undefined && ofAll === undefined) return work()
    delete arrays.toJSON
    delete objects.toJSON
    try {
      return work()
    } finally {
      if (ofAll !== undefined) objects.toJSON = ofAll
      if (ofArrays !== undefined && ofArrays !== ofAll) arrays.toJSON = ofArrays
    }
  })
}

/** Returns what the work returns; if it throws, reports that in one line. Never throws. */
export function unharmed<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    complain(messageOf(error))
    return undefined
  }
}

function messageOf(error: unknown): string {
  try {
    return `${(error as Error).message}`
  } catch {
    return 'an unknown error'
  }
}

/** A method as a function whose first argument is its `this`: a program may replace `call` and `apply`. */
export function method<This, A extends unknown[], R>(
  of: (this: This, ...args: A) => R,
): (self: This, ...args: A) => R {
  return (self, ...args) => apply(of, self, args)
}
