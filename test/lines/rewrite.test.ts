import { Parser } from 'acorn'
import { describe, expect, it } from 'vitest'
import { type RewriteOptions, rewrite } from '../../src/lines/rewrite.ts'

function textOf(source: string, options: Partial<RewriteOptions> = {}): string {
  const result = rewrite(source, { sourceType: 'commonjs', ...options })
  if ('reason' in result) throw new Error(result.reason)
  return result.text
}

function reasonOf(source: string, sourceType: RewriteOptions['sourceType'] = 'commonjs'): string | undefined {
  const result = rewrite(source, { sourceType })
  return 'reason' in result ? result.reason : undefined
}

/** What the source became, without the helpers. */
function headOf(source: string, options: Partial<RewriteOptions> = {}): string {
  const text = textOf(source, options)
  return text.slice(0, text.indexOf(';;') + 1)
}

describe('the rewritten text', () => {
  it('calls helpers, whose names say line and column', () => {
    expect(textOf('keep(\n  new P(i))')).toBe(
      '$tm1_1(keep\n,$tm2_3(P,i));;function $tm2_3(P,$1){return new P($1)}function $tm1_1(keep,$1){return keep($1)}',
    )
  })

  it.each([
    'f()\n//# sourceMappingURL=x.map',
    'f() //# sourceMappingURL=x.map\n',
    '\n\nf()/*# sourceMappingURL=x */',
  ])('keeps comments at the end: %j', source =>
    expect(textOf(source).endsWith(source.slice(source.search(/\n?[ /]/)))).toBe(true),
  )

  it('does not move text that looks like the comment of a source map', () => {
    const text = textOf('f("\\n//# sourceMappingURL=" + url)')
    expect(text.lastIndexOf('sourceMappingURL')).toBeLessThan(text.indexOf('function'))
  })

  it.each([
    'f(\n1,\n[\n2])\n',
    'f(\r\n1,\r\n[\r\n2])\r\n',
    'f(\r1,\r[\r2])\r',
    'f(\u20281,\u2029[\u20282])\u2029',
  ])('keeps every line end: %j', source => {
    const ends = (text: string) => text.match(/\r\n|[\n\r\u2028\u2029]/g)
    expect(ends(textOf(source))).toEqual(ends(source))
  })

  it('counts columns in UTF-16 units', () => {
    expect(headOf('/* 𠮷ä */ f()')).toBe('/* 𠮷ä */ $tm1_11(f);')
    expect(headOf('\uFEFFf()')).toContain('$tm1_2(f);')
  })

  it('keeps a shebang, and directives', () => {
    expect(headOf('#!/usr/bin/env node\n"use strict"\nf()')).toBe(
      '#!/usr/bin/env node\n"use strict";\n$tm3_1(f);',
    )
  })

  it('stands in the line of the method, as V8 has it', () => {
    expect(headOf('a\n  .b()\n  .c()')).toBe('$tm3_4($tm2_4(a\n)\n);')
  })

  it('gives scripts names of their own, as their helpers are global', () => {
    const names = ['f()', 'f() '].map(
      source => /\$tm1_1_\d+/.exec(textOf(source, { sourceType: 'script' }))![0],
    )
    expect(new Set(names).size).toBe(2)
  })

  it.each([
    'exports.a = f',
    "module.exports = require('./a')",
    "__exportStar(require('./a'), exports)",
    "var _a = _interopRequireWildcard(require('./a'))",
    "Object.defineProperty(exports, '__esModule', { value: true })",
    "Object.defineProperty(exports, 'a', { enumerable: true, get: function () { return _a.a; } })",
    'Object.keys(_a).forEach(function (key) { if (key === "default") return; exports[key] = _a[key]; })',
    'super1(), eval("1")',
  ])('leaves what Node searches for, and eval: %s', source => {
    expect(textOf(`g()\n${source}`)).toContain(source.replace('super1()', ''))
  })

  it('rewrites only what is selected', () => {
    const source = 'f()\nfunction a() { f() }\nconst b = x => f(x)\nclass C { m() { f() } }'
    const starts: object[] = []
    const text = textOf(source, { select: site => starts.push(site) === 3 })
    expect(starts).toEqual([
      { lineno: 1, column: 1 },
      { lineno: 2, column: 11 },
      { lineno: 3, column: 11 },
      { lineno: 4, column: 12 },
    ])
    expect(text.match(/function \$tm\w+/g)).toEqual(['function $tm3_16'])
  })

  it('is the source where nothing is to be done', () => {
    expect(rewrite('// x\nlet a = 1', { sourceType: 'module' })).toEqual({
      text: '// x\nlet a = 1',
      sites: 0,
      left: 0,
    })
  })

  it('counts', () => {
    expect(rewrite('f([g()]); eval("x")', { sourceType: 'commonjs' })).toMatchObject({ sites: 2, left: 1 })
  })

  it('moves the calls of optional chains', () => {
    expect(headOf('let a\na?.b(c)')).toBe('let a;\n(a==null?void 0: $tm2_4(a,a.b,c));')
    expect(headOf('x.y?.z?.(1).w(f())')).toBe('(($tmT=x.y)==null?void 0:$tmT?.z?.(1).w($tm1_15(f)));')
    expect(textOf('delete a?.b(), (a?.b())()')).toContain('delete a?.b(), (a?.b())()')
  })

  it('moves stores that make objects grow, and sums of texts', () => {
    expect(headOf('let o; o[k] = o.p = v; o.s += t; t += u')).toBe(
      'let o; $tm1_8(o,k,$tm1_15(o,v)); $tm1_24(o,o.s,t); t=$tm1_34(t,u);',
    )
    expect(textOf('let o; function f() { "use strict"; o.p = v }')).toContain('{"use strict";return o.p=$1}')
  })

  it('makes helpers larger', () => {
    expect(textOf('f()', { padding: 3 })).toContain(
      'var $tmZ;function $tm1_1(f){if($tmZ)[,,,$tmZ]=$tmZ;return f()}',
    )
  })
})

describe('a text that runs as it is', () => {
  it.each([
    ['uses names that begin with $tm', 'let $tm1_1'],
    ['nested too deeply', `x = ${'a+'.repeat(10_000)}a`],
    ['nested too deeply', `${'f('.repeat(10_000)}1${')'.repeat(10_000)}`],
    ['nested too deeply', `x${'.f()'.repeat(10_000)}`],
    ['not parsed: Unexpected token (1:2)', 'f('],
    ["not parsed: Unexpected character '@' (1:0)", '@a class A {}'],
  ])('says why: %s', (reason, source) => expect(reasonOf(source)).toBe(reason))

  it('tells the kinds of text apart', () => {
    expect(reasonOf('return f()')).toBeUndefined()
    expect(reasonOf('return f()', 'script')).toMatch(/return/)
    expect(reasonOf('await f()', 'module')).toBeUndefined()
    expect(reasonOf('await f()')).toMatch(/^not parsed/)
    expect(reasonOf('with (a) f()', 'module')).toMatch(/^not parsed/)
  })
})

it('stays shallow enough to be parsed again', () => {
  const source = `x = ${'f('.repeat(400)}1${')'.repeat(400)}`
  const result = rewrite(source, { sourceType: 'commonjs' }) as { text: string; sites: number; left: number }
  expect(result).toMatchObject({ sites: 100, left: 300 })
  Parser.parse(result.text, { ecmaVersion: 'latest' })
})
