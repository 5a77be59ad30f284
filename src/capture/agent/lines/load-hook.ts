// Runs inside the traced program. Changes the text of ES modules as they are loaded, after all other hooks.
import Module from 'node:module'
import { fileURLToPath } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { method } from '../unharmed.ts'
import { type LoadResult, textOf } from './load-result.ts'
import type { LoaderData } from './loader.ts'
import type { Loaded } from './question.ts'
import type { Rewriting } from './rewriting.ts'

// Taken before the program can change them.
const { apply } = Reflect
const startsWith = method(String.prototype.startsWith as (text: string) => boolean)
const pathOf = fileURLToPath

interface Hooks {
  load(url: string, context: object, next: (url: string, context: object) => LoadResult): LoadResult
}

/** Node's own functions, some of which older versions lack. */
type Functions = Record<'register' | 'registerHooks', (...args: unknown[]) => unknown> & {
  syncBuiltinESMExports(): void
}

/** Formats of texts that are rewritten here, and what they are then. */
const FORMATS: Record<string, { format: 'module' | 'commonjs'; isTypeScript: boolean }> = Object.assign(
  Object.create(null),
  {
    module: { format: 'module', isTypeScript: false },
    'module-typescript': { format: 'module', isTypeScript: true },
  },
  // Later versions have it pass the hook on CommonJS.
  Number.parseInt(process.versions.node, 10) < 24
    ? { 'commonjs-typescript': { format: 'commonjs', isTypeScript: true } }
    : {},
)

/** Rewrites the ES modules that are loaded from now on. */
export function onLoad(rewriting: Rewriting): void {
  const functions = Module as unknown as Functions
  if ('registerHooks' in functions) hookHere(functions, rewriting)
  else hookApart(functions, rewriting)
  functions.syncBuiltinESMExports()
}

function hookHere(functions: Functions, rewriting: Rewriting): void {
  const hooks: Hooks = {
    load(url, context, next) {
      const result = next(url, context)
      const { source } = result
      const found = FORMATS[`${result.format}`]
      if (!found || source === undefined || source === null || !startsWith(url, 'file:')) return result
      const { format, isTypeScript } = found
      const text = rewriting.rewrite({
        filename: pathOf(url),
        source: textOf(source),
        kind: format,
        isTypeScript,
      })
      return text === undefined ? result : { ...result, format, source: text }
    },
  }
  const { registerHooks } = functions
  let registered = registerHooks(hooks) as { deregister(): void }
  // The hooks that were registered last run first. What they make of a text is what is rewritten.
  again(functions, 'registerHooks', () => {
    registered.deregister()
    registered = registerHooks(hooks) as { deregister(): void }
  })
}

/** Before Node 22.15 hooks run in a thread of their own, and cannot be taken back. The last one works. */
function hookApart(functions: Functions, rewriting: Rewriting): void {
  const { register } = functions
  const { port1, port2 } = new MessageChannel()
  const newest = new Int32Array(new SharedArrayBuffer(4))
  port1.unref()
  rewriting.listen(() => receiveMessageOnPort(port1)?.message as Loaded | undefined)
  const add = () => {
    newest[0]++
    const { lines, padding, hot } = rewriting
    const data: LoaderData = {
      number: newest[0],
      newest,
      lines,
      padding,
      hot,
      port: newest[0] === 1 ? port2 : undefined,
    }
    const url = new URL(import.meta.url.replace(/load-hook(\.[jt]s)$/, 'loader$1'))
    url.search = `${newest[0]}`
    register(url, { data, transferList: data.port ? [port2] : [] })
  }
  add()
  again(functions, 'register', add)
}

/** Does something after each further call of one of these functions. */
function again(functions: Functions, name: 'register' | 'registerHooks', work: () => void): void {
  const original = functions[name]
  const replacement = {
    [name](this: unknown, ...args: unknown[]) {
      const result = apply(original, this, args)
      work()
      return result
    },
  }[name]
  Object.defineProperty(replacement, 'length', { value: original.length })
  functions[name] = replacement
}
