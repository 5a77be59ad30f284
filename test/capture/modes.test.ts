// Who may read what is written: its owner alone, whatever the umask is, and nobody more after a file was replaced.
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { cli, root } from '../support/cli.ts'
import { folder, freePort, it, leak, OLDEST, run, toolEnds } from '../support/nodes.ts'

const HEAP = join(root, 'samples/heapsnapshot/node26-traces.heapsnapshot.gz')

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

/** The modes of everything in a folder. */
function modesIn(path: string): Record<string, string> {
  const names = readdirSync(path)
  expect(names.length).toBeGreaterThan(0)
  return Object.fromEntries(names.map(name => [name, modeOf(join(path, name))]))
}

const allPrivate = (path: string) => Object.fromEntries(readdirSync(path).map(name => [name, '600']))

it('what is made of a heap snapshot is for its owner alone, and what is replaced keeps its mode', async () => {
  const out = folder()
  for (const [ending, mode] of [
    ['pb.gz', undefined],
    ['ndjson', 0o400],
    ['folded', 0o640],
    ['csv.gz', 0o600],
  ] as const) {
    const path = join(out, `heap.${ending}`)
    if (mode !== undefined) writeFileSync(path, '')
    if (mode !== undefined) chmodSync(path, mode)
    const { status, stderr } = await cli(['convert', HEAP, path])
    expect(status, stderr).toBe(0)
    expect(statSync(path).size).toBeGreaterThan(0)
    expect(modeOf(path), path).toBe((mode ?? 0o600).toString(8))
  }
})

it('run makes private folders and files, a file of V8 itself too', async () => {
  const base = folder()
  const out = join(base, 'a/b')
  const { code, stderr } = await toolEnds(['run', '--every', '0.3', '--out', out, leak, '1'], OLDEST)
  expect(code, stderr).toBe(0)
  expect([modeOf(join(base, 'a')), modeOf(out)]).toEqual(['700', '700'])
  expect(modesIn(out)).toEqual(allPrivate(out))
  expect(readdirSync(out).some(name => name.endsWith('.ndjson'))).toBe(true)
  const open = join(base, 'open')
  mkdirSync(open, { mode: 0o755 })
  chmodSync(open, 0o755)
  const single = join(open, 'one.pb.gz')
  expect((await toolEnds(['run', '-o', single, leak, '0.3'], OLDEST)).code).toBe(0)
  expect([modeOf(single), modeOf(open)]).toEqual(['600', '755'])
})

it('attach writes private files: dumps, their manifest, heap snapshots', async () => {
  const port = await freePort()
  const target = run(OLDEST, [`--inspect=127.0.0.1:${port}`, leak])
  await target.says(/Debugger listening/)
  for (const mode of ['live', 'objects']) {
    const out = join(folder(), 'series')
    const args = ['attach', `${port}`, '--mode', mode, '--every', '0.5', '--count', '2', '--out', out]
    const { code, stderr } = await toolEnds(args)
    expect(code, stderr).toBe(0)
    expect(existsSync(out)).toBe(true)
    expect(modeOf(out)).toBe('700')
    expect(modesIn(out)).toEqual(allPrivate(out))
  }
})
