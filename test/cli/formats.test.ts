import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-formats-'))
afterAll(() => rmSync(folder, { recursive: true }))

const LEAK = 'samples/heapprofile/leak-node26-i1024'
const after = readFileSync(`${LEAK}-after.heapprofile`)

describe('a pipe', () => {
  test('is read as a file is, gzipped or not', async () => {
    const file = await cli(['top', `${LEAK}-after.heapprofile`])
    for (const input of [after, gzipSync(after)]) {
      const pipe = await cli(['top', '-'], { input })
      expect(pipe).toEqual(file)
      expect(pipe.status).toBe(0)
    }
  })

  test('in the shell', () => {
    const text = execFileSync('sh', [
      '-c',
      `cat ${LEAK}-after.heapprofile | node dist/src/cli/main.js top - --limit 1`,
    ])
    expect(`${text}`).toMatch(/^\/srv\/app\/q1\/leak\.cjs:7 \(work\): size=/)
  })

  test('bytes do not go to a terminal, text does', () => {
    const inTerminal = (to: string) => {
      const command = ['node', 'dist/src/cli/main.js', 'convert', `${LEAK}-after.heapprofile`, '--to', to]
      const script = `import pty, sys; sys.exit(pty.spawn(${JSON.stringify(command)}) >> 8)`
      const { status, stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8', input: '' })
      return { status, stdout }
    }
    for (const to of ['pprof', 'pickle']) {
      const { status, stdout } = inTerminal(to)
      expect([status, stdout]).toEqual([
        2,
        expect.stringContaining(`${to} is binary and cannot be shown on a terminal; give an output file`),
      ])
    }
    expect(inTerminal('folded')).toEqual({ status: 0, stdout: expect.stringContaining('leak.cjs') })
  })

  test('is converted', async () => {
    const input = readFileSync('samples/pprof/leak-node20-i1024-before.pb.gz')
    const { status, stdout, stderr } = await cli(['convert', '-', '--to', 'folded'], { input })
    expect([status, stderr]).toEqual([0, expect.stringContaining('folded does not keep')])
    const back = await cli(['top', '-', '--limit', '0'], { input: stdout })
    const direct = await cli(['top', '-', '--limit', '0'], { input })
    const sizes = (text: string) => text.match(/size=[^,]+/g)
    expect(sizes(back.stdout)).toEqual(sizes(direct.stdout))
  })

  test('that is cut, or is nothing, is an error', async () => {
    for (const input of ['', after.subarray(0, 1000), gzipSync(after).subarray(0, 1000)]) {
      const { status, stdout, stderr } = await cli(['top', '-'], { input })
      expect([status, stdout]).toEqual([3, ''])
      expect(stderr.trimEnd().split('\n').length).toBe(1)
    }
  })
})

describe('diff -o', () => {
  const diff = (out: string, ...more: string[]) =>
    cli(['diff', `${LEAK}-before.heapprofile`, `${LEAK}-after.heapprofile`, '-o', out, ...more])

  test('writes the difference in the way of the format', async () => {
    const pb = join(folder, 'x.pb.gz')
    expect((await diff(pb)).status).toBe(0)
    const top = await cli(['top', pb, '--group-by', 'function', '--limit', '0'])
    expect(top.stdout).toMatch(/^churn .*size=-/m)
    const folded = join(folder, 'x.folded')
    expect((await diff(folded)).status).toBe(0)
    expect(readFileSync(folded, 'utf8')).toMatch(/^.* \d+ \d+\n/)
    const { stdout } = await diff('-', '--to', 'ndjson')
    expect(
      stdout
        .split('\n')
        .filter(Boolean)
        .some(line => JSON.parse(line).size < 0),
    ).toBe(true)
    expect(gunzipSync(readFileSync(pb)).length).toBeGreaterThan(100)
  })

  test('refuses a format that has no word for it', async () => {
    const { status, stderr } = await diff(join(folder, 'x.pickle'))
    expect([status, stderr]).toEqual([2, expect.stringContaining('pickle files cannot contain a difference')])
  })
})

test('--max-size refuses before all is read', async () => {
  const { status, stderr } = await cli(['top', `${LEAK}-after.heapprofile`, '--max-size', '1000'])
  expect([status, stderr]).toEqual([3, expect.stringContaining('too-large')])
})

test('hostile names come out escaped in every format', async () => {
  const names = [
    '__proto__',
    'constructor',
    '</script>',
    '\u001b[2J\u001b]0;x\u0007',
    'a\nb',
    'x\u202egnp.js',
    '=1+1',
    '|cell|',
    '@octocat',
  ]
  const rows = names.map((name, i) => ({
    ...{
      snapshot: 1,
      size: 1000 - i,
      count: 1,
      domain: 0,
      type: name,
      totalNframe: 0,
      following: names.length - 1 - i,
    },
    ...(i === 0 && { meta: { measure: 'live', accuracy: 'exact', counts: 'exact', tracebackLimit: 1 } }),
    traceback: [{ filename: `/srv/${name}.js`, lineno: 1, column: 1, function: name, exact: false }],
  }))
  const path = join(folder, 'hostile.ndjson')
  writeFileSync(path, rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  for (const key of ['lineno', 'type', 'traceback']) {
    for (const format of ['text', 'table', 'json', 'ndjson', 'csv', 'markdown']) {
      const { status, stdout } = await cli([
        'top',
        path,
        '--group-by',
        key,
        '--format',
        format,
        '--limit',
        '0',
      ])
      expect(status, `${key} ${format}`).toBe(0)
      const body = stdout.replaceAll('\u001b[0m', '')
      expect(body, `${key} ${format}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
      expect(body, `${key} ${format}`).toContain('__proto__')
      if (format === 'csv') expect(body).not.toMatch(/(^|,)"?[=@+]/m)
      if (format === 'json') expect(body).not.toContain('</script>')
    }
  }
  for (const format of ['folded', 'csv', 'markdown', 'speedscope', 'firefox', 'ndjson']) {
    const { stdout } = await cli(['convert', path, '-', '--to', format])
    expect(stdout, format).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  }
}, 120_000)
