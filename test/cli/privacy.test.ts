import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { converters } from '../../converters/index.ts'
import { loadSnapshots } from '../../src/formats/files.ts'
import { cli, root } from '../support/cli.ts'

// A program whose memory is full of secrets: strings of every shape, keys, patterns, source text. Only the class's name may
// leave it, as a type.
const PROGRAM = `
  import { writeHeapSnapshot } from 'node:v8'
  import { start, takeSnapshot, dumpSnapshot } from 'tracemalloc'
  start(16, { interval: 64 })
  globalThis.kept = [
    'secret flat ' + process.pid,
    ['secret rope', Math.random()].join('-'),
    /secret regexp/,
    { 'secret key': 1, [Symbol('secret symbol')]: new Map([['secret map key', 'secret value']]) },
    new (class SecretClass {})(),
    new Function('return "secret code"'),
    eval('(function () { return "secret source" })'),
    Buffer.from('secret buffer'),
    new Error('secret message'),
  ]
  globalThis.more = Array.from({ length: 5000 }, (_, i) => ({ ['secret' + i]: 'secret ' + i }))
  await dumpSnapshot(await takeSnapshot(), process.argv[2] + '/own.pb.gz')
  writeHeapSnapshot(process.argv[2] + '/x.heapsnapshot')
`

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'privacy-'))
  writeFileSync(
    join(folder, 'program.mjs'),
    PROGRAM.replace("'tracemalloc'", `'${join(root, 'dist/src/index.js')}'`),
  )
  execFileSync(process.execPath, [join(folder, 'program.mjs'), folder])
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('no string of the heap leaves it', () => {
  it('in our own dumps', () => {
    const bytes = gunzipSync(readFileSync(join(folder, 'own.pb.gz'))).toString('latin1')
    expect(bytes).toContain('program.mjs')
    expect(bytes.match(/secret.{0,20}/g)).toBe(null)
  })

  it('in what is made of a heap snapshot, whatever the format', { timeout: 60_000 }, async () => {
    const file = join(folder, 'x.heapsnapshot')
    expect(readFileSync(file, 'latin1')).toContain('secret flat')
    const snapshots = await loadSnapshots(file)
    for (const { name, write } of converters) {
      if (!write) continue
      const text = Array.from(await write(snapshots, {}), piece =>
        Buffer.from(piece).toString('latin1'),
      ).join('')
      expect(text.match(/secret.{0,20}/g), name).toBe(null)
    }
  })

  it('and a heap snapshot itself is said to hold them', async () => {
    const { stdout } = await cli(['info', join(folder, 'x.heapsnapshot'), '--strip-check'])
    expect(stdout).toContain('heap strings: yes, as all files of this format\n')
    expect(stdout).toContain('source text: yes, as all files of this format\n')
  })
})
