import { describe, expect, it } from 'vitest'
import { normalize } from '../../src/model/names/paths.ts'
import { baseName, mapPathOf, needsNetwork, scriptPaths, sourceName } from '../../src/sourcemap/paths.ts'

describe('sourceName', () => {
  const map = '/srv/app/dist/x.js.map'
  it.each([
    ['../src/a.ts', '/srv/app/src/a.ts'],
    ['a.ts', '/srv/app/dist/a.ts'],
    ['../../../../../../etc/passwd', '/etc/passwd'], // a name to show; nothing is opened by it
    ['../src/my%20file.ts', '/srv/app/src/my file.ts'],
    ['../src/100%.ts', '/srv/app/src/100%.ts'],
    ['/abs/./b/../a.ts', '/abs/a.ts'],
    ['file:///abs/a%20b.ts', '/abs/a b.ts'],
    ['file://localhost/abs/a.ts', '/abs/a.ts'],
    ['file:///C:/app/a.ts', 'C:/app/a.ts'],
    ['C:\\app\\src\\a.ts', 'C:/app/src/a.ts'],
    ['src/ä.ts', '/srv/app/dist/src/ä.ts'],
  ])('%s is a path', (source, name) => expect(sourceName(source, map)).toEqual({ name, relative: [] }))

  it.each([
    ['webpack://app/./src/a.ts?1a2b', 'src/a.ts'],
    ['webpack:///./src/a.ts', 'src/a.ts'],
    ['webpack:///src/a.ts', 'src/a.ts'],
    ['webpack-internal:///./src/a.ts', 'src/a.ts'],
    ['webpack://_N_E/(app)/page.tsx', '(app)/page.tsx'],
    ['webpack:src/a.ts', 'src/a.ts'],
    ['turbopack://[project]/app/page.tsx', 'app/page.tsx'],
  ])('%s is relative to the project', (source, name) =>
    expect(sourceName(source, map)).toEqual({ name, relative: [name] }),
  )
  it('a path above the project is looked for nowhere', () => {
    expect(sourceName('webpack:///../common/a.ts', map)).toEqual({ name: '../common/a.ts', relative: [] })
  })
  it('an address is looked for by the endings of its path', () => {
    expect(sourceName('https://cdn.example/js/src/a.ts?v=1#x', map)).toEqual({
      name: 'https://cdn.example/js/src/a.ts',
      relative: ['js/src/a.ts', 'src/a.ts', 'a.ts'],
    })
  })
})

describe('scriptPaths', () => {
  it.each([
    ['/srv/dist/x.js', '/srv/dist/x.js', ['srv/dist/x.js', 'dist/x.js', 'x.js']],
    ['file:///srv/x%20y.mjs', '/srv/x y.mjs', ['srv/x y.mjs', 'x y.mjs']],
    ['dist/x.js', undefined, ['dist/x.js', 'x.js']],
    ['../../x.js', undefined, ['x.js']],
    ['http://localhost:3000/js/x.js?v=%2e%2e', undefined, ['js/x.js', 'x.js']],
    ['http://h/../../etc/passwd', undefined, ['etc/passwd', 'passwd']],
    ['C:\\app\\x.js', 'C:/app/x.js', ['app/x.js', 'x.js']],
    ['evalmachine.<anonymous>', undefined, ['evalmachine.<anonymous>']],
  ])('%s', (filename, path, relative) => expect(scriptPaths(filename)).toEqual({ path, relative }))

  it('tries no more than 32 endings', () => {
    const { relative } = scriptPaths(`/${'a/'.repeat(100_000)}x.js`)
    expect(relative.length).toBe(32)
  })
})

it('normalize', () => {
  expect(normalize('/a/./b//../c')).toBe('/a/c')
  expect(normalize('/../..')).toBe('/')
  expect(normalize('a/../../b')).toBe('../b')
  expect(normalize('C:/a/../../b')).toBe('C:/b')
})

it('mapPathOf', () => {
  expect(mapPathOf('x.js.map?v=3', '/srv/dist/x.js')).toBe('/srv/dist/x.js.map')
  expect(mapPathOf('../maps/x%20y.map', '/srv/dist/x.js')).toBe('/srv/maps/x y.map')
  expect(mapPathOf('/maps/x.map', '/srv/dist/x.js')).toBe('/maps/x.map')
  expect(mapPathOf('file:///maps/x.map', '/srv/dist/x.js')).toBe('/maps/x.map')
})

it('isRemote', () => {
  expect(['http://a/b', '//a/b', 'webpack://x', 'ftp://x'].every(needsNetwork)).toBe(true)
  expect(['a.map', '/a.map', 'file:///a.map', 'C:\\a.map'].some(needsNetwork)).toBe(false)
})

it('baseName', () => {
  expect(baseName('/srv/app/x.js')).toBe('x.js')
  expect(baseName('https://h/a/x.js?token=1#y')).toBe('x.js')
  expect(baseName('C:\\app\\x.js')).toBe('x.js')
  expect(baseName('x.js')).toBe('x.js')
})
