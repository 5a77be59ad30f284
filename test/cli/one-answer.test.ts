// One file, one answer: what a command leaves unread for speed, and what a conversion carries, must not change a row.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { converters } from '../../converters/index.ts'
import { columnsOf, type SelectionFlags } from '../../src/cli/options.ts'
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
