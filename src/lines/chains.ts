// Optional chains with calls: `a?.b(c)` becomes `(a==null?void 0:a.b(c))`, whose call can move.
import type { AnyNode, CallExpression, MemberExpression } from 'acorn'
import { RECEIVER, writeOperand } from './lift.ts'
import { type Held, heldOf, isSimple, type MemberScribe, simpleText } from './members.ts'

type Link = CallExpression | MemberExpression

function isLink(node: AnyNode): node is Link {
  return node.type === 'CallExpression' || node.type === 'MemberExpression'
}

/** What a link is applied to. */
function subjectOf(link: Link): AnyNode {
  return link.type === 'CallExpression' ? link.callee : link.object
}

/** The optional link that is evaluated first. */
function firstOptional(chain: AnyNode): Link | undefined {
  let found: Link | undefined
  for (let node = chain; isLink(node); node = subjectOf(node)) if (node.optional) found = node
  return found
}

/** Is there a call that an optional link may keep from happening? */
function hasOptionalCall(chain: AnyNode): boolean {
  const first = firstOptional(chain)
  for (let node = chain; isLink(node); node = subjectOf(node)) {
    if (node.type === 'CallExpression') return true
    if (node === first) return false
  }
  return false
}

/** Leaves the links of a chain, but not what it begins with, nor arguments. Returns the calls left. */
export function keepChain(scribe: MemberScribe, node: AnyNode): number {
  if (!isLink(node) || firstOptional(node) === undefined) {
    scribe.visit(node)
    return 0
  }
  const calls = keepChain(scribe, subjectOf(node))
  if (node.type === 'MemberExpression') {
    if (node.computed) scribe.visit(node.property as AnyNode)
    return calls
  }
  for (const argument of node.arguments) scribe.visit(argument as AnyNode)
  return calls + 1
}

/** Writes a chain so that its calls can move. Returns the calls left where they were. */
export function liftChain(scribe: MemberScribe, chain: AnyNode): number {
  if (!hasOptionalCall(chain)) return keepChain(scribe, chain)
  const { output } = scribe
  output.copy(chain.start)
  output.write('(')
  let left = 0
  for (let link = firstOptional(chain); ; link = firstOptional(chain)) {
    if (link === undefined) {
      scribe.visit(chain)
      break
    }
    if (!holdSubject(scribe, link)) {
      left = keepChain(scribe, chain)
      break
    }
  }
  output.copy(chain.end)
  output.write(')')
  return left
}

/** Writes the test of an optional link, and puts what has been evaluated in its place. */
function holdSubject(scribe: MemberScribe, link: Link): boolean {
  const { output } = scribe
  const subject = subjectOf(link)
  const { start, end } = subject
  if (isSimple(scribe, subject)) {
    const held: Held = heldOf(subject) ?? { type: 'Held', start: end, end, text: simpleText(scribe, subject) }
    output.skip(start)
    output.write(`${held.text}==null?void 0:`)
    output.skip(end)
    setSubject(link, held)
    return true
  }
  let receiver: string | undefined
  if (link.type === 'CallExpression' && subject.type === 'MemberExpression') {
    if (!isSimple(scribe, subject.object)) return false
    receiver = subject.object.type === 'Super' ? 'this' : simpleText(scribe, subject.object)
    if (receiver === RECEIVER) return false
  }
  scribe.extras.add(RECEIVER)
  output.skip(start)
  output.write(`(${RECEIVER}=`)
  writeOperand(scribe, subject)
  output.write(')==null?void 0:')
  setSubject(link, { type: 'Held', start: end, end, text: RECEIVER, receiver })
  return true
}

function setSubject(link: Link, held: Held): void {
  const subject = held as unknown as MemberExpression['object']
  if (link.type === 'CallExpression') link.callee = subject as CallExpression['callee']
  else link.object = subject
  link.optional = false
}
