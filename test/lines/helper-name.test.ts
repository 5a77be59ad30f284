import { describe, expect, it } from 'vitest'
import { helperName, siteOfHelper } from '../../src/lines/helper-name.ts'

describe('the name of a helper', () => {
  it('carries line and column', () => {
    expect(helperName({ lineno: 12, column: 5 })).toBe('$tm12_5')
    expect(helperName({ lineno: 12, column: 5 }, 2)).toBe('$tm12_5_2')
    for (const nth of [0, 1, 7])
      expect(siteOfHelper(helperName({ lineno: 80_000, column: 1 }, nth))).toEqual({
        lineno: 80_000,
        column: 1,
      })
  })

  it.each([
    '',
    '$tm',
    '$tmT',
    '$tm0_1',
    '$tm1_0',
    '$tm1',
    '$tm1_2_',
    '$tm1_2_0',
    'x$tm1_2',
    '$tm1_2x',
    '$tm9999999999_1',
  ])('is not %j', name => expect(siteOfHelper(name)).toBeUndefined())
})
