import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonTokens, LONGEST_TOKEN, TOKEN } from '../../src/bytes/json-tokens.ts'
import { bytesSource, type Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'

/** Builds the value from tokens, with a stack; what JSON.parse gives where no key is there twice. */
async function parse(source: Source): Promise<unknown> {
  const tokens = new JsonTokens('test')
  const open: { value: unknown[] | Map<string, unknown>; key: string }[] = []
  let root: unknown
  let ended = false
  const put = (value: unknown) => {
    const top = open.at(-1)
    if (!top) root = value
    else if (Array.isArray(top.value)) top.value.push(value)
    else top.value.set(top.key, value)
  }
  const scalar = (token: number) => {
    const text = tokens.text()
    return token === TOKEN.string ? text : JSON.parse(text)
  }
  await tokens.feed(source, () => {
    for (;;) {
      const token = tokens.next()
      if (token === TOKEN.more) return
      if (token === TOKEN.end) {
        ended = true
        return
      }
      if (token === TOKEN.key) open.at(-1)!.key = tokens.text()
      else if (token === TOKEN.object || token === TOKEN.array) {
        const value = token === TOKEN.array ? [] : new Map()
        put(value)
        open.push({ value, key: '' })
      } else if (token === TOKEN.objectEnd || token === TOKEN.arrayEnd) open.pop()
      else put(scalar(token))
    }
  })
  expect(ended).toBe(true)
  return root
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return new Map(Object.entries(value).map(([k, v]) => [k, plain(v)]))
}

function pieces(bytes: Uint8Array, sizes: readonly number[]): Source {
  return {
    name: 'test',
    async *chunks() {
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length]
        yield bytes.slice(at, at + size)
        at += size
      }
    },
  }
}

const encode = (text: string) => new TextEncoder().encode(text)
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 })

async function outcome(bytes: Uint8Array, by: readonly number[] = [bytes.length || 1]): Promise<unknown> {
  try {
    return await parse(pieces(bytes, by))
  } catch (error) {
    return error
  }
}

describe('JSON in pieces', () => {
  it('has the tokens that JSON.parse reads, whatever the pieces', async () => {
    const spaced = fc
      .tuple(fc.jsonValue(), fc.constantFrom('', ' ', '\t', '\n'))
      .map(([v, s]) => JSON.stringify(v, null, s))
    await fc.assert(
      fc.asyncProperty(spaced, sizes, async (text, by) => {
        expect(await parse(pieces(encode(text), by))).toEqual(plain(JSON.parse(text)))
      }),
      { numRuns: 500 },
    )
  })

  it('refuses what JSON.parse refuses, and nothing else', async () => {
    const wrong = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...'{}[]",:\\0e.-+tu \n\0a'))
      .map(([text, at, c]) => {
        const i = at % (text.length + 1)
        return text.slice(0, i) + c + text.slice(i + (at % 2))
      })
    await fc.assert(
      fc.asyncProperty(wrong, sizes, async (text, by) => {
        let expected: unknown
        try {
          expected = plain(JSON.parse(new TextDecoder().decode(encode(text))))
        } catch {
          const error = await outcome(encode(text), by)
          expect(error).toBeInstanceOf(FormatError)
          expect((error as FormatError).offset).toBeLessThanOrEqual(encode(text).length)
          return
        }
        expect(await outcome(encode(text), by)).toEqual(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('tells a cut from a fault', async () => {
    const text = '{"a":[1.5e3,true,null,"x\\u00e9"],"b":{"c":-0}}'
    for (let cut = 0; cut < text.length; cut++) {
      const error = (await outcome(encode(text.slice(0, cut)))) as FormatError
      expect(`${error.code} ${error.offset}`).toBe(`truncated ${cut}`)
    }
  })

  it.each([
    ['{"a":01}', 5],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[tru]', 1],
    ['["a\nb"]', 3],
    ['[1]]', 3],
    ['[}', 1],
    ['\ufeff[]', 0],
    ["['a']", 1],
    ['[NaN]', 1],
  ])('%s is wrong at byte %i', async (text, offset) => {
    const error = (await outcome(encode(text), [1])) as FormatError
    expect(`${error.code} ${error.offset}`).toBe(`malformed ${offset}`)
  })

  it('reads numbers as integers in their range', async () => {
    const value = async (text: string, least: number, most?: number) => {
      const tokens = new JsonTokens('test')
      let read: number | undefined
      await tokens.feed(bytesSource(encode(`${text} `)), () => {
        if (tokens.next() === TOKEN.number) read = tokens.integer(least, most)
      })
      return read
    }
    expect(await value('4294967296', 0)).toBe(2 ** 32)
    expect(await value('9007199254740991', 0)).toBe(2 ** 53 - 1)
    expect(await value('1.5e1', 0)).toBe(15)
    expect(await value('-1', -1)).toBe(-1)
    for (const [text, least, most] of [
      ['-1', 0],
      ['0.5', 0],
      ['9007199254740993', 0],
      ['1e400', 0],
      ['8', 0, 7],
    ] as const) {
      await expect(value(text, least, most)).rejects.toThrow(FormatError)
    }
  })

  it('refuses a string without end in bounded memory', async () => {
    let given = 0
    const endless: Source = {
      name: 'endless',
      async *chunks() {
        yield encode('{"a":"')
        for (;;) {
          given += 1 << 18
          yield new Uint8Array(1 << 18).fill(0x61)
        }
      },
    }
    await expect(parse(endless)).rejects.toThrow('too-large')
    expect(given).toBeLessThan(2 * LONGEST_TOKEN + (1 << 20))
  })

  it('nests a million deep without recursion', async () => {
    const tokens = new JsonTokens('test')
    const deep = tokens.feed(bytesSource(encode('['.repeat(1_000_000)), 'deep', 1 << 16), () => {
      while (tokens.next() !== TOKEN.more);
    })
    await expect(deep).rejects.toMatchObject({ code: 'truncated', offset: 1_000_000 })
    expect(tokens.depth).toBe(1_000_000)
  })
})
