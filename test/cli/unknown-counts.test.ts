// A number of blocks that a file does not tell is unknown in every report, and stays so through every conversion.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { converters } from '../../converters/index.ts'
import { loadFile } from '../../src/formats/files.ts'
import { cli } from '../support/cli.ts'

const LONG = 120_000
let folder: string
const file = (name: string) => join(folder, name)

/** A profile of two functions, as a tool without a list of samples writes it. */
function profileOf(sizes: readonly number[]): string {
  const frame = (functionName: string, url: string, lineNumber: number) => ({
    ...{ functionName, scriptId: '1', url, lineNumber, columnNumber: 0 },
  })
  const children = sizes.map((selfSize, i) => ({
    callFrame: frame(`f${i}`, 'file:///srv/a.js', i),
    ...{ selfSize, id: i + 2, children: [] },
  }))
  return JSON.stringify({
    head: { callFrame: frame('(root)', '', -1), selfSize: 0, id: 1, children },
    samples: [],
  })
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-counts-'))
  writeFileSync(file('a.heapprofile'), profileOf([5000, 700]))
  writeFileSync(file('b.heapprofile'), profileOf([9000, 700]))
  writeFileSync(file('a.folded'), 'main;f 100\nmain;g 20\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Values of all members called so, at any depth. */
function valuesOf(json: unknown, name: RegExp): unknown[] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([key, value]) => [
    ...(name.test(key) ? [value] : []),
    ...valuesOf(value, name),
  ])
}

describe.each(['a.heapprofile', 'a.folded'])('%s', name => {
  it('says so in every format of top, tree, info and batch', { timeout: LONG }, async () => {
    for (const command of ['top', 'tree', 'info', 'batch']) {
      const text = (await cli([command, file(name), '--format', 'text'])).stdout
      expect(text, command).toMatch(/count=unknown|an unknown number of blocks/)
      expect(text, command).not.toMatch(/NaN|count=~?\d|in ~?\d+ blocks|average=/)
      const json = JSON.parse((await cli([command, file(name), '--format', 'json'])).stdout)
      const counts = valuesOf(json, /^(count|selfCount)$/).filter(value => value !== 0) // a call's own nothing
      expect(counts.length, command).toBeGreaterThan(0)
      expect(new Set(counts), command).toEqual(new Set([null]))
    }
    const rows = (await cli(['top', file(name), '--format', 'csv'])).stdout.split('\n')
    const at = rows[0].split(',').indexOf('count')
    expect(rows[1].split(',')[at]).toBe('')
    for (const format of ['table', 'markdown']) {
      const { stdout } = await cli(['top', file(name), '--format', format])
      expect(stdout).toContain('unknown')
      expect(stdout).not.toContain('NaN')
    }
  })

  it('stays unknown through every conversion', { timeout: LONG }, async () => {
    for (const { name: format, read, write } of converters) {
      if (!write) continue
      await cli(['convert', file(name), file('out'), '--to', format])
      if (!read) continue
      const [snapshot] = (await loadFile(file('out'))).snapshots
      expect(snapshot.total.count, format).toBeNaN()
      for (const row of snapshot.statistics('lineno')) expect(row.count, format).toBeNaN()
    }
  })
})

it('has no sample type in pprof, where 0 objects would be a number', async () => {
  await cli(['convert', file('a.folded'), file('a.pb.gz')])
  const unknown = gunzipSync(readFileSync(file('a.pb.gz'))).toString('latin1')
  expect(unknown).toContain('inuse_space')
  expect(unknown).not.toContain('objects')
  await cli(['convert', 'samples/csv/names.csv', file('known.pb.gz')])
  expect(gunzipSync(readFileSync(file('known.pb.gz'))).toString('latin1')).toContain('inuse_objects')
})

it('says so in a difference', { timeout: LONG }, async () => {
  const pair = [file('a.heapprofile'), file('b.heapprofile')]
  const text = (await cli(['diff', ...pair])).stdout
  expect(text).toContain('size=9000 B (+4000 B), count=unknown\n')
  for (const args of [
    ['diff', ...pair],
    ['tree', pair[1], '--diff', pair[0]],
    ['check', ...pair],
  ]) {
    const { stdout } = await cli([...args, '--format', 'json'])
    const counts = valuesOf(JSON.parse(stdout), /^(count|countDiff)$/)
    expect(new Set(counts), args[0]).toEqual(
      args[0] === 'check' && counts.length === 0 ? new Set() : new Set([null]),
    )
    expect((await cli([...args, '--format', 'markdown'])).stdout).not.toMatch(/NaN|~0/)
  }
})

it('is known again where samples tell it', async () => {
  const sampled = 'samples/heapprofile/leak-node26-i1024-after.heapprofile'
  expect((await cli(['top', sampled, '--limit', '1'])).stdout).toMatch(/count=~[1-9]/)
})
