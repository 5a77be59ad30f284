// Runs inside the traced program. The one hook on the compilation of CommonJS modules.
import Module from 'node:module'
import { method } from './unharmed.ts'

// Taken before the program can change them.
const { apply } = Reflect
const SyntaxErrorAtStart = SyntaxError
const exec = method(RegExp.prototype.exec)

/** A CommonJS module about to be compiled. */
export interface Compilation {
  readonly filename: string
  content: string
  /** What Node takes the text for, such as `commonjs`; older versions do not say. */
  format: string | undefined
}

/** Changes text or format of each module before it is compiled, in this order. No change may throw. */
export function onCompile(changes: readonly ((compilation: Compilation) => void)[]): void {
  const prototype = Module.prototype as unknown as {
    filename: string
    _compile(content: string, filename: string, format?: string, ...rest: unknown[]): unknown
  }
  const compile = prototype._compile
  let modules = 0
  prototype._compile = function (...args) {
    const number = ++modules
    const [content, , format] = args
    const compilation: Compilation = { filename: this.filename, content: args[0], format: args[2] }
    for (let i = 0; i < changes.length; i++) changes[i](compilation)
    args[0] = compilation.content
    if (compilation.format !== args[2]) args[2] = compilation.format
    if (args[0] === content && args[2] === format) return apply(compile, this, args)
    try {
      return apply(compile, this, args)
    } catch (error) {
      // A module that has loaded others has begun; this one was not even compiled.
      if (modules > number || !isOfCompiler(error)) throw error
      args[0] = content // Node quotes the faulty line, which must not be ours
      args[2] = format
      return apply(compile, this, args)
    }
  }
}

/** A stack whose innermost frame is Node's compiler of CommonJS modules. */
const COMPILING = /^(?:(?!\n {4}at )[\s\S])*\n {4}at wrapSafe \(node:/

/** Is it an error of a module that Node could not compile? */
function isOfCompiler(error: unknown): boolean {
  if (!(error instanceof SyntaxErrorAtStart)) return false
  const { stack } = error
  return typeof stack === 'string' && exec(COMPILING, stack) !== null
}
