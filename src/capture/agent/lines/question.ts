// What a thread of the program asks the rewriter, and what it is told.

/**
 * What kind of text it is. `unknown`: CommonJS unless it is a module by its syntax, as Node decides. `canary`
 * is none: it asks why lines cannot be measured, if so, and its source is what that depends on.
 */
export type Kind = 'commonjs' | 'module' | 'unknown' | 'canary'

/** Instead of the number of answers that the rewriter has given: there will be none. */
export const GONE = -1

/** A text to be rewritten. */
export interface Question {
  source: string
  kind: Kind
  /** Is it TypeScript, whose types Node removes? `transform` also allows enums and the like. */
  typescript: 'strip' | 'transform' | undefined
  /** Make helpers too long for V8 to inline; needed where V8 inlines. */
  padding: boolean
  /** Only the code of functions that start here, by V8; all if absent. */
  functions?: readonly { lineno: number; column: number }[]
}

/** The rewritten text, or why there is none; neither if a text of unknown kind is a module. */
export interface Answer {
  text?: string
  reason?: string
}

/** A text that was rewritten. The original is kept, as V8 would have kept it. */
export interface Rewritten {
  readonly original: string
  readonly text: string
  readonly kind: Kind
  readonly typescript: Question['typescript']
}

/** Asks for the functions of a rewritten text. */
export interface FunctionsQuestion {
  file: Rewritten
}

/** The functions of a text and of what became of it, in the same order: starts and ends as offsets. */
export interface Functions {
  /** The original as JavaScript: without types. */
  source: string
  before: (readonly [start: number, end: number])[]
  after: (readonly [start: number, end: number])[]
}

/** A text that Node's thread for hooks has rewritten. */
export interface Loaded {
  filename: string
  original: string
  kind: Kind
  typescript: Question['typescript']
  answer: Answer
}
