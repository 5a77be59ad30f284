// One file, one answer: what a command leaves unread for speed, and what a conversion carries, must not change a row.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Carried } from '../../converters/converter.ts'
import { converters } from '../../converters/index.ts'
import { columnsOf, type SelectionFlags } from '../../src/cli/options.ts'
import { FormatError } from '../../src/errors.ts'
import { dumpSnapshots, loadFile } from '../../src/formats/files.ts'
import { KEY_TYPES, type KeyType } from '../../src/model/grouping/keys.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { cli, root } from '../support/cli.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-answer-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const rowsOf = (snapshots: readonly Snapshot[], key: KeyType) =>
  snapshots.map(snapshot => snapshot.statistics(key).map(String).sort())
const selection = (key: KeyType) =>
  ({ groupBy: [key], include: [], exclude: [], limit: 10 }) as unknown as SelectionFlags

const samples = converters
  .filter(c => c.read)
  .flatMap(({ name }) =>
    readdirSync(join(root, 'samples', name))
      .filter(file => !/expected\.txt$|^invalid$|^\./.test(file))
      .map(file => join('samples', name, file)),
  )

describe.each(samples)('%s', name => {
  const path = join(root, name)

  it('has the same rows when a command reads only the columns it needs', async () => {
    const { snapshots } = await loadFile(path)
    for (const key of KEY_TYPES) {
      const narrow = await loadFile(path, { columns: columnsOf(selection(key)) })
      expect(rowsOf(narrow.snapshots, key), key).toEqual(rowsOf(snapshots, key))
    }
  })

  it('has the same rows after a conversion to the default dump', async () => {
    const { snapshots } = await loadFile(path)
    const dump = join(folder, 'x.pb.gz')
    await dumpSnapshots(snapshots, dump)
    for (const key of KEY_TYPES) {
      const again = await loadFile(dump, { columns: columnsOf(selection(key)) })
      expect(rowsOf(again.snapshots, key), key).toEqual(rowsOf(snapshots, key))
    }
  })
})

/** What the label of a key's rows is made of, besides the files' names. */
const MADE_OF: Readonly<Record<KeyType, readonly Carried[]>> = {
  lineno: ['lineno', 'function', 'exact'],
  filename: [],
  traceback: ['lineno', 'function', 'exact', 'totalNframe'],
  function: ['lineno', 'function', 'exact'],
  type: ['type'],
  domain: ['domain'],
  package: [],
}

const hasWholeCounts = ({ columns: { count, size } }: Snapshot) =>
  count.every((n, i) => Number.isInteger(n) && (n > 0 || size[i] === 0))
const hasNamelessFile = ({ tables }: Snapshot) => tables.frames.filename.includes(tables.strings.intern(''))
const hasWholeSizes = ({ columns }: Snapshot) => columns.size.every(Number.isInteger)
const isDifference = ({ columns }: Snapshot) => columns.size.some(size => size < 0)

/** The formats into which a sample is converted: all, or another one every day. */
const FORMATS = converters.filter(({ read, write, name }) => read && write && name !== 'pprof')
const day = Math.floor(Date.now() / 86_400_000)
const isFull = process.env.CONVERSIONS === 'all'

describe.each(samples.map((name, i) => [name, i] as const))('%s', (name, i) => {
  const formats = isFull ? FORMATS : [FORMATS[(i + day) % FORMATS.length]]

  it.each(formats.map(format => [format.name, format] as const))(
    'has the same rows after a conversion to %s, by every key that survives',
    async (_, { carries, difference, extensions, name: to }) => {
      const { snapshots } = await loadFile(join(root, name))
      const isPair = difference === 'pair' || to === 'speedscope' // old and new, or what grew and what shrank
      if (isPair && snapshots.some(isDifference)) return
      if (to === 'heapprofile' && snapshots.some(hasNamelessFile)) return // it would be a built-in
      const several = carries.includes('measures') ? snapshots : snapshots.slice(0, 1)
      const path = join(folder, `x${extensions[0]}`)
      if (!snapshots.every(hasWholeSizes)) return // they are rounded
      try {
        await dumpSnapshots(several, path, { to })
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError) // such as sizes that it cannot hold, told and not written
        return
      }
      const again = await loadFile(path)
      const isCounted = carries.includes('count') && several.every(hasWholeCounts)
      const rows = (all: readonly Snapshot[], key: KeyType) =>
        all.map(snapshot =>
          snapshot
            .statistics(key)
            .filter(({ size, count }) => size !== 0 || (isCounted && count > 0))
            .map(({ label, size, count }) => [label, isCounted ? `${size} ${count}` : size].join(' '))
            .sort(),
        )
      for (const key of KEY_TYPES) {
        if (MADE_OF[key].every(part => carries.includes(part)))
          expect(rows(again.snapshots, key), key).toEqual(rows(several, key))
      }
    },
  )
})

it('names the constructors that a heap snapshot names, in every table', async () => {
  const file = 'samples/heapsnapshot/functions.heapsnapshot.gz'
  const dump = join(folder, 'functions.pb.gz')
  await cli(['convert', file, dump])
  for (const key of ['function', 'lineno', 'traceback']) {
    const options = ['--group-by', key, '--limit', '0', '--format', 'csv']
    const [direct, converted] = [await cli(['top', file, ...options]), await cli(['top', dump, ...options])]
    if (key !== 'lineno') expect(direct.stdout).toContain('Foo')
    const rows = ({ stdout }: { stdout: string }) => stdout.replace(/^[^,]*,/gm, '') // without the snapshot's name
    expect(rows(direct)).toBe(rows(converted))
  }
})
