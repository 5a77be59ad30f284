// Where little or nothing is shown, one line says why and what to type: on standard error, or as a note in JSON.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpSnapshot } from '../../src/formats/files.ts'
import { pathFilter } from '../../src/model/filter.ts'
import { cli, root } from '../support/cli.ts'
import { snapshotOf } from '../support/snapshots.ts'

const TEXT = '4000 1: /home/me/shop/server.js:5\n100 1: /home/me/shop/src/cart.js:7\n10 1: lib.js:1'

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-hints-'))
  await dumpSnapshot(snapshotOf(TEXT), file('a.pb.gz'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string) => join(folder, name)

/** The hints among the lines that a command printed. */
function hints(text: string): string[] {
  return text.split('\n').filter(line => line.includes('note:') || line.includes('is set:'))
}

describe('a pattern', () => {
  it.each([
    ['server.js', 1],
    ['src/cart.js', 1],
    ['shop/*', 2],
    ['./src/*.js', 1],
    ['lib.js', 1],
    ['/home/me/shop/server.js', 1],
    ['*', 3],
    ['server', 0],
    ['erver.js', 0],
    ['/server.js', 0],
    ['src/server.js', 0],
  ])('%s matches at any depth if it is relative: %i', (pattern, rows) => {
    const snapshot = snapshotOf(TEXT)
    expect(snapshot.filterTraces([pathFilter(true, pattern)])).toHaveLength(rows)
    expect(snapshot.filterTraces([pathFilter(false, pattern)])).toHaveLength(3 - rows)
  })

  it('is so for the command', async () => {
    const { stdout, stderr } = await cli(['top', file('a.pb.gz'), '--include', 'server.js:5'])
    expect(stdout).toMatch(/^\/home\/me\/shop\/server\.js:5: .*\n$/)
    expect(stderr).toBe('')
    const others = await cli(['top', file('a.pb.gz'), '--exclude', 'shop/*'])
    expect(others.stdout).toMatch(/^lib\.js:1: .*\n$/)
  })

  it('is the same in a budget', async () => {
    const budgets = ['server.js', 'src/*', 'lib.js'].map(path => ({ path, size: '1 MiB' }))
    writeFileSync(file('config.json'), JSON.stringify({ budgets }))
    const args = ['check', file('a.pb.gz'), file('a.pb.gz'), '--config', file('config.json')]
    const { status, stdout } = await cli(args)
    expect(stdout).not.toContain('UNKNOWN')
    expect(status).toBe(0)
  })

  const NOTHING =
    /no memory matches --include nowhere\.js: .* such as \/home\/me\/shop\/server\.js; .*--group-by filename/

  it.each([
    ['top', []],
    ['diff', ['a.pb.gz']],
    ['tree', []],
  ] as const)(
    'that matches nothing is said once by %s, and in JSON among the notes only',
    async (command, more) => {
      const args = [command, file('a.pb.gz'), ...more.map(file), '--include', 'nowhere.js']
      const { status, stderr } = await cli(args)
      expect(status).toBe(0)
      const said = hints(stderr).filter(line => line.includes('no memory matches'))
      expect(said).toHaveLength(1)
      expect(said[0]).toMatch(NOTHING)
      const json = await cli([...args, '--format', 'json'])
      expect(json.stderr).toBe('')
      const { notes } = JSON.parse(json.stdout).snapshots[0]
      expect(notes.filter((note: string) => NOTHING.test(note))).toHaveLength(1)
    },
  )

  it('that matches nothing is said of a gate, too, and a name that is to be hidden is not told', async () => {
    const checked = await cli(['check', file('a.pb.gz'), file('a.pb.gz'), '--include', 'nowhere.js'])
    expect(checked.status).toBe(5)
    expect(checked.stdout).toMatch(NOTHING)
    const hidden = await cli(['top', file('a.pb.gz'), '--include', 'nowhere.js', '--redact'])
    expect(hidden.stderr).toContain('no memory matches')
    expect(hidden.stderr).not.toContain('shop')
  })
})

it('34 MB of Buffers that are not sampled are told, with the option that samples them', async () => {
  const program = file('buffers.cjs')
  writeFileSync(program, 'globalThis.kept = Array.from({ length: 340 }, () => Buffer.alloc(1e5, 1))')
  const dump = file('buffers.pb.gz')
  const ran = await cli(['run', '-o', dump, program])
  const words = /32\.\d MiB more are in Buffers and ArrayBuffers: .*; `tracemalloc run --buffers`/
  expect(ran.stderr.match(new RegExp(words, 'g'))).toHaveLength(1)
  expect((await cli(['top', dump])).stderr).toMatch(words)
  const json = await cli(['top', dump, '--format', 'json'])
  expect(json.stderr).toBe('')
  expect(JSON.parse(json.stdout).snapshots[0].notes.join()).toMatch(words)
  const sampled = await cli(['run', '--buffers', '-o', dump, program])
  expect(sampled.stderr).not.toContain('more are in Buffers')
})

it('--app hides the code of the tool itself where it is linked', async () => {
  const own = [
    `${root}/dist/src/capture/agent/array-buffers.js`,
    '/elsewhere/tm/dist/src/capture/agent/watcher.js',
  ]
  const text = own.map((path, i) => `${9000 - i} 1: /home/me/shop/server.js:5 > ${path}:113`).join('\n')
  await dumpSnapshot(snapshotOf(text), file('own.pb.gz'))
  const { stdout } = await cli(['top', file('own.pb.gz'), '--app'])
  expect(stdout).toMatch(/^\/home\/me\/shop\/server\.js:5: .*\n$/)
})

describe('a name that nothing reads', () => {
  it('among the environment variables is said once, with the nearest right one', async () => {
    writeFileSync(file('empty.cjs'), '')
    const env = { TRACEMALLOC_INTERVALL: '512', TRACEMALLOC_DIR: folder }
    const { status, stderr } = await cli(['run', '--out', folder, file('empty.cjs')], { env })
    expect(status).toBe(0)
    const said = hints(stderr)
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(/TRACEMALLOC_INTERVALL is set: .*; did you mean TRACEMALLOC_INTERVAL\?/)
  })

  it('among the options of start is refused, with the nearest right one', async () => {
    const { start } = await import('../../src/index.ts')
    expect(() => start(1, { intervall: 512 } as never)).toThrow(/start has no option intervall/)
    const program = file('start.mjs')
    const index = new URL('../../dist/src/index.js', import.meta.url)
    writeFileSync(
      program,
      `import { start } from '${index}'\ntry { start(1, { nframes: 2, intervall: 1 }) } catch (e) { console.log(e.message, e.hint) }\ntry { start(1, { stableframes: true }) } catch (e) { console.log(e.message, e.hint) }`,
    )
    const { stdout } = await cli(['run', '--out', folder, program])
    expect(stdout).toMatch(
      /^start has no option nframes .*\nstart has no option stableframes did you mean stableFrames\?\n$/,
    )
  })
})

it('a budget whose path matches nothing says that, not that more runs would do', async () => {
  writeFileSync(file('config.json'), JSON.stringify({ budgets: [{ path: 'nowhere.js', size: '1 MiB' }] }))
  const args = ['check', file('a.pb.gz'), file('a.pb.gz'), '--config', file('config.json')]
  const { status, stdout } = await cli(args)
  expect(status).toBe(5)
  expect(stdout).toMatch(/UNKNOWN nowhere\.js: .*it matches nothing in these snapshots/)
  expect(stdout).not.toContain('several runs')
})
