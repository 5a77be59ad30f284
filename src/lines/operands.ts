// What an expression may do while it is evaluated, as far as its text tells.
import type { AnyNode, BinaryExpression, Expression, SpreadElement } from 'acorn'

export type Operand = Expression | SpreadElement | null

/** Longer literals are passed as they are, so that a helper stays small. */
const MAX_LITERAL = 200

/** A literal without parts, whose text means the same anywhere. */
export function isPlainLiteral(node: AnyNode, source: string): boolean {
  if (node.type === 'UnaryExpression')
    return (
      node.operator === '-' && node.argument.type === 'Literal' && typeof node.argument.value === 'number'
    )
  if (node.type !== 'Literal' || node.regex || node.end - node.start > MAX_LITERAL) return false
  if (typeof node.value !== 'string') return true
  // A comment of the text is looked for by its last occurrence, by tools that do not parse.
  return !source.slice(node.start, node.end).includes('sourceMapp') && !/[\n\r\u2028\u2029]/.test(node.raw!)
}

/** Is it a function or class that takes its name from what it is assigned to? */
export function isAnonymous(node: AnyNode): boolean {
  if (node.type === 'ArrowFunctionExpression') return true
  return (node.type === 'FunctionExpression' || node.type === 'ClassExpression') && !node.id
}

/** How deep `isInert` looks. */
const DEPTH = 4

/**
 * Can the expression be evaluated earlier or later than other code without a difference? So it is if it runs
 * no code of the program, and no code can change its value.
 */
export function isInert(node: AnyNode | null, isStable: (name: string) => boolean, depth = DEPTH): boolean {
  if (node === null) return true
  if (depth === 0) return false
  const isInertPart = (part: AnyNode | null) => isInert(part, isStable, depth - 1)
  switch (node.type) {
    case 'Literal':
    case 'ThisExpression':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'MetaProperty':
      return true
    case 'Identifier':
      return isStable(node.name)
    case 'TemplateLiteral':
      return node.expressions.length === 0
    case 'UnaryExpression':
      if (node.operator === '-') return node.argument.type === 'Literal'
      if (node.operator === 'typeof' && node.argument.type === 'Identifier')
        return isStable(node.argument.name)
      return (node.operator === '!' || node.operator === 'void') && isInertPart(node.argument)
    case 'LogicalExpression':
      return isInertPart(node.left) && isInertPart(node.right)
    case 'BinaryExpression':
      return (
        (node.operator === '===' || node.operator === '!==') &&
        isInertPart(node.left) &&
        isInertPart(node.right)
      )
    case 'ConditionalExpression':
      return isInertPart(node.test) && isInertPart(node.consequent) && isInertPart(node.alternate)
    case 'ArrayExpression':
      return node.elements.every(isInertPart)
    case 'ObjectExpression':
      return node.properties.every(
        property => property.type === 'Property' && !property.computed && isInertPart(property.value),
      )
    default:
      return false
  }
}

/** Is it a value whose conversion to text runs no code of the program? */
export function isPrimitive(node: AnyNode): boolean {
  if (node.type === 'Literal') return !node.regex
  return ['TemplateLiteral', 'UpdateExpression', 'UnaryExpression', 'BinaryExpression'].includes(node.type)
}

const ARITHMETIC = new Set(['-', '*', '/', '%', '**', '|', '&', '^', '<<', '>>', '>>>'])

/** Is it a number? A sum with a number is taken for one, if nothing in it is text for sure. */
export function isNumeric(node: AnyNode): boolean {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'number' || typeof node.value === 'bigint'
    case 'UpdateExpression':
      return true
    case 'UnaryExpression':
      return ['-', '+', '~', '!'].includes(node.operator)
    case 'BinaryExpression':
      return ARITHMETIC.has(node.operator) || (node.operator === '+' && isNumericSum(node))
    case 'MemberExpression':
      return !node.computed && node.property.type === 'Identifier' && node.property.name === 'length'
    case 'AssignmentExpression':
      return node.operator !== '=' ? ARITHMETIC.has(node.operator.slice(0, -1)) : isNumeric(node.right)
    default:
      return false
  }
}

/** Is it text for sure? */
function isText(node: AnyNode): boolean {
  if (node.type === 'Literal') return typeof node.value === 'string'
  if (node.type === 'TemplateLiteral') return true
  return (
    node.type === 'BinaryExpression' && node.operator === '+' && (isText(node.left) || isText(node.right))
  )
}

/** Is this `+` taken for one of numbers? */
export function isNumericSum(node: BinaryExpression): boolean {
  return (isNumeric(node.left) || isNumeric(node.right)) && !isText(node)
}
