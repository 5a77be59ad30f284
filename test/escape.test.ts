import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvText, fromCsvText, fromVisible, jsonText, markdownCode, visible } from '../src/text/escape.ts'

const HOSTILE = [
  '__proto__',
  'constructor',
  '</script><!--',
  '\u001b]0;owned\u0007\u001b[2J',
  '\u009b31m',
  'a\r\nb\tc\0',
  'user\u202etxt.exe\u2066\u200f\u061c',
  'line\u2028paragraph\u2029',
  '\ud800 lone \udc00',
  'tag\u{e0041}\u{e007f}',
  'zero\u200b\u200d\ufeff',
  '\u3164\u115f',
  'C:\\users\\u{1b}',
  '=HYPERLINK("http://x","y")',
  '+1',
  "-1+cmd|' /C calc'!A0",
  '@SUM(A1)',
  "'=already",
  '＝full',
  '"quoted", and; split',
  ' padded ',
  'a|b`c``d\\|e',
  '`',
  '@octocat #1 https://example.org <img src=x onerror=alert(1)>',
  'жук 🐞 ok',
  '',
]
/** All units, control and format characters often. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map(units => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('\\', 'u', '{', '1b', '}', "'", '=', '"', '\n', '`', '|'), { maxLength: 8 })
    .map(parts => parts.join('')),
)
const harmless = /^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\u061c]*$/

test('shows what is hidden and leaves the rest', () => {
  expect(visible('\u001b[2J')).toBe('\\u{1b}[2J')
  expect(visible('a\nb')).toBe('a\\u{a}b')
  expect(visible('x\u202ey')).toBe('x\\u{202e}y')
  expect(visible('\ud800')).toBe('\\u{d800}')
  expect(visible('жук 🐞 C:\\a\\u')).toBe('жук 🐞 C:\\a\\u')
  expect(visible('\\u{1b}')).toBe('\\u{5c}u{1b}')
  expect(visible('a;b', ';')).toBe('a\\u{3b}b')
  expect(fromVisible('\\u{110000} \\u{zz} \\u{}')).toBe('\\u{110000} \\u{zz} \\u{}')
})

test('every text is seen, and comes back', () => {
  const check = (text: string) => {
    expect(visible(text)).toMatch(harmless)
    expect(fromVisible(visible(text))).toBe(text)
    expect(fromVisible(visible(text, ';|'))).toBe(text)
  }
  for (const text of HOSTILE) check(text)
  fc.assert(fc.property(anyText, check))
})

test('JSON parses to the same, in printable characters, harmless inside a page', () => {
  const check = (text: string) => {
    const value = [text, Object.fromEntries([[text, 1]])]
    for (const indent of [undefined, 2]) {
      const json = jsonText(value, indent)
      expect(json.replaceAll('\n', '')).toMatch(harmless)
      expect(json).not.toMatch(/<[/!]/)
      expect(JSON.parse(json)).toEqual(value)
    }
  }
  for (const text of HOSTILE) check(text)
  fc.assert(fc.property(anyText, check))
  expect(jsonText('<native>')).toBe('"<native>"')
  expect(jsonText('</script>')).toBe('"\\u003c/script>"')
})

test('CSV has no formula and comes back', () => {
  expect(csvText('=1+1')).toBe("'=1+1")
  expect(csvText("'=1")).toBe("''=1")
  expect(csvText('a "b", c')).toBe('"a ""b"", c"')
  expect(csvText('-x,y')).toBe('"\'-x,y"')
  const check = (text: string) => {
    const field = csvText(text)
    const plain = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field
    expect(plain).not.toMatch(/^[=+\-@\t\r＝＋－＠]/)
    expect(field).toMatch(harmless)
    if (!field.startsWith('"')) expect(field).not.toMatch(/[",\n]/)
    expect(fromCsvText(plain)).toBe(text)
  }
  for (const text of HOSTILE) check(text)
  fc.assert(fc.property(anyText, check))
})

test('Markdown is one code span without a cell border', () => {
  expect(markdownCode('f')).toBe('`f`')
  expect(markdownCode('a|b')).toBe('`a\\u{7c}b`')
  expect(markdownCode('a`b``')).toBe('``` a`b`` ```')
  expect(markdownCode('')).toBe('')
  const check = (text: string) => {
    const span = markdownCode(text)
    expect(span).toMatch(harmless)
    expect(span).not.toContain('|')
    if (span === '') return
    const fence = /^`+/.exec(span)?.[0] as string
    const inner = span.slice(fence.length, -fence.length)
    expect(span.endsWith(fence)).toBe(true)
    expect(inner).not.toMatch(/^`|`$/)
    expect(Array.from(inner.matchAll(/`+/g), run => run[0].length)).not.toContain(fence.length)
  }
  for (const text of HOSTILE) check(text)
  fc.assert(fc.property(anyText, check))
})
