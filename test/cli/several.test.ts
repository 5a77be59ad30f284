// What programs read has one shape for one snapshot and for several, and every row says which snapshot it is of.
import { expect, it } from 'vitest'
import { cli } from '../support/cli.ts'

const BEFORE = 'samples/heapprofile/leak-node26-i1024-before.heapprofile'
const AFTER = 'samples/heapprofile/leak-node26-i1024-after.heapprofile'
/** Two snapshots in one file. */
const PAIR = 'samples/folded/differential.folded'
const LONG = 60_000

const out = async (args: readonly string[], format: string) =>
  (await cli([...args, '--format', format, '--limit', '3'])).stdout

it.each([
  [
    'top',
    [
      ['top', AFTER],
      ['top', BEFORE, AFTER],
      ['top', PAIR],
    ],
  ],
  [
    'diff',
    [
      ['diff', BEFORE, AFTER],
      ['diff', PAIR, PAIR],
    ],
  ],
])('%s', { timeout: LONG }, async (name, commands) => {
  for (const args of commands) {
    const json = JSON.parse(await out(args, 'json'))
    expect(json.schema).toBe(name === 'top' ? 'tracemalloc.statistics/2' : 'tracemalloc.diff/2')
    const names: string[] = json.snapshots.map((view: { snapshot: string }) => view.snapshot)
    expect(new Set(names).size).toBe(args.includes(PAIR) || (args.length === 3 && name === 'top') ? 2 : 1)
    for (const { rows, total } of json.snapshots) expect(rows.length * total.size).toBeGreaterThan(0)
    const lines = (await out(args, 'ndjson'))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const rows = json.snapshots.flatMap(({ snapshot, rows }: { snapshot: string; rows: object[] }) =>
      rows.map(row => ({ snapshot, ...row })),
    )
    expect(lines).toEqual(rows)
    const [header, ...cells] = (await out(args, 'csv')).trimEnd().split('\n')
    expect(header).toMatch(/^snapshot,/)
    expect(cells.map(line => names.find(each => line.startsWith(`${each},`)))).toEqual(
      rows.map((row: { snapshot: string }) => row.snapshot),
    )
  }
})

it.each(['tree', 'info'])('%s', { timeout: LONG }, async command => {
  for (const file of [AFTER, PAIR]) {
    const { schema, snapshots, files } = JSON.parse((await cli([command, file, '--format', 'json'])).stdout)
    expect(schema).toBe(`tracemalloc.${command}/2`)
    expect((snapshots ?? files[0].snapshots).length).toBe(file === PAIR ? 2 : 1)
  }
})
