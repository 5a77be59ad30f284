// An object and one of its properties, as operands and as targets: each is looked at once, in the order of
// the source. A store makes its object grow, and `+=` may make a text.
import type { AnyNode, AssignmentExpression, MemberExpression } from 'acorn'
import { Lift, RECEIVER, type Scribe, writeOperand } from './lift.ts'
import type { Literals } from './literals.ts'
import { isAnonymous, isNumeric } from './operands.ts'

export interface MemberScribe extends Scribe {
  readonly literals: Literals
  /** Names of the parts that some helpers share. */
  readonly extras: Set<string>
  isDeclared(name: string): boolean
}

/** Stands in the tree for a value that has been evaluated before: a text gives it. */
export interface Held {
  readonly type: 'Held'
  readonly start: number
  readonly end: number
  readonly text: string
  /** The text of the object that it is a method of. */
  readonly receiver?: string
}

export function heldOf(node: AnyNode | Held): Held | undefined {
  return node.type === 'Held' ? node : undefined
}

/** What a parameter is called, so that the messages of errors name what they did. */
export function nameOf(node: AnyNode): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type !== 'MemberExpression' || node.computed) return undefined
  return node.property.type === 'Identifier' ? node.property.name : undefined
}

/** Can it be evaluated twice in a row without a difference? */
export function isSimple(scribe: MemberScribe, node: AnyNode): boolean {
  if (node.type === 'ThisExpression' || node.type === 'Super' || heldOf(node)) return true
  return node.type === 'Identifier' && scribe.isDeclared(node.name)
}

/** The text of what is simple. */
export function simpleText({ source }: MemberScribe, node: AnyNode): string {
  return heldOf(node)?.text ?? source.slice(node.start, node.end)
}

interface MemberParts {
  /** The names that object and property have in the helper. */
  readonly receiver: string
  readonly method: string
  /** What follows the object where its property is meant; empty if it has no such text in a helper. */
  readonly place: string
}

/** Passes an object, and its property. What is not simple is held for a moment: nothing runs in between. */
export function memberParts(
  scribe: MemberScribe,
  lift: Lift,
  { object, property, computed }: MemberExpression,
): MemberParts {
  const { output, source } = scribe
  const isFree = !isSimple(scribe, object)
  output.skip(object.start)
  const text = isFree ? RECEIVER : simpleText(scribe, object)
  const receiver = lift.written(() => {
    if (isFree) {
      scribe.extras.add(RECEIVER)
      output.write(`${RECEIVER}=`)
      writeOperand(scribe, object)
    } else output.write(object.type === 'Super' ? 'this' : text)
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
  const hasPlace = !computed && object.type !== 'Super' && property.type !== 'PrivateIdentifier'
  return { receiver, method, place: hasPlace ? `.${source.slice(property.start, property.end)}` : '' }
}

/** Can `a.b = c` or `a[b] = c` move? Not with a private name or `super`, which mean nothing elsewhere. */
export function canLiftStore({ left, right, operator }: AssignmentExpression): boolean {
  if (operator !== '=' || left.type !== 'MemberExpression' || isAnonymous(right)) return false
  if (left.object.type === 'Super' || left.property.type === 'PrivateIdentifier') return false
  // The fields that a constructor sets have room in the object.
  return left.computed || left.object.type !== 'ThisExpression'
}

export function liftStore(scribe: MemberScribe, node: AssignmentExpression, isStrict: boolean): void {
  const { object, property, computed } = node.left as MemberExpression
  const { literals, source } = scribe
  const lift = new Lift(scribe, node.start)
  const target = lift.param(object, object.type === 'Identifier' ? object.name : undefined)
  const place = computed
    ? `[${literals.operand(lift, property as AnyNode, !literals.isInert(node.right))}]`
    : `.${source.slice(property.start, property.end)}`
  lift.end(node.end, `${target}${place}=${literals.operand(lift, node.right)}`, isStrict)
}

/** Can `a += b`, `a.b += c` or `a[b] += c` move? Not sums of numbers, and not where `b` runs code. */
export function canLiftAddition(
  scribe: MemberScribe,
  { left, right, operator }: AssignmentExpression,
): boolean {
  if (operator !== '+=' || isNumeric(right) || isNumeric(left)) return false
  if (left.type === 'Identifier') return true
  if (left.type !== 'MemberExpression' || left.object.type === 'Super') return false
  if (left.property.type === 'PrivateIdentifier') return false
  if (!left.computed) return true
  const isKeySimple = left.property.type === 'Literal' || left.property.type === 'Identifier'
  return isKeySimple && scribe.literals.isInert(left.property) && isSimple(scribe, left.object)
}

/** The old value is read before the right side is evaluated, as in the source. */
export function liftAddition(scribe: MemberScribe, node: AssignmentExpression, isStrict: boolean): void {
  const { output, literals, source } = scribe
  const { left, right } = node
  if (left.type === 'Identifier') {
    output.copy(node.start)
    output.write(`${source.slice(left.start, left.end)}=`)
    const lift = new Lift(scribe, node.start)
    const old = lift.param(left, left.name)
    lift.end(node.end, `${old}+${literals.operand(lift, right)}`)
    return
  }
  const { computed, property } = left as MemberExpression
  const lift = new Lift(scribe, node.start)
  const { receiver, method: old, place } = memberParts(scribe, lift, left as MemberExpression)
  const key = () => lift.written(() => output.write(source.slice(property.start, property.end)))
  const target = `${receiver}${computed ? `[${key()}]` : place}`
  lift.end(node.end, `${target}=${old}+${literals.operand(lift, right)}`, isStrict)
}
