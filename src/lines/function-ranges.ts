// Where the functions and classes of a text are, to find the original of one that was rewritten.
import type { AnyNode } from 'acorn'
import { visitChildren } from './children.ts'
import { HELPER_PREFIX } from './helper-name.ts'
import type { SourceType } from './options.ts'
import { parse } from './parse.ts'

/** Start and end of what `Function.prototype.toString` shows, as offsets. */
export type Range = readonly [start: number, end: number]

/** The functions and classes of a text in the order in which they start, without helpers. */
function functionRanges(source: string, sourceType: SourceType): Range[] {
  const ranges: Range[] = []
  const visit = (node: AnyNode, parent?: AnyNode): void => {
    if (node.type === 'FunctionDeclaration' && node.id?.name.startsWith(HELPER_PREFIX)) return
    if (/Function|^Class(Declaration|Expression)$/.test(node.type)) {
      const isMethod =
        parent?.type === 'MethodDefinition' ||
        (parent?.type === 'Property' && (parent.method || parent.kind !== 'init') && parent.value === node)
      const { start, end } = isMethod ? parent : node
      const isStatic = isMethod && parent.type === 'MethodDefinition' && parent.static
      ranges.push([isStatic ? start + /^static\s*/.exec(source.slice(start))![0].length : start, end])
    }
    visitChildren(node, child => visit(child, node))
  }
  visit(parse(source, sourceType).program)
  return ranges
}

/**
 * The functions of a text and of what became of it, in the same order; undefined if they cannot be paired.
 */
export function pairFunctions(
  original: string,
  rewritten: string,
  sourceType: SourceType,
): { before: Range[]; after: Range[] } | undefined {
  const before = functionRanges(original, sourceType)
  const after = functionRanges(rewritten, sourceType)
  return before.length === after.length ? { before, after } : undefined
}
