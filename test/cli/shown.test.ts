// What comes from files and targets never reaches the terminal as it is, is measured in columns, and paths are shortened where
// they begin; and nobody writes to the terminal but through the functions that see to it.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { messageLine } from '../../src/text/escape.ts'
import { cutEnd, shorten } from '../../src/text/width.ts'
import { cli, root } from '../support/cli.ts'

const LONG = 120_000
/** A terminal sequence, a line break, a change of direction, wide characters, an emoji of several code points. */
const EVIL = '\u001b]0;owned\u0007\u001b[2Ja\nb\r\u202eevil 漢字 👩‍👩‍👧 \u009b31m'
/** What may not be in output; lines may end and columns be set apart. */
const HIDDEN = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u
let folder: string
let profile: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-shown-'))
  const dir = join(folder, '\u001b[31m漢字\u202e')
  mkdirSync(dir)
  profile = join(dir, 'a\nb.heapprofile')
  const frame = (functionName: string, url: string, lineNumber: number) => ({
    ...{ functionName, scriptId: '1', url, lineNumber, columnNumber: 0 },
  })
  const children = [`http://host/${EVIL}.js`, `/srv/${EVIL}`].map((url, i) => ({
    callFrame: frame(EVIL, url, i),
    ...{ selfSize: 4096, id: i + 2, children: [] },
  }))
  const head = { callFrame: frame('(root)', '', -1), selfSize: 0, id: 1, children }
  writeFileSync(profile, JSON.stringify({ head, samples: [] }))
  writeFileSync(join(dir, 'broken.heapprofile'), `{"head": ${JSON.stringify(EVIL)}}`)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('hostile names', () => {
  it('are visible in every report and message', { timeout: LONG }, async () => {
    const broken = profile.replace('a\nb', 'broken')
    const commands = [
      ['top', profile, profile, '--format', 'text', '--group-by', 'traceback'],
      ['top', profile, profile, '--format', 'table', '--group-by', 'function'],
      ['top', profile, '--format', 'markdown'],
      ['top', profile, '--format', 'csv'],
      ['top', profile, '--format', 'json'],
      ['diff', profile, profile, '--format', 'table'],
      ['tree', profile, '--format', 'table'],
      ['info', profile],
      ['batch', join(profile, '..'), '--format', 'table'],
      ['batch', profile, profile, '--format', 'text'],
      ['top', broken],
      ['top', broken, '--verbose'],
      ['check', profile, profile, '--config', join(folder, EVIL)],
      ['top', join(folder, EVIL)],
      [EVIL],
      ['top', '--format', EVIL],
    ]
    for (const args of commands) {
      const { stdout, stderr } = await cli(args)
      expect(stdout + stderr, args.join(' ')).not.toBe('')
      expect(HIDDEN.exec(stdout + stderr)?.index, JSON.stringify(args) + stdout + stderr).toBeUndefined()
    }
  })

  it('of a message are one line', () => {
    expect(messageLine(EVIL)).toMatch(/^tracemalloc: [^\n]*\n$/)
  })
})

describe('paths', () => {
  it('are shortened where they begin, and addresses stay', () => {
    expect(shorten('/srv/app/a.js:1', '/srv/app')).toBe('./a.js:1')
    expect(shorten('f (/srv/app/a.js:1)', '/srv/app')).toBe('f (./a.js:1)')
    expect(shorten('  File "/srv/app/a.js", line 1', '/srv/app')).toBe('  File "./a.js", line 1')
    expect(shorten('http://host/srv/app/a.js:1', '/srv/app')).toBe('http://host/srv/app/a.js:1')
    expect(shorten('f (http://host/a.js:1)', '/')).toBe('f (http://host/a.js:1)')
    expect(shorten('/srv/app/srv/app/a.js', '/srv/app')).toBe('./srv/app/a.js')
  })

  it('are whole in a tree that is shown in the root folder', { timeout: LONG }, async () => {
    const path = join(folder, 'plain.folded')
    writeFileSync(path, 'f (http://host/a.js:1) 10\nf (/srv/a.js:1) 20\n')
    const { stdout } = await cli(['tree', path, '--format', 'table'], { cwd: '/' })
    expect(stdout).toContain('http://host/')
    expect(stdout).toContain('(/srv/')
  })
})

it.each([
  '漢字漢字漢字漢字漢字漢字漢字漢字',
  '👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧',
  'a'.repeat(90),
])('%s is cut to columns', text => {
  for (const width of [20, 21, 30, 31]) expect(stringWidth(cutEnd(text, width))).toBeLessThanOrEqual(width)
})

it('writes to the terminal in four places only', () => {
  const ofProgram = 'src/capture/agent/lines/disguise/uncaught.ts' // the program's error, as Node prints it
  const writers = ['src/cli/say.ts', 'src/cli/output.ts', ofProgram]
  const found: string[] = []
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    const path = join('src', name)
    if (!path.endsWith('.ts') || writers.includes(path)) continue
    for (const line of readFileSync(join(root, path), 'utf8').split('\n')) {
      if (/^\s*(\/\/|\*|\/\*)/.test(line)) continue
      const isWriter = /std(err|out)\s*\.\s*write|\bconsole\s*\.|writeSync\([12],|emitWarning|_rawDebug/.test(
        line,
      )
      if (isWriter && !line.includes('messageLine(')) found.push(`${path}: ${line.trim()}`)
    }
  }
  expect(found).toEqual([])
})
