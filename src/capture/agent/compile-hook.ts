// Runs inside the traced program. The one hook on the compilation of CommonJS modules.
import Module from 'node:module'

const { apply } = Reflect // taken before the program can change it

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
  prototype._compile = function (...args) {
    const compilation: Compilation = { filename: this.filename, content: args[0], format: args[2] }
    for (let i = 0; i < changes.length; i++) changes[i](compilation)
    args[0] = compilation.content
    if (compilation.format !== args[2]) args[2] = compilation.format
    return apply(compile, this, args)
  }
}
