import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.ts'
import { mapFiles } from '../../src/sourcemap/files.ts'

const top = realpathSync(mkdtempSync(join(tmpdir(), 'maps-')))
const app = join(top, 'app')
const write = (path: string, text: string) => writeFileSync(join(top, path), text)
const script = (url: string) => `f()\n//# sourceMappingURL=${url}\n`

let files: ReturnType<typeof mapFiles>

beforeAll(() => {
  for (const folder of ['app/dist', 'app/maps', 'app/src', 'secret'])
    mkdirSync(join(top, folder), { recursive: true })
  write('secret/x.map', 'SECRET')
  write('secret/x.js', script(`data:,SECRET`))
  write('app/dist/beside.js', script('beside.js.map'))
  write('app/dist/beside.js.map', 'beside')
  write(
    'app/dist/inline.js',
    script(`data:application/json;base64,${Buffer.from('inline').toString('base64')}`),
  )
  write('app/dist/broken-inline.js', script('data:;base64,%%%'))
  write('app/dist/hidden.js', 'f()')
  write('app/dist/hidden.js.map', '\ufeffhidden')
  write('app/dist/elsewhere.js', script('../maps/elsewhere.map?v=1'))
  write('app/maps/elsewhere.map', 'elsewhere')
  write('app/maps/alone.js.map', 'alone')
  write('app/dist/none.js', 'f()')
  write('app/dist/gone.js', script('gone.map'))
  write('app/dist/up.js', script('../../secret/x.map'))
  write('app/dist/absolute.js', script(join(top, 'secret/x.map')))
  write('app/dist/file-url.js', script(`file://${join(top, 'secret/x.map')}`))
  write('app/dist/remote.js', script('https://cdn.example/maps/remote.js.map'))
  write('app/dist/remote-copied.js', script('https://cdn.example/maps/copied.map?v=2'))
  write('app/dist/copied.map', 'copied')
  write('app/dist/large.js', script('large.map'))
  write('app/dist/large.map', 'x'.repeat(2000))
  write('app/src/a.ts', 'text')
  symlinkSync(join(top, 'secret/x.map'), join(app, 'dist/link.js.map'))
  symlinkSync(join(top, 'secret/x.js'), join(app, 'dist/linked-script.js'))
  symlinkSync(join(top, 'secret'), join(app, 'dist/folder'))
  symlinkSync('inside.js.map', join(app, 'dist/inside-link.js.map'))
  write('app/dist/inside.js.map', 'inside')
  symlinkSync('loop.js.map', join(app, 'dist/loop.js.map'))
  execFileSync('mkfifo', [join(app, 'dist/pipe.js')])
  files = mapFiles([app], 1000)
})
afterAll(() => rmSync(top, { recursive: true, force: true }))

const at = (path: string) => join(app, 'dist', path)

describe('the map of a script', () => {
  it.each([
    ['beside it', at('beside.js'), 'beside', at('beside.js.map')],
    ['by a file address', `file://${at('beside.js')}`, 'beside', at('beside.js.map')],
    ['in it', at('inline.js'), 'inline', at('inline.js')],
    ['by its name alone', at('hidden.js'), 'hidden', at('hidden.js.map')],
    ['in another folder', at('elsewhere.js'), 'elsewhere', join(app, 'maps/elsewhere.map')],
    ['behind a link that stays', at('inside-link.js'), 'inside', at('inside-link.js.map')],
    ['beside it, where its address is remote', at('remote-copied.js'), 'copied', at('copied.map')],
    ['of another machine', '/srv/old/dist/beside.js', 'beside', at('beside.js.map')],
    ['of a server', 'http://localhost:8080/maps/alone.js?v=1', 'alone', join(app, 'maps/alone.js.map')],
  ])('%s', (_, filename, text, path) => expect(files.mapOf(filename)).toEqual({ text, path }))

  it.each([
    ['no script', at('nothing.js'), 'no file'],
    ['no comment', at('none.js'), 'no map'],
    ['no such map', at('gone.js'), 'no map'],
    ['a script outside', join(top, 'secret/x.js'), 'no file'],
    ['a script that leaves by ..', at('../../secret/x.js'), 'no file'],
    ['a map that leaves by ..', at('up.js'), 'outside'],
    ['a map with an absolute path', at('absolute.js'), 'outside'],
    ['a map with a file address', at('file-url.js'), 'outside'],
    ['a map that is a link out', at('link.js'), 'outside'],
    ['a script that is a link out', at('linked-script.js'), 'outside'],
    ['a folder that is a link out', at('folder/x.js'), 'outside'],
    ['a link to itself', at('loop.js'), 'no file'],
    ['a named pipe', at('pipe.js'), 'no file'],
    ['a remote map', at('remote.js'), 'remote'],
    ['a damaged inline map', at('broken-inline.js'), 'unreadable'],
    ['a map that is too large', at('large.js'), 'unreadable'],
    ['a name with a zero', 'a\0.js', 'no file'],
    ['a name that is too long', `/${'x'.repeat(100_000)}.js`, 'no file'],
    ['a folder', at(''), 'no file'],
  ])('none: %s', (_, filename, reason) => {
    const found = files.mapOf(filename)
    expect(found).toMatchObject({ reason })
    expect(JSON.stringify(found)).not.toContain('SECRET')
  })

  it('several folders are looked through, a script in one having its map in another', () => {
    const two = mapFiles([join(app, 'dist'), join(app, 'maps')])
    write('app/maps/none.js.map', 'kept aside')
    expect(two.mapOf(at('none.js'))).toMatchObject({ text: 'kept aside' })
    rmSync(join(app, 'maps/none.js.map'))
  })
})

it('a folder must be one', () => {
  expect(() => mapFiles([join(top, 'nothing')])).toThrow(UsageError)
  expect(() => mapFiles([at('none.js')])).toThrow(UsageError)
})

it('sources are found and read in the folders only', () => {
  expect(files.find('src/a.ts')).toBe(join(app, 'src/a.ts'))
  expect(files.find('src')).toBe(undefined)
  expect(files.find('dist/folder/x.js')).toBe(undefined)
  expect(files.find('../secret/x.js')).toBe(undefined)
  expect(files.read(join(app, 'src/a.ts'))).toBe('text')
  expect(files.read(join(top, 'secret/x.js'))).toBe(undefined)
  expect(files.read(at('folder/x.js'))).toBe(undefined)
})
