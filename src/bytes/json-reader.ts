// Reads a JSON text of any size member by member: generators that wait where the bytes end.
import { parseText, Taker } from './json-document.ts'
import { JsonTokens, TOKEN, type Token } from './json-tokens.ts'
import type { Source } from './source.ts'

/** Most elements of an array that are not passed on one by one. */
const MOST_ELEMENTS = 1 << 16

/** A value in a small object; undefined where there is none. */
export type Scalar = string | number | null | undefined

/** Waits at each `yield` for more bytes. */
export type Reading<T = void> = Generator<undefined, T, undefined>

/**
 * What a layout is read with: each method takes the value that comes next, and throws FormatError for another
 * one. Values are named by their paths in the document.
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
      if (seen.has(key)) this.#take.fail(path === '' ? key : `${path}.${key}`, 'is there twice')
      seen.add(key)
      yield* reading
    }
  }

  /** An array of few elements: `element` gives the reading of each. */
  *array(path: string, element: (index: number) => Reading): Reading {
    yield* this.open(path)
    for (let i = 0; ; i++) {
      const token = yield* this.token()
      if (token === TOKEN.arrayEnd) return
      if (i === MOST_ELEMENTS) this.tokens.fail('too-large', `more than ${MOST_ELEMENTS} elements of ${path}`)
      this.#held = token
      yield* element(i)
    }
  }

  /**
   * An array of any number of small objects: `take` gets the values of the members that are named, of each. A
   * value that is neither a number, a text nor null is NaN.
   */
  *records(
    path: string,
    names: readonly string[],
    take: (values: readonly Scalar[], index: number) => void,
  ): Reading {
    const { tokens } = this
    yield* this.open(path)
    const { depth } = tokens // of the objects
    const values: Scalar[] = names.map(() => undefined)
    let isOpen = false
    let member = -1
    for (let i = 0; ; ) {
      let token: Token
      while ((token = tokens.next()) === TOKEN.more) yield
      if (!isOpen) {
        if (token === TOKEN.arrayEnd) return
        if (token !== TOKEN.object) this.#take.fail(`${path}[${i}]`, 'not an object')
        isOpen = true
        values.fill(undefined)
      } else if (tokens.depth === depth) {
        isOpen = false
        take(values, i++)
      } else if (tokens.depth === depth + 1) {
        if (token === TOKEN.key) member = names.findIndex(name => tokens.is(name))
        else if (member >= 0) values[member] = this.#scalar(token)
      }
    }
  }

  #scalar(token: Token): Scalar {
    if (token === TOKEN.number) return this.tokens.number()
    if (token === TOKEN.string) return this.text()
    return token === TOKEN.literal && this.tokens.is('null') ? null : Number.NaN
  }

  /** Opens an array. */
  *open(path: string): Reading {
    if ((yield* this.token()) !== TOKEN.array) this.#take.fail(path, 'not an array')
  }

  /** Does an array or object, as the token says, come next? Another value is passed over. */
  *begins(token: Token): Reading<boolean> {
    const found = yield* this.token()
    this.#held = found
    if (found === token) return true
    yield* this.skip()
    return false
  }

  /** Is the value `null`? If so, it is read. */
  *isNull(): Reading<boolean> {
    const token = yield* this.token()
    if (token === TOKEN.literal && this.tokens.is('null')) return true
    this.#held = token
    return false
  }

  /** An array of numbers, which go to `take`: null as NaN, what is no number as Infinity. */
  *numbers(path: string, take: (value: number) => void): Reading {
    const { tokens } = this
    yield* this.open(path)
    for (;;) {
      tokens.wholeNumbers(take)
      let token: Token
      while ((token = tokens.next()) === TOKEN.more) yield
      if (token === TOKEN.number) take(tokens.number())
      else if (token === TOKEN.arrayEnd) return
      else if (token === TOKEN.literal && tokens.is('null')) take(Number.NaN)
      else {
        this.#held = token
        yield* this.skip()
        take(Number.POSITIVE_INFINITY)
      }
    }
  }

  /** An array of texts, which go to `take`; undefined for each other value. */
  *strings(path: string, take: (text: string | undefined) => void): Reading {
    const { tokens } = this
    yield* this.open(path)
    for (;;) {
      let token: Token
      while ((token = tokens.next()) === TOKEN.more) yield
      if (token === TOKEN.string) take(this.text())
      else if (token === TOKEN.arrayEnd) return
      else {
        this.#held = token
        yield* this.skip()
        take(undefined)
      }
    }
  }

  /** A text. */
  *string(path: string): Reading<string> {
    if ((yield* this.token()) !== TOKEN.string) this.#take.fail(path, 'not a string')
    return this.text()
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
    const { from, to } = tokens
    if (to - from === 1 && !tokens.escaped && tokens.bytes[from] < 0x80)
      return String.fromCharCode(tokens.bytes[from])
    const text = tokens.text()
    if (text.includes('\ufffd') && !tokens.isUtf8()) tokens.fail('malformed', 'not UTF-8 text', tokens.from)
    return text
  }
}

/** Reads a value and hands it over. */
export function* into<T>(value: Reading<T>, take: (value: T) => void): Reading {
  take(yield* value)
}
