// Our code inside a program runs after the program may have frozen, replaced or deleted any global. Each of our modules there takes
// what it needs when it is loaded, which is before the program; what fails all the same is one line, and never the program's.
import fs from 'node:fs'
import { messageLine } from '../../text/escape.ts'

const { writeSync } = fs
const { apply } = Reflect
const arrays: { toJSON?: unknown } = Array.prototype as never
const objects: { toJSON?: unknown } = Object.prototype

/** Writes one line of ours to stderr: at the end of a thread, process.stderr is too late. Never throws. */
export function complain(message: string): void {
  try {
    writeSync(2, messageLine(message))
  } catch {} // nobody reads it
}

/**
 * The same while no object has a `toJSON` that the program gave to all: Node talks JSON with the inspector, and would tell it that.
 */
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

/** What the work gives; undefined where it throws, which is told in one line. Never throws. */
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
    return 'an error that cannot be told'
  }
}

/** A method as a function whose first argument is its `this`: a program may replace `call` and `apply`. */
export function method<This, A extends unknown[], R>(
  of: (this: This, ...args: A) => R,
): (self: This, ...args: A) => R {
  return (self, ...args) => apply(of, self, args)
}
