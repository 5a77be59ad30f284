// What the rewriter is asked for, and what it answers.
import type { Site } from './helper-name.ts'

/** `commonjs` is the body of a CommonJS module, as Node wraps it in a function. */
export type SourceType = 'script' | 'module' | 'commonjs'

export interface RewriteOptions {
  readonly sourceType: SourceType
  /** Whether to rewrite a function's own code, by where V8 says that it starts; by default all. */
  readonly select?: (site: Site) => boolean
  /** Makes each helper larger by this many unassigned elements, so that V8 does not inline it. */
  readonly padding?: number
}

/** The new text, with the lines of the old; or why the text must run unchanged. */
export type Rewritten =
  | {
      readonly text: string
      /** Helpers in the text. */
      readonly sites: number
      /** Expressions that may allocate, or call, and were left in their function. */
      readonly left: number
    }
  | { readonly reason: string }
