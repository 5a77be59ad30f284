// An object and one of its properties as operands: each is looked at once, in the order of the source.
import type { AnyNode, MemberExpression } from 'acorn'
import { type Lift, RECEIVER, type Scribe, writeOperand } from './lift.ts'
import type { Literals } from './literals.ts'

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
