// A profile that lies somewhere in a JSON document: it is found, and read by its path.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli, root } from '../support/cli.ts'

const sample = (path: string) => readFileSync(join(root, 'samples', path))
const PROFILE = sample('heapprofile/without-ids.heapprofile').toString()
const SPEEDSCOPE = sample('speedscope/sampled.speedscope.json').toString()
const SNAPSHOT = sample('heapsnapshot/header-last.heapsnapshot').toString()
const FIREFOX = sample('firefox/version70.firefox.json').toString()
const LONG = { timeout: 120_000 }
const FILLER = JSON.stringify(
  Array.from({ length: 60_000 }, (_, i) => ({ id: i, text: `\\ "${i}" größe`.repeat(4) })),
)

let folder: string
let path: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-pick-'))
  path = write(
    'document',
    `{"filler":[1,{"b":"c"}],"runs":[{"a":1},{"mem":${PROFILE}}],"x.y":{"p":${SPEEDSCOPE}},"text":${JSON.stringify(PROFILE)},"heap":${SNAPSHOT}}`,
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

const total = (stdout: string) => JSON.parse(stdout).snapshots.at(-1).total.size
const pick = (where: string) => ['--from', 'json', '--pick', where]

describe('--pick', () => {
  it.each([
    ['runs[1].mem', 1000],
    ['runs.1.mem', 1000],
    ['/runs/1/mem', 1000],
    ['/x.y/p', 48],
    ['text', 1000],
    ['heap', 128],
  ])('reads %s by path, gzipped and through a pipe', LONG, async (where, size) => {
    const args = [...pick(where), '--format', 'json']
    const bytes = readFileSync(path)
    for (const [file, input] of [[path], [write('document.gz', gzipSync(bytes))], ['-', bytes]] as const) {
      const { status, stdout, stderr } = await cli(['top', file, ...args], { input })
      expect(status, stderr).toBe(0)
      expect(total(stdout)).toBe(size)
    }
  })

  it('works in every command that reads files', LONG, async () => {
    for (const args of [
      ['diff', path, path],
      ['tree', path],
      ['info', path],
      ['batch', path, path],
      ['convert', path, join(folder, 'out.pb.gz')],
      ['check', path, path],
    ]) {
      const { status, stderr } = await cli([...args, ...pick('runs[1].mem')])
      // Whether samples at an unknown interval grew cannot be judged.
      expect(status, `${args[0]}: ${stderr}`).toBe(args[0] === 'check' ? 5 : 0)
    }
    const { status, stderr } = await cli(['heap', path, ...pick('heap')])
    expect(status, stderr).toBe(0)
    expect((await cli(['heap', path, ...pick('runs[1].mem')])).stderr).toMatch(
      /not a V8 heap snapshot, but: /,
    )
    expect((await cli(['heap', path, '--pick', 'heap'])).status).toBe(2)
    expect((await cli(['heap', path, '--from', 'csv'])).status).toBe(2)
  })

  it.each([
    [['--pick', 'runs'], 2, '--pick needs --from json'],
    [['--from', 'heapprofile', '--pick', 'runs'], 2, '--pick needs --from json'],
    [['--from', 'json'], 2, '--from json needs --pick'],
    [pick('a..b'), 2, '--pick a..b: not a path'],
    [pick('nope.x'), 3, 'nothing is at nope.x; the document has filler, runs, x.y, text, heap'],
    [pick('runs[1].men'), 3, 'nothing is at runs[1].men; runs[1] has mem'],
    [pick('runs[9]'), 3, 'nothing is at runs[9]; runs has 0, 1'],
    [pick('runs[0].a.b'), 3, 'nothing is at runs[0].a.b; runs[0].a has nothing in it'],
    [pick('__proto__'), 3, 'nothing is at __proto__'],
    [pick('filler'), 3, 'JSON of another kind'],
    [pick('runs[0].a'), 3, 'not a profile or snapshot of a known format'],
  ] as const)('%j is refused', LONG, async (args, status, says) => {
    const result = await cli(['top', path, ...args])
    expect(result.stderr).toContain(says)
    expect(result.stderr).toMatch(/^tracemalloc: .*\n$/)
    expect([result.status, result.stdout]).toEqual([status, ''])
  })

  it('refuses what is no JSON, cut, too deep or one long key', LONG, async () => {
    const text = readFileSync(path).toString()
    for (const [content, says] of [
      ['{"a":[1,2', 'ends too early'],
      [text.slice(0, 60), 'ends too early'],
      ['{"a":1 "b":2}', 'not JSON'],
      [`{"x":${'['.repeat(3_000_000)}`, 'nested more than'],
      [`{"${'k'.repeat(20_000_000)}":1}`, 'too-large'],
    ] as const) {
      const { status, stderr } = await cli(['top', write('wrong', content), ...pick('runs[1].mem')])
      expect(stderr).toMatch(/^tracemalloc: .*\n$/)
      expect(stderr).toContain(says)
      expect(status).toBe(3)
    }
  })
})

describe('a profile in a document that no reader knows', () => {
  it.each([
    ['heapprofile', PROFILE],
    ['speedscope', SPEEDSCOPE],
    ['firefox', FIREFOX],
    ['heapsnapshot', SNAPSHOT],
  ])('is found: %s', LONG, async (format, profile) => {
    for (const filler of format === 'heapprofile' ? ['1', FILLER] : ['1']) {
      const file = write('unknown', `{"filler":${filler},"jobs":[[],{"it":${profile}}],"end":1}`)
      const { status, stderr } = await cli(['top', file])
      expect(status).toBe(3)
      expect(stderr).toContain(
        `with a profile (${format}) in it at jobs[1].it; --from json --pick 'jobs[1].it' reads it`,
      )
      expect((await cli(['top', file, ...pick('jobs[1].it')])).status).toBe(0)
    }
  })

  it('is named by what comes late in it, too', LONG, async () => {
    const cpu = '"nodes":[{"id":1,"callFrame":{"functionName":"f"},"hitCount":1}]'
    const { stderr } = await cli(['top', write('cpu', `{"timeDeltas":${FILLER},${cpu}}`)])
    expect(stderr).toContain('a CPU profile of V8')
    expect((await cli(['top', write('other', `{"a":${FILLER},"b":1}`)])).stderr).toContain(
      'JSON of another kind (a, b ...)',
    )
    expect((await cli(['top', write('cut', `{"a":${FILLER},"b":`)])).stderr).toContain(
      'JSON that ends too early',
    )
  })
})
