// One operation that moves into a helper: the call that replaces it, and the helper's text.
import type { AnyNode } from 'acorn'
import { HELPER_PREFIX } from './helper-name.ts'
import type { Output } from './output.ts'

/** What the parts of the rewriter share. */
export interface Scribe {
  readonly source: string
  readonly output: Output
  /** The helpers so far. */
  readonly helpers: string[]
  /** Text that is written at the beginning of each helper. */
  readonly padding: string
  /** Writes a node, and what is in it, anew. */
  visit(node: AnyNode): void
  /** Counts open operations, one in the operands of another. */
  depth: number
}

/** Names that a parameter cannot have. */
const RESERVED = new Set(
  (
    'arguments async await break case catch class const continue debugger default delete do else enum eval ' +
    'export extends false finally for function if implements import in instanceof interface let new null ' +
    'package private protected public return static super switch this throw true try typeof undefined var ' +
    'void while with yield'
  ).split(' '),
)

export class Lift {
  /** The helper's name. */
  readonly name: string
  /** The line of the operation, from 0. */
  readonly line: number
  readonly #scribe: Scribe
  readonly #params: string[] = []

  /** Begins the call in place of the expression that starts at `start`; `site` is its reported place. */
  constructor(scribe: Scribe, start: number, site = start) {
    const { output } = scribe
    this.#scribe = scribe
    output.copy(start)
    this.name = output.nameAt(site)
    this.line = output.lineOf(site)
    output.writeName(`${this.name}(`)
    scribe.depth++
  }

  get size(): number {
    return this.#params.length
  }

  /** Passes a node as it stands. Returns the name that it has in the helper. */
  param(node: AnyNode, wanted?: string): string {
    const { output } = this.#scribe
    output.skip(node.start)
    return this.written(() => this.expression(node), wanted)
  }

  /** Passes the text that `write` writes; it begins in the source where the last operand ended. */
  written(write: () => void, wanted?: string): string {
    if (this.#params.length > 0) this.#scribe.output.write(',')
    write()
    const isFree = wanted !== undefined && !RESERVED.has(wanted) && !this.#params.includes(wanted)
    const name = isFree ? wanted : this.#freeName()
    this.#params.push(name)
    return name
  }

  /** Writes a node as a part of an operand. */
  expression(node: AnyNode): void {
    writeOperand(this.#scribe, node)
  }

  #freeName(): string {
    let name = `$${this.#params.length}`
    while (this.#params.includes(name)) name += '$'
    return name
  }

  /** Ends the call where the expression ends. The helper returns `body`. */
  end(at: number, body: string, isStrict = false): void {
    const { output, helpers, padding } = this.#scribe
    output.skip(at)
    output.write(')')
    this.#scribe.depth--
    const directive = isStrict ? '"use strict";' : ''
    helpers.push(`function ${this.name}(${this.#params.join()}){${directive}${padding}return ${body}}`)
  }
}

/** Writes a node as an operand of anything. */
export function writeOperand(scribe: Scribe, node: AnyNode): void {
  const { output } = scribe
  const isList = node.type === 'SequenceExpression'
  if (isList) output.write('(')
  scribe.visit(node)
  output.copy(node.end)
  if (isList) output.write(')')
}

/** Holds the receiver of a method between two looks at it. */
export const RECEIVER = `${HELPER_PREFIX}T`
