import { describe, expect, it } from 'vitest'
import { FormatError } from '../../src/errors.ts'
import { decodeDataUrl, sourceMappingURL } from '../../src/sourcemap/url.ts'

describe('sourceMappingURL', () => {
  it.each([
    ['//# sourceMappingURL=a.js.map', 'a.js.map'],
    ['//@ sourceMappingURL=a.js.map', 'a.js.map'],
    ['//#sourceMappingURL=a.map', 'a.map'],
    ['f()\n//# sourceMappingURL=a.map\n', 'a.map'],
    ['f()\r\n//# sourceMappingURL=a.map \t\r\n\r\n', 'a.map'],
    ['f();//# sourceMappingURL=a.map', 'a.map'],
    ['f()\u2028//# sourceMappingURL=a.map', 'a.map'],
    ['//# sourceMappingURL=a.map\n// the end\n/* really */\n', 'a.map'],
    ['//# sourceMappingURL=old.map\n//# sourceMappingURL=new.map', 'new.map'],
    ["f()\n//# sourceMappingURL=data:,%7B'%7D", "data:,%7B'%7D"],
    ['//# sourceMappingURL=data:application/json;base64,e30=', 'data:application/json;base64,e30='],
  ])('%j', (text, url) => expect(sourceMappingURL(text)).toBe(url))

  it.each([
    [''],
    ['f()'],
    ['sourceMappingURL=a.map'],
    ["x = '//# sourceMappingURL=a.map'"],
    ["x = '//# sourceMappingURL=data:,x'"],
    ['//# sourceMappingURL=a.map\nf()'],
    ['//# sourceMappingURL=a b'],
    ['//# sourceMappingURL='],
    ['//! sourceMappingURL=a.map'],
  ])('none in %j', text => expect(sourceMappingURL(text)).toBe(undefined))

  it('costs no more than the length of the text', () => {
    const line = `f()${'//#sourceMappingURL=x'.repeat(200_000)}`
    expect(sourceMappingURL(`${line}'`)).toBe(undefined)
    expect(sourceMappingURL('\n'.repeat(2_000_000))).toBe(undefined)
  })
})

describe('decodeDataUrl', () => {
  const text = '{"sources":["ä 😀.ts"]}'
  it.each([
    ['base64', `data:application/json;base64,${Buffer.from(text).toString('base64')}`],
    [
      'base64 with a charset',
      `data:application/json;charset=utf-8;base64,${Buffer.from(text).toString('base64')}`,
    ],
    ['escaped base64', `data:;base64,${encodeURIComponent(Buffer.from(text).toString('base64'))}`],
    ['percent-encoded', `data:application/json,${encodeURIComponent(text)}`],
    ['percent-encoded with a charset', `DATA:application/json;charset=utf-8,${encodeURI(text)}`],
  ])('%s', (_, url) => expect(decodeDataUrl(url)).toBe(text))

  it.each([
    ['data:application/json;base64'],
    ['data:;base64,***'],
    ['data:;base64,/w=='], // a byte that is no UTF-8
    ['data:,%E0%A4%A'],
    ['http://example.com/,x'],
  ])('refuses %s', url => expect(() => decodeDataUrl(url)).toThrow(FormatError))
})
