// Reads a JSON text of any size member by member: generators that wait where the bytes end.
import { parseText, Taker } from './json-document.ts'
import { JsonTokens, TOKEN, type Token } from './json-tokens.ts'
import type { Source } from './source.ts'

/** Waits at each `yield` for more bytes. */
export type Reading<T = void> = Generator<undefined, T, undefined>

/**
 * What a layout is read with: each method takes the value that comes next, and throws FormatError for another one. Values are
 * named by their paths in the document.
 */
export class JsonReader {
  readonly tokens: JsonTokens
  readonly #take: Taker
  /** A token that was looked at, and comes again. */
  #held: Token | undefined

  constructor(format: string) {
    this.tokens = new JsonTokens(format)
    this.#take = new Taker(format)
  }

  /** Reads a source to its end with the reading of its one value. */
  async read<T>(source: Source, value: Reading<T>): Promise<T> {
    let result: { value: T } | undefined
    await this.tokens.feed(source, () => {
      if (!result) {
        const step = value.next()
        if (!step.done) return
        result = { value: step.value }
      }
      this.tokens.next() // nothing but white space may follow
    })
    return result!.value
  }

  /** The next token. */
  *token(): Reading<Token> {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) return held
    let token: Token
    while ((token = this.tokens.next()) === TOKEN.more) yield
    return token
  }

  /** An object: `member` gives the reading of each member's value, or nothing where it is passed over. */
  *object(path: string, member: (key: string) => Reading | undefined): Reading {
    if ((yield* this.token()) !== TOKEN.object) this.#take.fail(path, 'not an object')
    const seen = new Set<string>()
    while ((yield* this.token()) !== TOKEN.objectEnd) {
      const key = this.text()
      const reading = member(key)
      if (!reading) {
        yield* this.skip()
        continue
      }
      if (seen.has(key)) this.#take.fail(memberPath(path, key), 'is there twice')
      seen.add(key)
      yield* reading
    }
  }

  /** An array: `element` gives the reading of each element. */
  *array(path: string, element: (index: number) => Reading): Reading {
    yield* this.open(path)
    for (let i = 0; yield* this.hasNext(); i++) yield* element(i)
  }

  /** Opens an array; `hasNext` then tells whether there is another element. */
  *open(path: string): Reading {
    if ((yield* this.token()) !== TOKEN.array) this.#take.fail(path, 'not an array')
  }

  *hasNext(): Reading<boolean> {
    const token = yield* this.token()
    if (token === TOKEN.arrayEnd) return false
    this.#held = token
    return true
  }

  /** Is the value `null`? If so, it is read. */
  *isNull(): Reading<boolean> {
    const token = yield* this.token()
    if (token === TOKEN.literal && this.tokens.is('null')) return true
    this.#held = token
    return false
  }

  /** An array of numbers: each goes to `take`, and `null`, if it may be there, as NaN. `what` is said of anything else. */
  *numbers(path: string, take: (value: number) => void, what: string, isNullable = false): Reading {
    const { tokens } = this
    yield* this.open(path)
    for (let i = 0; ; i++) {
      i += tokens.wholeNumbers(take)
      let token: Token
      while ((token = tokens.next()) === TOKEN.more) yield
      if (token === TOKEN.number) take(tokens.number())
      else if (token === TOKEN.arrayEnd) return
      else if (isNullable && token === TOKEN.literal && tokens.is('null')) take(Number.NaN)
      else this.#take.fail(`${path}[${i}]`, what)
    }
  }

  /** A number. */
  *number(path: string): Reading<number> {
    if ((yield* this.token()) !== TOKEN.number) this.#take.fail(path, 'not a number within 2^53')
    return this.#take.number(this.tokens.number(), path)
  }

  /** A text. */
  *string(path: string): Reading<string> {
    if ((yield* this.token()) !== TOKEN.string) this.#take.fail(path, 'not a string')
    return this.text()
  }

  /** A line or column: 1-based; 0, -1 and null are unknown. */
  *position(path: string): Reading<number> {
    const token = yield* this.token()
    if (token === TOKEN.literal && this.tokens.is('null')) return 0
    return this.#take.position(token === TOKEN.number ? this.tokens.number() : Number.NaN, path)
  }

  /** Any value, parsed: for what is small. */
  *value(): Reading<unknown> {
    const { tokens } = this
    while (!tokens.span()) yield
    return parseText(tokens.text(), tokens.format, tokens.base + tokens.from)
  }

  /** Passes over a value. */
  *skip(): Reading {
    const { tokens } = this
    let token = yield* this.token()
    if (token !== TOKEN.object && token !== TOKEN.array) return
    for (const depth = tokens.depth; tokens.depth >= depth; ) {
      while ((token = tokens.next()) === TOKEN.more) yield
    }
  }

  /** The last key or string. */
  text(): string {
    const { tokens } = this
    const text = tokens.text()
    if (text.includes('\ufffd') && !tokens.isUtf8()) tokens.fail('malformed', 'not UTF-8 text', tokens.from)
    return text
  }
}

/** The path of a member. */
export function memberPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** Reads a value and hands it over. */
export function* into<T>(value: Reading<T>, take: (value: T) => void): Reading {
  take(yield* value)
}
