// Runs inside the traced program. Rewrites the texts of its modules and remembers which.
import { resolve } from 'node:path'
import { type FunctionStart, hotFunctions } from '../../hot-functions.ts'
import { NO_LINES } from '../../series/metadata.ts'
import { areOwnFramesStable } from '../../v8/flags.ts'
import { method, unharmed } from '../unharmed.ts'
import { announceMap } from './announce-map.ts'
import { chosenBy, type Lines } from './choice.ts'
import type { Functions, Kind, Loaded, Question, Rewritten } from './question.ts'
import { Rewriter } from './rewriter.ts'

/** A module's text before it is compiled. */
export interface ModuleText {
  filename: string
  source: string
  kind: Kind
  isTypeScript: boolean
}

const slice = method(String.prototype.slice) // taken before the program can change it

/** Files that are named in notes; the others are counted. */
const MOST_NAMED = 20

const NONE: Functions = { source: '', before: [], after: [] }

/** Values by file; without a prototype, which a program could change. */
type ByFile<T> = Record<string, T>

/** Rewrites the texts of one thread. */
export class Rewriting {
  readonly lines: Lines
  readonly padding: boolean
  /** What was rewritten, by file. */
  readonly files = Object.create(null) as ByFile<Rewritten>
  /** Why a file runs unchanged. */
  readonly left = Object.create(null) as ByFile<string>
  /** For `auto`: the functions that held the most the last time, by file. */
  readonly hot: ByFile<FunctionStart[]> | undefined
  /** Asked for when the text of a function is. */
  readonly #functions = Object.create(null) as ByFile<Functions>
  readonly #isChosen: (path: string) => boolean
  readonly #rewriter = new Rewriter()
  #isOn = true
  #receive: () => Loaded | undefined = () => undefined

  /** Throws if lines cannot be measured in this process. */
  constructor(lines: Lines, padding: boolean) {
    this.lines = lines
    this.padding = padding
    this.#isChosen = chosenBy(lines)
    this.hot = lines === 'auto' ? lastTime() : undefined
    const flags = `${words} ${areOwnFramesStable()}`
    const { reason } = this.#rewriter.answer({
      source: flags,
      kind: 'canary',
      typescript: undefined,
      padding,
    })
    if (reason !== undefined) throw new Error(reason)
  }

  /** The text to compile; undefined if it is to be compiled unchanged. Does not throw. */
  rewrite({ filename, source, kind, isTypeScript }: ModuleText): string | undefined {
    return unharmed(() => {
      if (!this.#isOn || !this.#isWanted(filename)) return undefined
      const typescript = isTypeScript ? TYPESCRIPT : undefined
      const functions = this.hot?.[filename]
      const answer = this.#ask({ source, kind, typescript, padding: this.padding, functions })
      this.#note({ filename, original: source, kind, typescript, answer })
      return answer.text
    })
  }

  #isWanted(filename: string): boolean {
    return this.#isChosen(filename) && (this.hot === undefined || this.hot[filename] !== undefined)
  }

  #ask(question: Question) {
    try {
      return this.#rewriter.answer(question)
    } catch (error) {
      this.#isOn = false // nobody should wait again
      throw error
    }
  }

  #note({ filename, original, kind, typescript, answer }: Loaded): void {
    const { text, reason } = answer
    if (text !== undefined) {
      this.files[filename] = { original, text, kind, typescript }
      announceMap(filename, text)
    } else if (reason !== undefined) this.left[filename] = reason
  }

  /** The original text of a function at an offset of a file; undefined if it is not found. Does not throw. */
  functionText(filename: string, start: number, end: number): string | undefined {
    return unharmed(() => {
      const functions = (this.#functions[filename] ??= this.#rewriter.functions(this.files[filename]) ?? NONE)
      const { source, before, after } = functions
      for (let i = 0; i < after.length; i++)
        if (after[i][0] === start && after[i][1] === end) return slice(source, before[i][0], before[i][1])
      return undefined
    })
  }

  /** What the user should know: which files are not rewritten, and why. */
  notes(): string[] {
    this.update()
    const notes: string[] = []
    let count = 0
    for (const filename in this.left)
      if (count++ < MOST_NAMED) notes[notes.length] = `${NO_LINES}: ${filename}: ${this.left[filename]}`
    if (count > MOST_NAMED) notes[notes.length] = `${NO_LINES}: ${count - MOST_NAMED} more files`
    return notes
  }

  /** Names who tells what another thread has rewritten for this one. */
  listen(receive: () => Loaded | undefined): void {
    this.#receive = receive
  }

  /** Takes in what another thread has rewritten. */
  update(): void {
    for (let loaded = this.#receive(); loaded; loaded = this.#receive()) this.#note(loaded)
  }
}

/** V8's and Node's options for this process. */
const words = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')

/** How Node removes types. */
const TYPESCRIPT = words.includes('--experimental-transform-types') ? 'transform' : 'strip'

/** The functions that held the most in the last run of this program, by file. Throws if there was none. */
function lastTime(): ByFile<FunctionStart[]> {
  const [, program] = process.argv
  const functions = program === undefined ? [] : hotFunctions(resolve(program))
  if (functions.length === 0) throw new Error('auto knows no earlier run of this program')
  const byFile = Object.create(null) as ByFile<FunctionStart[]>
  for (const start of functions) (byFile[start.filename] ??= []).push(start)
  return byFile
}
