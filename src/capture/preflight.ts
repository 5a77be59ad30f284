// Checks a program before it is started: does it exist, and does Node allow us to trace it?
import { createRequire } from 'node:module'
import { extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileError } from '../errors.ts'

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))
/** Options that load code which may change what a path means. */
const LOADERS = /^(-r|--(require|import|loader|experimental-loader|entry-url))(=|$)/

/** All of Node's options for a program: those given, and those from the environment. */
export function nodeWords(nodeOptions: readonly string[]): string[] {
  return [...nodeOptions, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].filter(Boolean)
}

/** Throws FileError if the program does not exist or Node cannot run it. Loaders may accept any path. */
export function checkProgram(script: string, words: readonly string[]): void {
  if (script === '-' || words.some(word => LOADERS.test(word))) return
  const path = resolve(script)
  try {
    createRequire(path).resolve(path)
  } catch (error) {
    throw new FileError(`no such program: ${script}`, { cause: error })
  }
  const { typescript } = process.features as { typescript?: unknown }
  if (/^\.[cm]?ts$/.test(extname(path)) && !typescript) {
    throw new FileError(`Node ${process.versions.node} cannot run ${script}`, {
      hint: "use a loader: --node-options '--import tsx'",
    })
  }
}

/** What tracing lacks under Node's permission model, if the program is started with it. */
export function missingPermissions(words: readonly string[], dir: string): string | undefined {
  if (!words.some(word => /^--(experimental-)?permission$/.test(word))) return undefined
  if (!process.allowedNodeEnvironmentFlags.has('--allow-inspector')) {
    return `Node ${process.versions.node} does not allow the inspector there; use Node 24 or newer with --allow-inspector`
  }
  const missing = [
    words.includes('--allow-inspector') ? '' : '--allow-inspector',
    allows(words, '--allow-fs-read', PACKAGE) ? '' : `--allow-fs-read=${PACKAGE}`,
    allows(words, '--allow-fs-write', dir) ? '' : `--allow-fs-write=${dir}`,
  ].filter(Boolean)
  return missing.length > 0 ? `add ${missing.join(' ')}` : undefined
}

function allows(words: readonly string[], flag: string, path: string): boolean {
  const values = words.flatMap((word, i) => {
    if (word === flag) return words[i + 1] ?? []
    return word.startsWith(`${flag}=`) ? word.slice(flag.length + 1).split(',') : []
  })
  return values.some(value => `${path}/`.startsWith(value === '*' ? '' : resolve(value.replace(/\*$/, ''))))
}
