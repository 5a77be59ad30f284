// What Node's search for the names that a CommonJS module exports must find as it was written. Node looks for
// a few patterns of text, without parsing (cjs-module-lexer).
import type { AnyNode, CallExpression } from 'acorn'

/** Is it `exports` or `module.exports`? */
export function isExports(node: AnyNode | undefined): boolean {
  if (node?.type === 'Identifier') return node.name === 'exports'
  return (
    node?.type === 'MemberExpression' &&
    node.object.type === 'Identifier' &&
    node.object.name === 'module' &&
    propertyOf(node) === 'exports'
  )
}

/** Is it `exports`, `module.exports` or a property of one? */
export function isExported(node: AnyNode): boolean {
  return isExports(node) || (node.type === 'MemberExpression' && isExports(node.object))
}

function propertyOf(node: AnyNode): string | undefined {
  if (node.type !== 'MemberExpression') return undefined
  if (!node.computed) return node.property.type === 'Identifier' ? node.property.name : undefined
  return node.property.type === 'Literal' ? String(node.property.value) : undefined
}

function isRequire(node: AnyNode | undefined): boolean {
  return (
    node?.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'require'
  )
}

/** Is it a call that must stay unchanged, although its parts may change? */
export function namesModule(node: CallExpression): boolean {
  return isRequire(node) || isRequire(node.callee) || isRequire(node.arguments[0])
}

/** Is it a call that must stay unchanged, with all its parts? */
export function definesExports({ callee, arguments: args }: CallExpression): boolean {
  if (callee.type !== 'MemberExpression') return false
  const { object } = callee
  if (object.type === 'Identifier' && object.name === 'Object' && propertyOf(callee) === 'defineProperty')
    return isExports(args[0])
  // Object.keys(x).forEach(function (key) { ... exports[key] = x[key] ... })
  return (
    propertyOf(callee) === 'forEach' &&
    object.type === 'CallExpression' &&
    object.arguments[0]?.type === 'Identifier' &&
    propertyOf(object.callee) === 'keys'
  )
}
