// Runs inside the traced program. Starts the rewriting of its modules.
import { isMainThread } from 'node:worker_threads'
import { NO_LINES } from '../../series/metadata.ts'
import type { Compilation } from '../compile-hook.ts'
import { unharmed } from '../unharmed.ts'
import type { Lines } from './choice.ts'
import { showOriginals } from './disguise/function-text.ts'
import { hideHelpers } from './disguise/stack-traces.ts'
import { showOriginalLines } from './disguise/uncaught.ts'
import { onLoad } from './load-hook.ts'
import type { Kind } from './question.ts'
import { Rewriting } from './rewriting.ts'

/** Kinds of CommonJS by Node's format. */
const KINDS: Record<string, { kind: Kind; isTypeScript: boolean }> = Object.assign(Object.create(null), {
  commonjs: { kind: 'commonjs', isTypeScript: false },
  'commonjs-typescript': { kind: 'commonjs', isTypeScript: true },
  typescript: { kind: 'unknown', isTypeScript: true },
  undefined: { kind: 'unknown', isTypeScript: false },
})

/** What the user should know about the lines of this thread; undefined if they are not measured. */
let notes: (() => string[]) | undefined

/** What the user should know about the lines of this thread. Does not throw. */
export function notesOfLines(): string[] {
  return (notes && unharmed(notes)) ?? []
}

/**
 * Rewrites what this thread loads from now on. Returns the change to each CommonJS module; undefined if that
 * was started before. If lines cannot be measured, nothing is changed and a note says why.
 */
export function startLines(lines: Lines, padding: boolean): ((compilation: Compilation) => void) | undefined {
  if (notes) return undefined
  try {
    if (process.env.NODE_V8_COVERAGE) throw new Error('NODE_V8_COVERAGE counts what an unchanged file runs')
    const rewriting = new Rewriting(lines, padding)
    hideHelpers(rewriting)
    showOriginals(rewriting)
    if (isMainThread) showOriginalLines(rewriting)
    onLoad(rewriting)
    notes = () => rewriting.notes()
    return compilation => change(rewriting, compilation)
  } catch (error) {
    const all = [`${NO_LINES}: ${(error as Error).message}`]
    notes = () => all
    return undefined
  }
}

function change(rewriting: Rewriting, compilation: Compilation): void {
  const { filename, content, format } = compilation
  const found = KINDS[`${format}`]
  if (!found) return
  const text = rewriting.rewrite({ filename, source: content, ...found })
  if (text === undefined) return
  compilation.content = text
  if (found.isTypeScript) compilation.format = 'commonjs'
}
