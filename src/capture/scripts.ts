import Module from 'node:module'

/** A global name that no program has; the appended call finds it from every module. */
const NAME = '$tracemalloc_keep'

/** From this major version of V8 on the sampler itself keeps the scripts it has seen. */
const V8_KEEPS = 12

/**
 * Keeps every CommonJS module's script alive, so that its frames keep their file and lines: V8 before version 12 (Node 20)
 * forgets them when the script is collected, as that of a program that simply ends is. A call behind the module's last line
 * captures a stack trace, which holds the module's function and none of its variables. ES modules are kept by Node.
 */
export function keepScripts(): void {
  if (Number.parseInt(process.versions.v8, 10) >= V8_KEEPS) return
  const kept: object[] = []
  const keep = () => {
    const { stackTraceLimit } = Error
    const holder = {}
    Error.stackTraceLimit = 1
    Error.captureStackTrace(holder, keep)
    Error.stackTraceLimit = stackTraceLimit
    kept.push(holder)
  }
  Object.defineProperty(globalThis, NAME, { value: keep })
  const prototype = Module.prototype as unknown as { _compile(content: string, ...rest: unknown[]): unknown }
  const compile = prototype._compile
  prototype._compile = function (content, ...rest) {
    return compile.call(this, `${content}\n;${NAME}()`, ...rest)
  }
}
