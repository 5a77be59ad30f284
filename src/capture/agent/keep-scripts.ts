// Runs inside the traced program. Keeps its scripts alive, so that stack frames keep their file names and
// lines.
import Module from 'node:module'
import type { Compilation } from './compile-hook.ts'

// Taken before the program can change them.
const { set } = Reflect
const ErrorAtStart = Error
const { captureStackTrace } = Error

/** A global name that no program uses; the appended call finds it from every module. */
const NAME = '$tracemalloc_keep'

/** From this major version of V8 on, the sampler itself keeps the scripts it has seen. */
const V8_KEEPS = 12

/** What is kept: a stack trace, and the entry point's closure. A list, since a program may change arrays. */
interface KeptScript {
  closure: (() => void) | undefined
  next: KeptScript | undefined
}

/**
 * Keeps alive what is needed to name CommonJS modules; Node itself keeps ES modules. For the entry module
 * that is a closure, so that what its top-level variables hold survives until the last read, like a Python
 * program's globals. For other modules it is only the script: V8 before version 12 (Node 20) forgets file and
 * lines when it is collected. A call after the module's last line captures a stack trace, which holds the
 * module's function but not its variables. Returns the change to each module that appends the call.
 */
export function keepScripts(): (compilation: Compilation) => void {
  let kept: KeptScript | undefined
  const keep = (closure?: () => void) => {
    try {
      const { stackTraceLimit } = ErrorAtStart
      set(ErrorAtStart, 'stackTraceLimit', 1) // if the program has frozen it, some callers are kept as well
      kept = { closure, next: kept }
      captureStackTrace(kept, keep)
      set(ErrorAtStart, 'stackTraceLimit', stackTraceLimit)
    } catch {} // a script may then lose its name
  }
  Object.defineProperty(globalThis, NAME, { value: keep })
  const entry = entryFile()
  const areKept = Number.parseInt(process.versions.v8, 10) >= V8_KEEPS
  return compilation => {
    const isEntry = compilation.filename === entry
    if (isEntry || !areKept)
      compilation.content = `${compilation.content}\n;${NAME}(${isEntry ? '() => {}' : ''})`
  }
}

/** The program's entry point as CommonJS resolves it; undefined if there is none, as with `-e`. */
function entryFile(): string | undefined {
  const [, script] = process.argv
  if (script === undefined) return undefined
  try {
    return Module.createRequire(import.meta.url).resolve(script)
  } catch {
    return undefined
  }
}
