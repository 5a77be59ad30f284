import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Frame } from '../src/model/frame.ts'
import { Traceback } from '../src/model/traceback.ts'
import { compareCodePoints, formatSigned, formatSize, toFixedHalfEven } from '../src/text/units.ts'

/** Every kind of unit and pair, so that all neighbours occur. */
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      '\ud7ff',
      '\ud800',
      '\udbff',
      '\udc00',
      '\udfff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    ),
    {
      maxLength: 5,
    },
  )
  .map(parts => parts.join(''))

describe('the order of strings', () => {
  it('is that of their code points', () => {
    const points = (s: string) => Array.from(s, c => c.codePointAt(0) as number)
    const compare = (a: number[], b: number[]) => {
      const i = a.findIndex((point, k) => point !== b[k])
      return i < 0 || i >= b.length ? Math.sign(a.length - b.length) : Math.sign(a[i] - b[i])
    }
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b)), JSON.stringify([a, b])).toBe(compare(points(a), points(b)))
      }),
      { numRuns: 3000 },
    )
  })

  it('is not that of their UTF-16 units', () => {
    expect(compareCodePoints('\uff5e', '\u{1f600}')).toBeLessThan(0)
    expect('\uff5e' < '\u{1f600}').toBe(false)
  })
})

describe('numbers', () => {
  it('are rounded half to even on the exact value', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994].map(x => toFixedHalfEven(x, 0))).toEqual([
      '0',
      '2',
      '2',
      '-0',
      '-2',
      '0',
    ])
    expect([0.25, 0.75, 0.35, 1.05, -0.25, 9.95].map(x => toFixedHalfEven(x, 1))).toEqual([
      '0.2',
      '0.8',
      '0.3',
      '1.1',
      '-0.2',
      '9.9',
    ])
  })

  it('have a unit and, where asked, a sign', () => {
    expect([0, 10239, 10240, 102399, -102400, 2 ** 53].map(size => formatSize(size))).toEqual([
      ...['0 B', '10239 B', '10.0 KiB', '100.0 KiB', '-100 KiB', '8192 TiB'],
    ])
    expect([0, 1, -1].map(size => formatSize(size, true))).toEqual(['+0 B', '+1 B', '-1 B'])
    expect([0, 5, -5].map(formatSigned)).toEqual(['+0', '+5', '-5'])
  })
})

describe('frames and tracebacks', () => {
  const frame = fc
    .record({
      file: text,
      line: fc.nat(2),
      name: fc.constantFrom('', 'f'),
      column: fc.nat(1),
      exact: fc.boolean(),
    })
    .map(f => new Frame(f.file, f.line, f.name, f.column, f.exact))
  const traceback = fc.array(frame, { maxLength: 3 }).map(frames => new Traceback(frames))

  it.each([
    ['frames', frame as fc.Arbitrary<Frame | Traceback>],
    ['tracebacks', traceback],
  ])('%s have one order', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, arbitrary, arbitrary, (...three) => {
        const [a, b, c] = three.sort((x, y) => x.compare(y as never))
        expect(a.compare(c as never)).toBeLessThanOrEqual(0)
        expect(Math.sign(a.compare(b as never)) + Math.sign(b.compare(a as never))).toBe(0)
        expect(a.equals(b as never)).toBe(a.compare(b as never) === 0)
      }),
    )
  })

  it('are printed as CPython does, with the function where the line is only its start', () => {
    const frames = [
      new Frame('a.js', 1),
      new Frame('b.js', 2, 'f', 3, false),
      new Frame('c.js', 4, '', 1, false),
    ]
    const view = new Traceback(frames, 9)
    expect(view.format()).toEqual([
      '  File "a.js", line 1',
      '  File "b.js", line 2, in f',
      '  File "c.js", line 4, in (anonymous)',
    ])
    expect(view.format({ limit: 1, mostRecentFirst: true })).toEqual([
      '  File "c.js", line 4, in (anonymous)',
    ])
    expect(view.format({ limit: -1 }).length).toBe(2)
    expect(view.format({ limit: 0 })).toEqual([])
    expect([...view].map(String)).toEqual(['a.js:1', 'b.js:2', 'c.js:4'])
    expect([view.slice(1).length, view.at(-1)?.lineno, view.totalNframe]).toEqual([2, 4, 9])
    expect(view.equals(new Traceback(frames))).toBe(true)
    expect(String(new Traceback([]))).toBe('')
  })
})
