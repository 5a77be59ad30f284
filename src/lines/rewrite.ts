// Rewrites a program so that each operation that may allocate, and each call, runs in a tiny function, the
// helper, whose name says where it stands: V8's frames carry names, but no lines.
import { HELPER_PREFIX } from './helper-name.ts'
import type { RewriteOptions, Rewritten } from './options.ts'
import { parse } from './parse.ts'
import { Rewriter } from './rewriter.ts'

export type { RewriteOptions, Rewritten } from './options.ts'

/** Rewrites the text of a program. Never throws: what cannot be rewritten has a reason. */
export function rewrite(source: string, options: RewriteOptions): Rewritten {
  if (source.includes(HELPER_PREFIX)) return { reason: `uses names that begin with ${HELPER_PREFIX}` }
  try {
    return new Rewriter(source, parse(source, options.sourceType), options).rewrite()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const isTooDeep = error instanceof RangeError || message.startsWith('Not enough stack space')
    return { reason: isTooDeep ? 'nested too deeply' : `not parsed: ${message}` }
  }
}
