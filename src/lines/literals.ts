// The texts of literals, templates and sums in a helper's body; their operands become its parameters.
import type {
  AnyNode,
  ArrayExpression,
  BinaryExpression,
  ObjectExpression,
  Property,
  TemplateLiteral,
} from 'acorn'
import type { Lift } from './lift.ts'
import { isAnonymous, isInert, isPlainLiteral, isPrimitive, type Operand } from './operands.ts'
import type { Output } from './output.ts'

/** A helper has no more operands. */
const MAX_OPERANDS = 200
/** Literals that stand in a line longer than this have helpers of their own: such a text was minified. */
const LONG_LINE = 400

export class Literals {
  readonly #source: string
  readonly #output: Output
  readonly #isStable: (name: string) => boolean
  readonly #constants = new Map<AnyNode, boolean>()

  constructor(source: string, output: Output, isStable: (name: string) => boolean) {
    this.#source = source
    this.#output = output
    this.#isStable = isStable
  }

  isInert(node: AnyNode | null): boolean {
    return isInert(node, this.#isStable)
  }

  #isInertPart(node: AnyNode | null): boolean {
    if (node?.type === 'SpreadElement') return this.isInert(node.argument)
    if (node?.type !== 'Property') return this.isInert(node)
    return this.isInert(node.value) && (!node.computed || this.isInert(node.key))
  }

  /** For each operand: may code of the program run between its evaluation and the operation? */
  #isFollowed(operands: readonly (AnyNode | null)[], isFollowed: boolean): boolean[] {
    const result = new Array<boolean>(operands.length)
    for (let index = operands.length - 1; index >= 0; index--) {
      result[index] = isFollowed
      isFollowed ||= !this.#isInertPart(operands[index]!)
    }
    return result
  }

  /** Can these be arguments or elements? What `...` iterates must not be changed by what comes later. */
  canPass(operands: readonly Operand[]): boolean {
    if (operands.length > MAX_OPERANDS) return false
    if (!operands.some(operand => operand?.type === 'SpreadElement')) return true
    const isFollowed = this.#isFollowed(operands, false)
    return operands.every((operand, index) => operand?.type !== 'SpreadElement' || !isFollowed[index])
  }

  canLiftArray(node: ArrayExpression): boolean {
    return this.canPass(node.elements) || this.#isConstant(node)
  }

  canLiftObject({ properties }: ObjectExpression): boolean {
    if (properties.length > MAX_OPERANDS) return false
    const isFollowed = this.#isFollowed(properties, false)
    return properties.every((property, index) => {
      if (property.type === 'SpreadElement') return !isFollowed[index]
      if (property.kind !== 'init' || property.method || isAnonymous(property.value)) return false
      return (
        !property.computed ||
        isPrimitive(property.key) ||
        (this.isInert(property.value) && !isFollowed[index])
      )
    })
  }

  canLiftTemplate(node: TemplateLiteral): boolean {
    return node.expressions.length > 0 && this.canLiftQuasi(node)
  }

  canLiftQuasi(node: TemplateLiteral): boolean {
    if (node.expressions.length > MAX_OPERANDS) return false
    return !this.#source.slice(node.start, node.end).includes('sourceMapp')
  }

  /** Are all parts written out? */
  #isConstant(node: AnyNode): boolean {
    const known = this.#constants.get(node)
    if (known !== undefined) return known
    const isPart = (part: AnyNode | null) =>
      part === null || isPlainLiteral(part, this.#source) || this.#isConstant(part)
    const result =
      node.type === 'ArrayExpression'
        ? node.elements.every(isPart)
        : node.type === 'ObjectExpression' &&
          node.properties.every(
            property =>
              property.type === 'Property' &&
              property.kind === 'init' &&
              !property.computed &&
              !property.shorthand &&
              isPart(property.value),
          )
    if (node.type === 'ArrayExpression' || node.type === 'ObjectExpression') this.#constants.set(node, result)
    return result
  }

  /** The text of an operand in the helper's body. `isFollowed`: other operands may run code after it. */
  operand(lift: Lift, node: AnyNode | null, isFollowed = false): string {
    if (node === null) return ''
    if (node.type === 'SpreadElement') return `...${lift.param(node.argument)}`
    if (isPlainLiteral(node, this.#source))
      return node.type === 'UnaryExpression' ? `-${this.#text(node.argument)}` : this.#text(node)
    return this.#fused(lift, node, isFollowed) ?? lift.param(node)
  }

  list(lift: Lift, operands: readonly Operand[], isFollowedAfter = false): string {
    const isFollowed = this.#isFollowed(operands, isFollowedAfter)
    const texts = operands.map((operand, index) => this.operand(lift, operand, isFollowed[index]))
    // A hole at the end needs a comma of its own.
    return texts.join() + (operands.length > 0 && operands.at(-1) === null ? ',' : '')
  }

  /** The text of a literal that is made in the helper of the operation that uses it. */
  #fused(lift: Lift, node: AnyNode, isFollowed: boolean): string | undefined {
    if (node.type === 'ArrayExpression') {
      const isFit = this.#isNear(lift, node, node.elements.length) && this.canLiftArray(node)
      if (this.#isConstant(node) || (isFit && !(isFollowed && node.elements.some(isActive))))
        return `[${this.list(lift, node.elements, isFollowed)}]`
    } else if (node.type === 'ObjectExpression') {
      const isFit = this.#isNear(lift, node, node.properties.length) && this.canLiftObject(node)
      if (this.#isConstant(node) || (isFit && !(isFollowed && node.properties.some(isActive))))
        return this.object(lift, node, isFollowed)
    } else if (isFollowed || !this.#isNear(lift, node, 0)) return undefined
    else if (node.type === 'TemplateLiteral' && this.canLiftTemplate(node)) return this.template(lift, node)
    else if (node.type === 'Literal' && node.regex) return this.#text(node)
    return undefined
  }

  #isNear(lift: Lift, node: AnyNode, more: number): boolean {
    const line = this.#output.lineOf(node.start)
    return (
      line === lift.line && this.#output.lengthOfLine(line) < LONG_LINE && lift.size + more <= MAX_OPERANDS
    )
  }

  #text(node: AnyNode): string {
    return this.#source.slice(node.start, node.end)
  }

  object(lift: Lift, { properties }: ObjectExpression, isFollowedAfter = false): string {
    const isFollowed = this.#isFollowed(properties, isFollowedAfter)
    const texts = properties.map((property, index) =>
      property.type === 'SpreadElement'
        ? `...${lift.param(property.argument)}`
        : this.#property(lift, property, isFollowed[index]!),
    )
    return `{${texts.join()}}`
  }

  #property(lift: Lift, { key, value, computed, shorthand }: Property, isFollowed: boolean): string {
    if (shorthand) {
      const text = this.#text(key)
      return `${text === '__proto__' ? '["__proto__"]' : text}:${lift.param(value)}`
    }
    const name = computed ? `[${this.operand(lift, key, true)}]` : this.#text(key)
    return `${name}:${this.operand(lift, value, isFollowed)}`
  }

  template(lift: Lift, { quasis, expressions }: TemplateLiteral): string {
    const isFollowed = this.#isFollowed(expressions, false)
    const texts = quasis.map((quasi, index) => {
      const expression = expressions[index]
      if (expression === undefined) return this.#text(quasi)
      return `${this.#text(quasi)}\${${this.#converted(lift, expression, isFollowed[index]!)}}`
    })
    return `\`${texts.join('')}\``
  }

  /** An operand that becomes text. If code runs after it, it becomes text before that, as in the source. */
  #converted(lift: Lift, node: AnyNode, isFollowed: boolean): string {
    if (!isFollowed || isPrimitive(node)) return this.operand(lift, node, isFollowed)
    this.#output.skip(node.start)
    return lift.written(() => {
      this.#output.write('`${')
      lift.expression(node)
      this.#output.write('}`')
    })
  }

  /** The parts of a tagged template, as they stand between the quotes. */
  quasi(lift: Lift, { quasis, expressions }: TemplateLiteral): string {
    const isFollowed = this.#isFollowed(expressions, false)
    const texts = quasis.map((quasi, index) => {
      const expression = expressions[index]
      if (expression === undefined) return this.#text(quasi)
      return `${this.#text(quasi)}\${${this.operand(lift, expression, isFollowed[index])}}`
    })
    return `\`${texts.join('')}\``
  }

  /**
   * The operands of a chain of sums, from left to right, that are added in one helper. A sum on the left is
   * added in a helper of its own if code runs after it.
   */
  sum(lift: Lift, node: BinaryExpression): string {
    const operands: AnyNode[] = [node.right]
    let left: AnyNode = node.left
    while (
      left.type === 'BinaryExpression' &&
      left.operator === '+' &&
      operands.length < MAX_OPERANDS &&
      this.isInert(operands[0]!)
    ) {
      operands.unshift(left.right)
      left = left.left
    }
    operands.unshift(left)
    const isFollowed = this.#isFollowed(operands, false)
    return operands.map((operand, index) => this.operand(lift, operand, isFollowed[index])).join('+')
  }
}

/** Does code of the program run when this part is put in its place? */
function isActive(node: AnyNode | null): boolean {
  return node?.type === 'SpreadElement' || (node?.type === 'Property' && node.computed)
}
