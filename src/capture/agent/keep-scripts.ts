import Module from 'node:module'

// As they are before the program.
const { apply, set } = Reflect
const ErrorAtStart = Error
const { captureStackTrace } = Error

/** A global name that no program has; the appended call finds it from every module. */
const NAME = '$tracemalloc_keep'

/** From this major version of V8 on the sampler itself keeps the scripts it has seen. */
const V8_KEEPS = 12

/** What is kept: a stack trace, and the entry point's closure. A list, as a program may change what arrays do. */
interface Kept {
  closure: (() => void) | undefined
  next: Kept | undefined
}

/**
 * Keeps what CommonJS modules need to be named by. Of the program's entry point a closure is kept, so that what its scope holds lives to
 * the last read, as the globals of a Python program do. Of every other module only the script is kept alive, so that its frames
 * keep their file and lines: V8 before version 12 (Node 20) forgets them when the script is collected. A call behind the
 * module's last line captures a stack trace, which holds the module's function and none of its variables. ES modules are kept by Node.
 */
export function keepScripts(): void {
  let kept: Kept | undefined
  const keep = (closure?: () => void) => {
    try {
      const { stackTraceLimit } = ErrorAtStart
      set(ErrorAtStart, 'stackTraceLimit', 1) // where the program has frozen it, some callers are kept, too
      kept = { closure, next: kept }
      captureStackTrace(kept, keep)
      set(ErrorAtStart, 'stackTraceLimit', stackTraceLimit)
    } catch {} // then a script may lose its name
  }
  Object.defineProperty(globalThis, NAME, { value: keep })
  const entry = entryFile()
  const areKept = Number.parseInt(process.versions.v8, 10) >= V8_KEEPS
  const prototype = Module.prototype as unknown as {
    filename: string
    _compile(content: string, ...rest: unknown[]): unknown
  }
  const compile = prototype._compile
  prototype._compile = function (...args) {
    const isEntry = this.filename === entry
    if (isEntry || !areKept) args[0] = `${args[0]}\n;${NAME}(${isEntry ? '() => {}' : ''})`
    return apply(compile, this, args)
  }
}

/** The program's entry point as CommonJS resolves it; undefined where there is none, such as `-e`. */
function entryFile(): string | undefined {
  const [, script] = process.argv
  if (script === undefined) return undefined
  try {
    return Module.createRequire(import.meta.url).resolve(script)
  } catch {
    return undefined
  }
}
