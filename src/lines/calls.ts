// Calls, methods, `new` and tagged templates: the operands stay in their order, the call moves.
import type {
  AnyNode,
  CallExpression,
  MemberExpression,
  NewExpression,
  TaggedTemplateExpression,
} from 'acorn'
import { HELPER_PREFIX } from './helper-name.ts'
import { Lift, RECEIVER, type Scribe } from './lift.ts'
import type { Literals } from './literals.ts'

/** Gives the strings of a template to a tag that is called as a method. */
export const STRINGS = `${HELPER_PREFIX}S`

/** Stands for any expression of a template whose strings alone are wanted. */
const SUBSTITUTION = `\${0}`

export interface CallScribe extends Scribe {
  readonly literals: Literals
  /** Names of the parts that some helpers share. */
  readonly extras: Set<string>
  isDeclared(name: string): boolean
}

/** Where V8 says that a call is: at the name of a method, else at its begin. */
function siteOf(node: AnyNode, callee: AnyNode): number {
  return callee.type === 'MemberExpression' ? callee.property.start : node.start
}

/** What a parameter is called, so that the messages of errors name what they did. */
function nameOf(node: AnyNode): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type !== 'MemberExpression' || node.computed) return undefined
  return node.property.type === 'Identifier' ? node.property.name : undefined
}

export function liftNew(scribe: CallScribe, node: NewExpression): void {
  const lift = new Lift(scribe, node.start)
  const callee = lift.param(node.callee, nameOf(node.callee))
  lift.end(node.end, `new ${callee}(${scribe.literals.list(lift, node.arguments)})`)
}

export function liftCall(scribe: CallScribe, node: CallExpression): void {
  const { callee } = node
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
  } else {
    const name = lift.param(callee, nameOf(callee))
    lift.end(node.end, `${name}(${scribe.literals.list(lift, node.arguments)})`)
  }
}

export function liftTagged(scribe: CallScribe, node: TaggedTemplateExpression): void {
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
  { literals, source }: CallScribe,
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
function exactMethod(scribe: CallScribe, lift: Lift, callee: MemberExpression, list: () => string): string {
  const { receiver, method, again } = exactParts(scribe, lift, callee)
  const args = list()
  const called = `${lift.name}.call.call(${method},${receiver}${args && `,${args}`})`
  return `typeof ${method}==="function"?${called}:${again}(${args})`
}

interface ExactParts {
  readonly receiver: string
  readonly method: string
  /** The text that throws the right error if the method is no function. */
  readonly again: string
}

function exactParts(
  scribe: CallScribe,
  lift: Lift,
  { object, property, computed }: MemberExpression,
): ExactParts {
  const { output, source } = scribe
  const isSuper = object.type === 'Super'
  const isSimple =
    isSuper ||
    object.type === 'ThisExpression' ||
    (object.type === 'Identifier' && scribe.isDeclared(object.name))
  output.skip(object.start)
  const text = isSimple ? source.slice(object.start, object.end) : RECEIVER
  const receiver = lift.written(() => {
    if (isSimple) output.write(isSuper ? 'this' : text)
    else {
      scribe.extras.add(RECEIVER)
      output.write(`${RECEIVER}=`)
      lift.expression(object)
    }
    output.skip(object.end)
  }, nameOf(object))
  const method = lift.written(() => {
    output.write(text)
    output.skip(property.start)
    output.write(computed ? '[' : '.')
    scribe.visit(property as AnyNode)
    output.copy(property.end)
    if (computed) output.write(']')
  })
  const isNamed = !computed && property.type === 'Identifier'
  return { receiver, method, again: isNamed && !isSuper ? `${receiver}.${property.name}` : method }
}

/** A number has a dot of its own, and a sign does not belong to what follows the number. */
function inParentheses(text: string): string {
  return /^[-\d.]/.test(text) ? `(${text})` : text
}
