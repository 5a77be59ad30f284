// Answers the questions of a program's thread, in another thread.
import * as Module from 'node:module'
import { pairFunctions } from '../../../lines/function-ranges.ts'
import type { Site } from '../../../lines/helper-name.ts'
import { rewrite } from '../../../lines/rewrite.ts'
import { nameOf, readAnswer, writeAnswer } from './cache.ts'
import { whyNoLines } from './canary.ts'
import type { Answer, Functions, FunctionsQuestion, Question } from './question.ts'

/** Elements that take a helper over V8's limit for inlining, of 460 bytecodes. */
const PADDING = 20

/** The answer, which is then in the cache. Does not throw. */
export function answerTo(question: Question, folder: string | undefined): Answer {
  const answer = rewritten(question)
  if (folder !== undefined) writeAnswer(folder, nameOf(question), answer)
  return answer
}

/** The answer from the cache, or a new one. Does not throw. */
export function knownAnswerTo(question: Question, folder: string | undefined): Answer {
  const known = folder === undefined ? undefined : readAnswer(folder, nameOf(question))
  return known ?? answerTo(question, folder)
}

/** The functions of a rewritten text; undefined if they are not found. Does not throw. */
export function functionsOf({ file }: FunctionsQuestion): Functions | undefined {
  try {
    const { original, text, kind, typescript } = file
    const source = typescript === undefined ? original : withoutTypes(original, typescript)
    const pairs = pairFunctions(source, text, kind === 'module' ? 'module' : 'commonjs')
    return pairs && { source, ...pairs }
  } catch {
    return undefined
  }
}

function rewritten({ source, kind, typescript, padding, functions }: Question): Answer {
  try {
    if (kind === 'canary') return { reason: whyNoLines(padding ? PADDING : undefined) }
    const text = typescript === undefined ? source : withoutTypes(source, typescript)
    const select =
      functions && ((site: Site) => functions.some(f => f.lineno === site.lineno && f.column === site.column))
    const options = { padding: padding ? PADDING : undefined, select }
    const result = rewrite(text, { sourceType: kind === 'module' ? 'module' : 'commonjs', ...options })
    if ('text' in result) return { text: result.text }
    if (kind === 'unknown' && 'text' in rewrite(text, { sourceType: 'module', ...options })) return {}
    return { reason: result.reason }
  } catch (error) {
    return { reason: (error as Error).message }
  }
}

/** As Node does it: types become blanks, so lines and columns stay. */
function withoutTypes(source: string, mode: 'strip' | 'transform'): string {
  const { stripTypeScriptTypes } = Module as unknown as {
    stripTypeScriptTypes?(code: string, options: object): string
  }
  if (!stripTypeScriptTypes)
    throw new Error(`Node ${process.versions.node} does not tell how it removes types`)
  return stripTypeScriptTypes(source, { mode, sourceMap: mode === 'transform' })
}
