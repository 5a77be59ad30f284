// One walk over a program's syntax tree that writes the new text.
import type {
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  AssignmentExpression,
  CallExpression,
  ChainExpression,
  FunctionDeclaration,
  FunctionExpression,
  NewExpression,
  ObjectExpression,
  TaggedTemplateExpression,
  WithStatement,
} from 'acorn'
import { liftCall, liftNew, liftTagged, STRINGS } from './calls.ts'
import { keepChain, liftChain } from './chains.ts'
import { visitChildren } from './children.ts'
import { definesExports, isExported, isExports, namesModule } from './exports.ts'
import { HELPER_PREFIX } from './helper-name.ts'
import { Lift, RECEIVER } from './lift.ts'
import { Literals } from './literals.ts'
import {
  canLiftAddition,
  canLiftStore,
  heldOf,
  liftAddition,
  liftStore,
  type MemberScribe,
} from './members.ts'
import { isNumericSum } from './operands.ts'
import type { RewriteOptions, Rewritten, SourceType } from './options.ts'
import { Output } from './output.ts'
import type { Parsed } from './parse.ts'

/** Operations within operands of others, one in the next; those further in are left where they are. */
const MAX_DEPTH = 100
/** Never true: what it guards only makes helpers large. */
const PADDING = `${HELPER_PREFIX}Z`

type AnyFunction =
  | AnonymousFunctionDeclaration
  | FunctionDeclaration
  | FunctionExpression
  | ArrowFunctionExpression

export class Rewriter implements MemberScribe {
  readonly source: string
  readonly output: Output
  readonly literals: Literals
  readonly helpers: string[] = []
  readonly padding: string
  readonly extras = new Set<string>()
  depth = 0
  readonly #parsed: Parsed
  readonly #sourceType: SourceType
  #select: RewriteOptions['select']
  /** Is the code that is being written to be rewritten? */
  #isSelected: boolean
  #left = 0
  readonly #isFileStrict: boolean
  /** Is the code that is being written strict? */
  #isStrict: boolean

  constructor(source: string, parsed: Parsed, { sourceType, select, padding = 0 }: RewriteOptions) {
    this.source = source
    this.output = new Output(source, sourceType === 'script' ? numberOf(source) : 0)
    this.literals = new Literals(source, this.output, parsed.isStable)
    this.padding = padding > 0 ? `if(${PADDING})[${','.repeat(padding)}${PADDING}]=${PADDING};` : ''
    if (padding > 0) this.extras.add(PADDING)
    this.#isFileStrict = sourceType === 'module' || isDirected(parsed.program)
    this.#isStrict = this.#isFileStrict
    this.#parsed = parsed
    this.#sourceType = sourceType
    this.#select = select
    this.#isSelected = select?.({ lineno: 1, column: 1 }) ?? true
  }

  isDeclared(name: string): boolean {
    return this.#parsed.isDeclared(name)
  }

  rewrite(): Rewritten {
    const { program } = this.#parsed
    visitChildren(program, this.visit)
    const sites = this.helpers.length
    const left = this.#left
    const last = program.body.at(-1)
    if (sites === 0 || last === undefined) return { text: this.source, sites: 0, left }
    // A `;`, as the last statement may have none. Comments after it, such as the source map's, stay the last.
    return { text: this.output.finish(last.end, `;${this.#shared()}${this.helpers.join('')}`), sites, left }
  }

  /** What the helpers share. */
  #shared(): string {
    const variables = [RECEIVER, PADDING].filter(name => this.extras.has(name))
    const strings = this.extras.has(STRINGS) ? `function ${STRINGS}(strings){return strings}` : ''
    return `${variables.length > 0 ? `var ${variables.join()};` : ''}${strings}`
  }

  readonly visit = (node: AnyNode): void => {
    const held = heldOf(node)
    if (held) {
      this.output.skip(held.end)
      this.output.write(held.text)
      return
    }
    const write = this.#writers[node.type]
    if (write === undefined) visitChildren(node, this.visit)
    else write(node as never)
  }

  /** How the kinds of nodes are written that are not simply copied. */
  readonly #writers: { [Type in AnyNode['type']]?: (node: Extract<AnyNode, { type: Type }>) => void } = {
    CallExpression: node => this.#call(node),
    NewExpression: node => this.#new(node),
    TaggedTemplateExpression: node => this.#tagged(node),
    ArrayExpression: node =>
      this.#lift(
        node,
        this.literals.canLiftArray(node),
        lift => `[${this.literals.list(lift, node.elements)}]`,
      ),
    ObjectExpression: node =>
      this.#lift(node, this.literals.canLiftObject(node), lift => this.literals.object(lift, node)),
    TemplateLiteral: node => {
      if (node.expressions.length > 0)
        this.#lift(node, this.literals.canLiftQuasi(node), lift => this.literals.template(lift, node))
    },
    Literal: node => {
      if (node.regex) this.#lift(node, true, () => node.raw!)
    },
    BinaryExpression: node => {
      if (node.operator !== '+' || isNumericSum(node)) visitChildren(node, this.visit)
      else this.#lift(node, true, lift => this.literals.sum(lift, node))
    },
    AssignmentExpression: node => this.#assignment(node),
    ChainExpression: node => {
      const isLifted = this.#canLift()
      this.#count(isLifted ? liftChain(this, node.expression) : keepChain(this, node.expression))
    },
    UnaryExpression: node => {
      if (node.operator === 'delete' && node.argument.type === 'ChainExpression')
        this.#keepChain(node.argument)
      else visitChildren(node, this.visit)
    },
    FunctionDeclaration: node => this.#function(node),
    FunctionExpression: node => this.#function(node),
    ArrowFunctionExpression: node => this.#function(node),
    ClassDeclaration: node => this.#class(node),
    ClassExpression: node => this.#class(node),
    WithStatement: node => this.#with(node),
    ForStatement: node => this.#loop(node),
    ForInStatement: node => this.#loop(node),
    ForOfStatement: node => this.#loop(node),
    ExpressionStatement: node => {
      if (node.directive === undefined || this.source.charCodeAt(node.end - 1) !== 59) this.#statement(node)
    },
    ExportDefaultDeclaration: node => {
      if (/Function|Class/.test(node.declaration.type)) this.visit(node.declaration)
      else this.#statement(node)
    },
    VariableDeclaration: node => this.#statement(node),
    ReturnStatement: node => this.#statement(node),
    ThrowStatement: node => this.#statement(node),
    PropertyDefinition: node => this.#statement(node),
    // The names of modules, and what is imported and exported, are no expressions.
    ExportNamedDeclaration: node => {
      if (node.declaration) this.visit(node.declaration)
    },
  }

  /** The declaration in the head of a loop is no statement of its own. */
  #loop(node: AnyNode): void {
    visitChildren(node, child => {
      if (child.type === 'VariableDeclaration') visitChildren(child, this.visit)
      else this.visit(child)
    })
  }

  /**
   * A statement without its `;` may end in `++` or a function, after which the next line cannot go on, but it
   * could after a call.
   */
  #statement(node: AnyNode): void {
    visitChildren(node, this.visit)
    if (this.source.charCodeAt(node.end - 1) === 59) return
    this.output.copy(node.end)
    this.output.write(';')
  }

  #canLift(): boolean {
    return this.#isSelected && this.depth < MAX_DEPTH
  }

  #lift(node: AnyNode, isPossible: boolean, body: (lift: Lift) => string): void {
    if (isPossible && this.#canLift()) {
      const lift = new Lift(this, node.start)
      lift.end(node.end, body(lift))
    } else this.#stay(node)
  }

  /** Leaves an operation where it is, but not what is in it. */
  #stay(node: AnyNode): void {
    this.#count(1)
    visitChildren(node, this.visit)
  }

  /** Counts what stays in its function. */
  #count(stayed: number): void {
    if (this.#isSelected) this.#left += stayed
  }

  #keepChain({ expression }: ChainExpression): void {
    this.#count(keepChain(this, expression))
  }

  /** All that is in `with` stays: there any name may be a property. */
  #with({ object, body }: WithStatement): void {
    this.visit(object)
    const select = this.#select
    const isSelected = this.#isSelected
    this.#isSelected = false
    this.#select = () => false
    this.visit(body)
    this.#isSelected = isSelected
    this.#select = select
  }

  #call(node: CallExpression): void {
    const { callee } = node
    const isCommonJs = this.#sourceType === 'commonjs'
    if (isCommonJs && definesExports(node)) {
      this.#left++
      this.output.copy(node.end)
      return
    }
    const stays =
      callee.type === 'Super' ||
      (callee.type === 'Identifier' && callee.name === 'eval') ||
      (isCommonJs && namesModule(node)) ||
      !this.literals.canPass(node.arguments)
    if (callee.type === 'ChainExpression') {
      // (a?.b)() has the object as `this`.
      this.#count(1)
      this.#keepChain(callee)
      for (const argument of node.arguments) this.visit(argument as AnyNode)
    } else if (stays || !this.#canLift()) this.#stay(node)
    else liftCall(this, node)
  }

  #new(node: NewExpression): void {
    if (this.literals.canPass(node.arguments) && this.#canLift()) {
      liftNew(this, node)
      return
    }
    this.#count(1)
    const { output } = this
    output.copy(node.callee.start)
    // What is written for the callee may be a call.
    output.write('(')
    this.visit(node.callee)
    output.copy(node.callee.end)
    output.write(')')
    for (const argument of node.arguments) this.visit(argument as AnyNode)
  }

  #tagged(node: TaggedTemplateExpression): void {
    if (this.literals.canLiftQuasi(node.quasi) && this.#canLift()) {
      liftTagged(this, node)
      return
    }
    this.#count(1)
    this.visit(node.tag)
    for (const expression of node.quasi.expressions) this.visit(expression)
  }

  #assignment(node: AssignmentExpression): void {
    const { left, right } = node
    const isStrict = this.#isStrict && !this.#isFileStrict
    if (this.#sourceType === 'commonjs' && isExported(left)) {
      if (isExports(left) && right.type === 'ObjectExpression') this.#exportedObject(right)
      else visitChildren(node, this.visit)
    } else if (canLiftStore(node) && this.#canLift()) liftStore(this, node, isStrict)
    else if (canLiftAddition(this, node) && this.#canLift()) liftAddition(this, node, isStrict)
    else visitChildren(node, this.visit)
  }

  /** Node's search reads the names of an exported object up to the first value that is not a name. */
  #exportedObject(node: ObjectExpression): void {
    this.#count(1)
    visitChildren(node, property => {
      const value = property.type === 'Property' && property.kind === 'init' ? property.value : undefined
      if (value?.type !== 'ArrayExpression' && value?.type !== 'ObjectExpression') this.visit(property)
      else {
        this.output.copy(value.start)
        this.output.write('(')
        this.visit(value)
        this.output.copy(value.end)
        this.output.write(')')
      }
    })
  }

  #class(node: AnyNode): void {
    const isStrict = this.#isStrict
    this.#isStrict = true
    visitChildren(node, this.visit)
    this.#isStrict = isStrict
  }

  #function(node: AnyFunction): void {
    const { depth } = this
    const isSelected = this.#isSelected
    if (this.#select) this.#isSelected = this.#select(this.output.siteOf(this.#startOf(node)))
    this.depth = 0
    const isStrict = this.#isStrict
    this.#isStrict ||= isDirected(node.body)
    visitChildren(node, this.visit)
    this.#isStrict = isStrict
    this.depth = depth
    this.#isSelected = isSelected
  }

  /** Where V8 says that a function starts: at its parameters. */
  #startOf(node: AnyFunction): number {
    if (node.type === 'ArrowFunctionExpression') return node.start
    return this.source.indexOf('(', node.id?.end ?? node.start)
  }
}

/** Does it begin with "use strict"? */
function isDirected(body: AnyNode): boolean {
  if (body.type !== 'BlockStatement' && body.type !== 'Program') return false
  return body.body.some(
    statement => statement.type === 'ExpressionStatement' && statement.directive === 'use strict',
  )
}

/**
 * Where the numbers of a script's helpers begin. Helpers of a script are global functions: those of two
 * scripts must differ.
 */
function numberOf(source: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < source.length; at++) hash = Math.imul(hash ^ source.charCodeAt(at), 0x01000193)
  return ((hash >>> 0) % 900_000) * 1000 + 1
}
