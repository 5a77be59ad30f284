import { encode, type SourceMapMappings } from '@jridgewell/sourcemap-codec'
import { TraceMap, traceSegment } from '@jridgewell/trace-mapping'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../src/errors.ts'
import { parseSourceMap } from '../../src/sourcemap/map.ts'

// The cases are those of the test suite of ECMA-426 (tc39/source-map-tests) that concern positions, written anew.

const plain = { version: 3, names: [] as unknown, sources: ['a.js'] as unknown, mappings: 'AAAA' as unknown }
const parse = (changes: object) => parseSourceMap(JSON.stringify({ ...plain, ...changes }))
const index = (sections: unknown) => parseSourceMap(JSON.stringify({ version: 3, sections }))
const at00 = { line: 0, column: 0 }

describe('maps that are in order', () => {
  it.each<[string, object]>([
    ['the least', {}],
    ['no names', { names: undefined }],
    ['no mappings', { mappings: '' }],
    ['empty lines', { mappings: ';;;AAAA;;' }],
    ['unknown keys', { foo: 'bar', x_bar: 1, __proto__: { a: 1 } }],
    ['sources without contents', { sourcesContent: [null] }],
    ['a source without name', { sources: [null], sourcesContent: ['x'] }],
    ['the highest numbers', { mappings: '+/////DA+/////D+/////DA', names: ['x'] }],
    ['a number with many digits', { mappings: `${'i'}${'g'.repeat(100)}A` }],
  ])('%s', (_, changes) => expect(() => parse(changes)).not.toThrow())

  it('may have a line in front that keeps pages from running them', () => {
    expect(parseSourceMap(`)]}'\n${JSON.stringify(plain)}`).sources).toEqual(['a.js'])
  })
  it('may be index maps, empty ones too', () => {
    expect(index([]).at(0, 0)).toBe(undefined)
    expect(index([{ offset: at00, map: plain }]).at(0, 5)).toMatchObject({ source: 0, line: 0, column: 0 })
  })
})

describe('maps that are refused', () => {
  it.each<[string, object]>([
    ['no version', { version: undefined }],
    ['version 2', { version: 2 }],
    ['version "3"', { version: '3' }],
    ['no mappings', { mappings: undefined }],
    ['mappings that are a number', { mappings: 5 }],
    ['mappings that are an object', { mappings: {} }],
    ['no sources', { sources: undefined }],
    ['sources that are a string', { sources: 'a.js' }],
    ['sources with a number', { sources: [1] }],
    ['contents that are a string', { sourcesContent: 'x' }],
    ['contents with a number', { sourcesContent: [1] }],
    ['a root that is a list', { sourceRoot: [] }],
    ['names that are a string', { names: 'x' }],
    ['names with a number', { names: [3] }],
    ['another character', { mappings: 'A%AA' }],
    ['padding', { mappings: 'AAA=' }],
    ['a number that goes on behind its end', { mappings: 'AAAg' }],
    ['another separator', { mappings: 'AAAA.AAAA' }],
    ['no fields', { mappings: ',,' }],
    ['two fields', { mappings: 'AA' }],
    ['three fields', { mappings: 'AAA' }],
    ['six fields', { mappings: 'AAAAAA' }],
    ['a source that is not there', { mappings: 'ACAA' }],
    ['a name that is not there', { mappings: 'AAAAC', names: ['x'] }],
    ['a column below 0', { mappings: 'DAAA' }],
    ['a column that falls below 0', { mappings: 'CAAA,FAAA' }],
    ['a source below 0', { mappings: 'ADAA' }],
    ['a line below 0', { mappings: 'AADA' }],
    ['an original column below 0', { mappings: 'AAAD' }],
    ['a name below 0', { mappings: 'AAAAD', names: ['x'] }],
    ['33 bits', { mappings: 'ggggggEAAA' }],
    ['33 bits in a line', { mappings: 'AAggggggEA' }],
    ['an index map with mappings', { sections: [] }],
  ])('%s', (_, changes) => expect(() => parse(changes)).toThrow(FormatError))

  it.each<[string, unknown]>([
    ['sections that are an object', {}],
    ['no offset', [{ map: plain }]],
    ['an offset that is a string', [{ offset: '0', map: plain }]],
    ['no line', [{ offset: { column: 0 }, map: plain }]],
    ['no column', [{ offset: { line: 0 }, map: plain }]],
    ['a line that is a string', [{ offset: { line: '0', column: 0 }, map: plain }]],
    ['a line below 0', [{ offset: { line: -1, column: 0 }, map: plain }]],
    ['half a column', [{ offset: { line: 0, column: 0.5 }, map: plain }]],
    ['no map', [{ offset: at00 }]],
    ['a map that is a string', [{ offset: at00, map: '{}' }]],
    ['a map that is broken', [{ offset: at00, map: { version: 3 } }]],
    ['an index map inside', [{ offset: at00, map: { version: 3, sections: [] } }]],
    [
      'the same place twice',
      [
        { offset: at00, map: plain },
        { offset: at00, map: plain },
      ],
    ],
    [
      'sections out of order',
      [
        { offset: { line: 1, column: 4 }, map: plain },
        { offset: at00, map: plain },
      ],
    ],
  ])('index map: %s', (_, sections) => expect(() => index(sections)).toThrow(FormatError))

  it.each([[''], ['x'], ['[]'], ['null'], ['"x"'], [`)]}'`], ['{"version":3'], ['['.repeat(100_000)]])(
    'not a map: %.20j',
    text => expect(() => parseSourceMap(text)).toThrow(FormatError),
  )
})

describe('positions', () => {
  it('are those of the mapping at or before the place, on its line only', () => {
    const map = parse({ sources: ['a.js', 'b.js'], names: ['foo'], mappings: 'EAAA,EAEE;;CCCCA' })
    expect(map.at(0, 1)).toBe(undefined) // before the first mapping of the line
    expect(map.at(0, 2)).toMatchObject({ source: 0, line: 0, column: 0 })
    expect(map.at(0, 3)).toMatchObject({ source: 0, line: 0, column: 0 })
    expect(map.at(0, 4)).toMatchObject({ source: 0, line: 2, column: 2 })
    expect(map.at(0, 1e9)).toMatchObject({ source: 0, line: 2, column: 2 })
    expect(map.at(1, 5)).toBe(undefined)
    expect(map.at(2, 1)).toMatchObject({ source: 1, line: 3, column: 3, name: 'foo' })
    expect(map.at(3, 0)).toBe(undefined)
    expect(map.at(4294967295, 4294967295)).toBe(undefined)
  })
  it('have a name only at the very token', () => {
    const map = parse({ names: ['foo'], mappings: 'AAAAA' })
    expect(map.at(0, 0)).toMatchObject({ name: 'foo', generatedColumn: 0 })
    expect(map.at(0, 1)).toMatchObject({ name: '', generatedColumn: 0 })
  })
  it('end at a mapping of one field', () => {
    const map = parse({ mappings: 'AAAC,E' })
    expect(map.at(0, 1)).toMatchObject({ line: 0, column: 1 })
    expect(map.at(0, 2)).toBe(undefined)
  })
  it('of an index map are those of the section that holds the place', () => {
    const map = index([
      { offset: { line: 0, column: 4 }, map: { ...plain, sources: ['a.js'], mappings: 'AAAA;AACA' } },
      {
        offset: { line: 1, column: 6 },
        map: { ...plain, sources: ['b.js'], names: ['f'], mappings: 'AAAAA' },
      },
      { offset: { line: 4e9, column: 4e9 }, map: { ...plain, sources: ['c.js'] } },
    ])
    expect(map.sources).toEqual(['a.js', 'b.js', 'c.js'])
    expect(map.at(0, 3)).toBe(undefined)
    expect(map.at(0, 4)).toMatchObject({ source: 0, line: 0, generatedColumn: 4 })
    expect(map.at(1, 5)).toMatchObject({ source: 0, line: 1, generatedColumn: 0 }) // only a section's first line is shifted
    expect(map.at(1, 6)).toMatchObject({ source: 1, line: 0, name: 'f', generatedColumn: 6 })
    expect(map.at(2, 0)).toBe(undefined)
    expect(map.at(4e9, 4e9 + 1)).toMatchObject({ source: 2, line: 0 })
  })
  it('of a line without column are known where the line has one original line', () => {
    const map = parse({ sources: ['a.js', 'b.js'], mappings: 'CAAC,EAAE,E;AAAA,CACA;AAAA,CCDA' })
    expect(map.lineAt(0)).toMatchObject({ source: 0, line: 0, column: 1 })
    expect(map.lineAt(1)).toBe(undefined)
    expect(map.lineAt(2)).toBe(undefined)
    expect(map.lineAt(9)).toBe(undefined)
  })
  it('are the ones that were encoded', () => {
    const segment = fc.tuple(fc.nat(200), fc.nat(3), fc.nat(1000), fc.nat(500), fc.nat(4))
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(segment, { selector: s => s[0] }), { maxLength: 8 }), lines => {
        for (const line of lines) line.sort((a, b) => a[0] - b[0])
        const names = ['', 'a', 'b', 'c', 'd']
        const map = parse({
          names,
          sources: ['0', '1', '2', '3'],
          mappings: encode(lines as unknown as SourceMapMappings),
        })
        for (const [line, segments] of lines.entries()) {
          for (const [column, source, l, c, name] of segments) {
            const found = { source, line: l, column: c, name: names[name], generatedColumn: column }
            expect(map.at(line, column)).toEqual(found)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('large maps', () => {
  // @jridgewell/trace-mapping decodes the whole map; ours is looked up in pieces.
  it.each([
    ['one line', 1, 20_000, 0],
    ['some lines', 30, 700, 0],
    ['many short lines', 9000, 3, 0],
    ['lines out of order', 30, 700, 0.002],
    ['mappings at equal columns', 3, 5000, 0],
  ])('%s', (name, lineCount, segmentCount, disorder) => {
    let state = 7
    const random = (n: number) => (state = (state * 48271) % 2147483647) % n
    const least = name.includes('equal') ? 0 : 1
    const lines = Array.from({ length: lineCount }, () => {
      let column = 0
      return Array.from({ length: random(segmentCount * 2) }, (): number[] => {
        column = random(1e6) < disorder * 1e6 ? random(column + 1) : column + least + random(9)
        const place = [column, random(5), random(3000), random(90), random(4)]
        return place.slice(0, [1, 4, 5, 5][random(4)])
      })
    })
    const mappings = encode(lines as unknown as SourceMapMappings)
    const names = ['a', 'b', 'c', 'd']
    const sources = ['0', '1', '2', '3', '4']
    const ours = parse({ names, sources, mappings })
    const theirs = new TraceMap({ version: 3, names, sources, mappings })
    for (let i = 0; i < 5000; i++) {
      const line = random(lineCount + 1)
      const column = random(1 + 1.1 * Math.max(10, ...(lines[line] ?? []).slice(-1).map(s => s[0])))
      const segment = traceSegment(theirs, line, column)
      const found = ours.at(line, column)
      if (!segment || segment.length === 1) expect(found).toBe(undefined)
      else {
        const [generatedColumn, source, l, c] = segment
        expect(found).toMatchObject({ generatedColumn, source, line: l, column: c })
      }
    }
  })

  it('nothing is made in proportion to the lines of a hostile map', () => {
    const map = parse({ mappings: ';'.repeat(5_000_000) })
    expect(map.at(4_000_000, 3)).toBe(undefined)
    expect(map.lineAt(4_000_000)).toBe(undefined)
  })
})

describe('sources', () => {
  it('stand behind the root, unless they are addresses or absolute', () => {
    const sources = ['a.ts', './b.ts', '/c.ts', 'file:///d.ts', 'webpack://x/e.ts', 'C:\\f.ts', null]
    expect(parse({ sources, sourceRoot: 'src' }).sources).toEqual([
      'src/a.ts',
      'src/./b.ts',
      '/c.ts',
      'file:///d.ts',
      'webpack://x/e.ts',
      'C:\\f.ts',
      '',
    ])
    expect(parse({ sourceRoot: '/srv/' }).sources).toEqual(['/srv/a.js'])
  })
})
