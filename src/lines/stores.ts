// Assignments that may allocate: a store makes its object grow, and `+=` may make a text.
import type { AnyNode, AssignmentExpression, MemberExpression } from 'acorn'
import { Lift } from './lift.ts'
import { isSimple, type MemberScribe, memberParts } from './members.ts'
import { isAnonymous, isNumeric } from './operands.ts'

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
