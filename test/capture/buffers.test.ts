import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { DomainFilter } from '../../src/model/filter.ts'
import { DOMAIN } from '../../src/model/meta.ts'
import { dumps, folder, it, NEWEST, NODES, OLDEST, run, toolEnds } from '../support/nodes.ts'

const MB = 2 ** 20

/** Runs a program under `run --buffers`; its rows of domain 1 by line. */
async function linesOf(node: string, text: string, args: readonly string[] = []) {
  const file = join(folder(), 'program.cjs')
  writeFileSync(file, text)
  const out = folder()
  const { code, stderr } = await toolEnds(['run', '--buffers', ...args, '--out', out, file], node)
  expect(code, stderr).toBe(0)
  const snapshot = await loadSnapshot(join(out, dumps(out)[0]))
  const buffers = snapshot.filterTraces([new DomainFilter(true, DOMAIN.arrayBuffer)])
  const rows = buffers.statistics('lineno')
  return {
    file,
    rows,
    total: buffers.total,
    at: (line: number) => rows.find(r => r.label.endsWith(`:${line}`)),
  }
}

describe.concurrent.each(NODES)('run --buffers on Node %s', (_, node) => {
  it('shows a leak of 100 MB within 5 % at its line, and nothing of 1 GB that came and went in one loop', async () => {
    const { file, at, total } = await linesOf(
      node,
      `const kept = []
function leak() {
  kept.push(Buffer.alloc(1 << 20))
}
for (let i = 0; i < 100; i++) leak()
for (let i = 0; i < 1024; i++) {
  Buffer.alloc(1 << 20)
}
process.on('exit', () => kept.length)`,
    )
    expect(at(3)?.label).toContain(file)
    expect(at(3)!.size).toBeGreaterThan(95 * MB)
    expect(at(3)!.size).toBeLessThan(105 * MB)
    expect(Math.abs(at(3)!.count - 100)).toBeLessThanOrEqual(5)
    expect(total.size - at(3)!.size).toBeLessThan(16 * MB)
  })

  it('goes on after a length that is none, and lets a program have one that throws', async () => {
    const { at } = await linesOf(
      node,
      `const kept = []
class Odd extends Uint8Array { get byteLength() { return undefined } }
class Bad extends ArrayBuffer { get byteLength() { throw new Error('mine') } }
kept.push(new Odd(1000), new Bad(1000))
for (let i = 0; i < 10; i++) {
  kept.push(new ArrayBuffer(1000))
}
process.on('exit', () => kept.length)`,
      ['--interval', '1'],
    )
    for (const line of [2, 3]) expect(at(line)).toMatchObject({ size: 1000, count: 1 }) // the implicit constructors
    expect(at(6)).toMatchObject({ size: 10_000, count: 10 })
  })

  it('counts small stores by the same law', async () => {
    const { at } = await linesOf(
      node,
      `const kept = []
for (let i = 0; i < 40000; i++) {
  kept.push(new Uint8Array(1000))
}
process.on('exit', () => kept.length)`,
      ['--interval', '512'],
    )
    // 11,000 samples or so: a standard error of 1 %
    expect(at(3)!.size / 40e6).toBeGreaterThan(0.94)
    expect(at(3)!.size / 40e6).toBeLessThan(1.06)
  })
})

describe.concurrent('run --buffers', () => {
  it('tells every way to make a store, each once, and none of a view', async () => {
    const { at, rows } = await linesOf(
      NEWEST,
      `const n = 1 << 20, kept = []
kept.push(new ArrayBuffer(n))
kept.push(new SharedArrayBuffer(n))
kept.push(new Float64Array(n / 8))
kept.push(Uint8Array.from({ length: n }))
kept.push(kept[2].slice())
kept.push(Buffer.alloc(n))
kept.push(Buffer.allocUnsafe(n))
kept.push(Buffer.from('x'.repeat(n)))
kept.push(Buffer.concat([kept[5], kept[6]]))
kept.push(new Uint8Array(kept[0]), Buffer.from(kept[0]), kept[5].subarray(1), new DataView(kept[0]))
class Own extends Uint8Array {}
kept.push(new Own(n))
process.on('exit', () => kept.length)`,
      ['--interval', '4096'],
    )
    for (const line of [2, 3, 4, 5, 6, 7, 8, 9, 12]) expect(at(line)?.size, `line ${line}`).toBe(n(1))
    expect(at(10)?.size).toBe(n(2))
    expect(rows.filter(({ label }) => label.includes('program.cjs'))).toHaveLength(10)
  })

  it('changes nothing that a program can rely on', async () => {
    const file = join(folder(), 'same.cjs')
    writeFileSync(
      file,
      `const assert = require('node:assert')
const { prepareStackTrace } = Error
const TypedArray = Object.getPrototypeOf(Int8Array)
assert.equal(typeof TypedArray.from, 'function')
assert.equal(TypedArray.name, 'TypedArray')
assert.equal(Object.getPrototypeOf(Uint8Array), TypedArray)
assert.equal(Uint8Array.name + Uint8Array.length + Uint8Array.BYTES_PER_ELEMENT, 'Uint8Array31')
assert.equal(new Uint8Array(3).constructor, Uint8Array)
assert(Buffer.alloc(1) instanceof Uint8Array && Buffer.from('a') instanceof Buffer)
assert(structuredClone(new ArrayBuffer(8)) instanceof ArrayBuffer)
assert.equal(new ArrayBuffer(8).slice(4).byteLength, 4)
assert(ArrayBuffer.isView(new Uint8Array()))
assert.deepStrictEqual([...new Uint8Array([1, 2])], [1, 2])
assert.deepStrictEqual([...new Uint8Array(new Uint8Array([1, 2, 3]).buffer, 1)], [2, 3])
assert.deepStrictEqual([...new Uint8Array(new Uint8Array([1, 2, 3]).buffer, 1, 1)], [2])
assert.equal(new Uint8Array(undefined).length, 0)
assert.equal(new Uint8Array(null).length, 0)
assert.throws(() => Uint8Array(1), TypeError)
assert.throws(() => new Uint8Array(-1), RangeError)
assert.throws(() => Buffer.alloc('x'), TypeError)
assert.equal(new TextDecoder().decode(Buffer.from('ä')), 'ä')
class Own extends Float32Array { sum() { return this.reduce((a, b) => a + b, 0) } }
const own = new Own([1, 2])
assert(own instanceof Own && own.map(x => x * 2) instanceof Own && own.sum() === 3)
const deep = n => n ? deep(n - 1) + 1 : new Uint8Array(100000).length
assert.throws(() => { const run = () => { new Uint8Array(1000); run() }; run() }, RangeError)
assert.equal(deep(100), 100100)
assert.equal(Error.prepareStackTrace, prepareStackTrace)
console.log('same')`,
    )
    for (const node of [OLDEST, NEWEST]) {
      const { code, stdout, stderr } = await toolEnds(['run', '--buffers', '--out', folder(), file], node)
      expect([code, stdout], stderr).toEqual([0, 'same\n'])
    }
  })

  it('is turned on by TRACEMALLOC_BUFFERS, too', async () => {
    const file = join(folder(), 'on.cjs')
    writeFileSync(file, 'console.log(Uint8Array.toString().includes("native"))')
    const register = new URL('../../dist/src/register.js', import.meta.url).href
    for (const on of ['0', '1']) {
      const program = run(NEWEST, ['--import', register, file], { env: { TRACEMALLOC_BUFFERS: on } })
      await program.ended
      expect(program.stdout).toBe(on === '0' ? 'true\n' : 'false\n')
    }
  })
})

const n = (stores: number) => stores * MB

describe.concurrent.each([OLDEST, NEWEST])('a leak of Buffers without --buffers on %s', node => {
  it('is named in a note, as no sample is of it', async () => {
    const file = join(folder(), 'program.cjs')
    writeFileSync(
      file,
      `const { readdirSync } = require('fs')
      const [dir] = process.argv.slice(2)
      const kept = []
      process.kill(process.pid, 'SIGUSR2')
      const timer = setInterval(() => {
        if (!readdirSync(dir).some(name => name.endsWith('.pb.gz'))) return
        clearInterval(timer)
        for (let i = 0; i < 20; i++) kept.push(Buffer.alloc(1 << 20))
      }, 50)`,
    )
    const out = folder()
    const { code } = await toolEnds(['run', '--out', out, file, out], node)
    expect(code).toBe(0)
    const paths = dumps(out).map(name => join(out, name))
    expect(paths).toHaveLength(2)
    const { stderr } = await toolEnds(['diff', ...paths], node)
    expect(stderr).toMatch(
      /memory outside the heap, such as Buffers, \+(19|20)\.\d MiB: V8 does not sample it/,
    )
  })
})
