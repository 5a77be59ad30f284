// Calls, methods, `new` and tagged templates: the operands stay in their order, the call moves.
import type {
  AnyNode,
  CallExpression,
  MemberExpression,
  NewExpression,
  TaggedTemplateExpression,
} from 'acorn'
import { HELPER_PREFIX } from './helper-name.ts'
import { Lift } from './lift.ts'
import { heldOf, type MemberScribe, memberParts, nameOf } from './members.ts'

/** Gives the strings of a template to a tag that is called as a method. */
export const STRINGS = `${HELPER_PREFIX}S`

/** Stands for any expression of a template whose strings alone are wanted. */
const SUBSTITUTION = `\${0}`

/** Where V8 says that a call is: at the name of a method, else at its begin. */
function siteOf(node: AnyNode, callee: AnyNode): number {
  return callee.type === 'MemberExpression' ? callee.property.start : node.start
}

export function liftNew(scribe: MemberScribe, node: NewExpression): void {
  const lift = new Lift(scribe, node.start)
  const callee = lift.param(node.callee, nameOf(node.callee))
  lift.end(node.end, `new ${callee}(${scribe.literals.list(lift, node.arguments)})`)
}

export function liftCall(scribe: MemberScribe, node: CallExpression): void {
  const { callee } = node
  const held = heldOf(callee)
  const lift = new Lift(scribe, node.start, siteOf(node, callee))
  if (callee.type === 'MemberExpression') {
    const isInert = node.arguments.every(argument => scribe.literals.isInert(argument as AnyNode))
    const list = () => scribe.literals.list(lift, node.arguments)
    lift.end(
      node.end,
      isInert && isPlain(callee)
        ? plainMethod(scribe, lift, callee, list)
        : exactMethod(scribe, lift, callee, list),
    )
  } else if (held?.receiver !== undefined) {
    const receiver = lift.written(() => scribe.output.write(held.receiver!))
    const method = lift.param(callee)
    const args = scribe.literals.list(lift, node.arguments)
    lift.end(node.end, `${lift.name}.call.call(${method},${receiver}${args && `,${args}`})`)
  } else {
    const name = lift.param(callee, nameOf(callee))
    lift.end(node.end, `${name}(${scribe.literals.list(lift, node.arguments)})`)
  }
}

export function liftTagged(scribe: MemberScribe, node: TaggedTemplateExpression): void {
  const { tag, quasi } = node
  const lift = new Lift(scribe, node.start, siteOf(node, tag))
  const { literals } = scribe
  const text = () => literals.quasi(lift, quasi)
  if (tag.type !== 'MemberExpression') {
    const name = lift.param(tag, nameOf(tag))
    lift.end(node.end, `${name}${text()}`)
  } else if (isPlain(tag) && quasi.expressions.every(expression => literals.isInert(expression)))
    lift.end(node.end, plainMethod(scribe, lift, tag, text, ''))
  else {
    scribe.extras.add(STRINGS)
    const strings = quasi.quasis.map(part => scribe.source.slice(part.start, part.end)).join(SUBSTITUTION)
    const list = () => [`${STRINGS}\`${strings}\``, ...values()].join()
    const values = () => quasi.expressions.map(expression => literals.operand(lift, expression, true))
    lift.end(node.end, exactMethod(scribe, lift, tag, list))
  }
}

/** Can the helper look the method up? Not that of `super`, and none that is private. */
function isPlain({ object, property }: MemberExpression): boolean {
  return object.type !== 'Super' && property.type !== 'PrivateIdentifier'
}

/** The helper looks the method up. As the arguments run no code, nobody sees that they are there before. */
function plainMethod(
  { literals, source }: MemberScribe,
  lift: Lift,
  { object, property, computed }: MemberExpression,
  list: () => string,
  [open = '', close = ''] = '()',
): string {
  const receiver =
    object.type === 'Identifier' || object.type === 'MemberExpression'
      ? lift.param(object, nameOf(object))
      : inParentheses(literals.operand(lift, object, computed))
  const method = !computed
    ? `.${source.slice(property.start, property.end)}`
    : `[${literals.operand(lift, property as AnyNode)}]`
  return `${receiver}${method}${open}${list()}${close}`
}

/** The method is looked up before the arguments are evaluated, as in the source. */
function exactMethod(scribe: MemberScribe, lift: Lift, callee: MemberExpression, list: () => string): string {
  const { receiver, method, place } = memberParts(scribe, lift, callee)
  const args = list()
  const called = `${lift.name}.call.call(${method},${receiver}${args && `,${args}`})`
  // Where it is no function, the helper calls it as the source did, so that the error says the same.
  return `typeof ${method}==="function"?${called}:${place === '' ? method : `${receiver}${place}`}(${args})`
}

/** A number has a dot of its own, and a sign does not belong to what follows the number. */
function inParentheses(text: string): string {
  return /^[-\d.]/.test(text) ? `(${text})` : text
}
