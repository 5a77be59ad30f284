import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseText, Taker } from '../../src/bytes/json-document.ts'
import { FormatError } from '../../src/errors.ts'

function fault(text: string): FormatError {
  try {
    parseText(text, 'x', 0)
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError)
    return error as FormatError
  }
  throw new Error(`no fault in ${text}`)
}

describe('faults of JSON', () => {
  test.each([
    ['{"a":1,,}', 'malformed', 7],
    ['{"a" 1}', 'malformed', 5],
    ['{"é":1,x', 'malformed', 8],
    ['[1 2]', 'malformed', 3],
    ['[1,]', 'malformed', 3],
    ['[01]', 'malformed', 2],
    ['{"a":1}}', 'malformed', 7],
    ['[tru]', 'malformed', 1],
    ['["\u0001"]', 'malformed', 1],
    ['["\\x"]', 'malformed', 1],
    ['{a:1}', 'malformed', 1],
    [']', 'malformed', 0],
    ['NaN', 'malformed', 0],
    ['', 'truncated', 0],
    ['[1,', 'truncated', 3],
    ['[-', 'truncated', 2],
    ['[1.', 'truncated', 3],
    ['[1e+', 'truncated', 4],
    ['[tr', 'truncated', 3],
    ['{"a', 'truncated', 3],
    ['{"a\\u00', 'truncated', 7],
    ['{"é":', 'truncated', 6],
  ])('%j is %s at byte %d', (text, code, offset) => {
    const error = fault(text)
    expect([error.code, error.offset]).toEqual([code, offset])
  })

  test('a cut anywhere is one', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = JSON.stringify({ value })
        for (let i = 0; i < text.length; i++) {
          if (/[\ud800-\udbff]/.test(text[i - 1] ?? '')) continue // half a character
          expect(fault(text.slice(0, i)).code, text.slice(0, i)).toBe('truncated')
        }
      }),
      { numRuns: 20 },
    )
  })

  test('one wrong byte is refused or is JSON', () => {
    const text = '{"a":[1,2.5e3,true,null,"x\\n\\u00e9"],"b":{"c":[]}}'
    for (let i = 0; i < text.length; i++) {
      for (const c of ['"', '\\', '[', '}', ',', '0', 'x', '\u0000']) {
        const wrong = text.slice(0, i) + c + text.slice(i + 1)
        let isJson = true
        try {
          JSON.parse(wrong)
        } catch {
          isJson = false
        }
        if (!isJson) expect(['malformed', 'truncated']).toContain(fault(wrong).code)
      }
    }
  })

  test('long strings and many tokens need no stack', () => {
    expect(fault(`["${'\\n'.repeat(2_000_000)}`).code).toBe('truncated')
    expect(fault(`[${'1,'.repeat(400_000)}]`).offset).toBe(800_001)
  })

  test('depth is refused, in strings it is none', () => {
    expect(fault('['.repeat(101)).code).toBe('malformed')
    expect(parseText(JSON.stringify('['.repeat(1000)), 'x', 0)).toBe('['.repeat(1000))
    expect(parseText('[]'.padStart(4, '[').padEnd(6, ']'), 'x', 0)).toEqual([[[]]])
  })
})

test('members are own ones only', () => {
  const take: Taker = new Taker('x')
  const object = take.object(JSON.parse('{"__proto__":{"polluted":1},"a":1}'), '')
  expect(take.member(object, '__proto__')).toEqual({ polluted: 1 })
  for (const name of ['constructor', 'toString', 'polluted', 'length'])
    expect(take.member(object, name)).toBe(undefined)
  for (const wrong of [[], null, 'x', 1, undefined])
    expect(() => take.object(wrong, 'p')).toThrow(FormatError)
  for (const wrong of [-1, 3, 1.5, NaN, '1', null])
    expect(() => take.index(wrong, 3, 'p')).toThrow(FormatError)
  for (const wrong of [Infinity, NaN, 2 ** 53, '1', null])
    expect(() => take.number(wrong, 'p')).toThrow(FormatError)
})
