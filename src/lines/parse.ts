// Parses a program, and learns on the way which names no other code can give a new value.
import { type Options, Parser, type Program } from 'acorn'
import type { SourceType } from './options.ts'

export interface Parsed {
  readonly program: Program
  /**
   * Is the value of a variable of this name the same before and after any other code has run? So it is if it
   * is declared, and assigned to in no function but the one that declares it.
   */
  isStable(name: string): boolean
  /** Is a variable of this name declared in this text? */
  isDeclared(name: string): boolean
}

/** What acorn keeps of a scope while it parses, with what we add. */
interface Scope {
  declared?: Set<string>
  written?: Set<string>
}

/** The parts of acorn's parser that its plug-ins override. */
interface Internals {
  currentVarScope(): Scope
  exitScope(): void
  checkLValSimple(target: { type: string; name?: string }, bindingType?: number, clashes?: object): void
  parse(): Program
}

const Base = Parser as unknown as new (options: Options, source: string) => Internals

/** `bindingType` of an assignment; all others declare a name. */
const ASSIGNMENT = 0

class NamesParser extends Base {
  readonly declared = new Set<string>()
  /** Names that a function assigns to, which belong to another. */
  readonly foreign = new Set<string>(['arguments'])

  override checkLValSimple(
    target: { type: string; name?: string },
    bindingType = ASSIGNMENT,
    clashes?: object,
  ): void {
    super.checkLValSimple(target, bindingType, clashes)
    if (target.type !== 'Identifier' || target.name === undefined) return
    const scope = this.currentVarScope()
    if (bindingType === ASSIGNMENT) (scope.written ??= new Set()).add(target.name)
    else {
      ;(scope.declared ??= new Set()).add(target.name)
      this.declared.add(target.name)
    }
  }

  override exitScope(): void {
    const scope = (this as unknown as { scopeStack: Scope[] }).scopeStack.at(-1)
    if (scope?.written)
      for (const name of scope.written) if (!scope.declared?.has(name)) this.foreign.add(name)
    super.exitScope()
  }
}

/** Parses a text. Throws SyntaxError, or RangeError where it is nested too deeply. */
export function parse(source: string, sourceType: SourceType): Parsed {
  const parser = new NamesParser({ ecmaVersion: 'latest', sourceType, allowHashBang: true }, source)
  const program = parser.parse()
  const { declared, foreign } = parser
  const mayBeEvaluated = /\beval\b|\\u/.test(source)
  return {
    program,
    isStable: name => (declared.has(name) && !foreign.has(name) && !mayBeEvaluated) || name === 'undefined',
    isDeclared: name => declared.has(name),
  }
}
