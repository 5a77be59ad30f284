import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cli } from '../support/cli.ts'

const NODE26 = 'samples/heapsnapshot/node26-traces.heapsnapshot.gz'
const CHROMIUM = 'samples/heapsnapshot/chromium156-traces.heapsnapshot.gz'
const MADE = 'samples/heapsnapshot/made.heapsnapshot'

describe('heap', { timeout: 60_000 }, () => {
  it('lists classes as JSON', async () => {
    const { stdout, status } = await cli(['heap', NODE26, '--format', 'json', '--limit', '0'])
    const { schema, total, rows } = JSON.parse(stdout)
    expect({ status, schema, total, rows: rows.length }).toEqual({
      status: 0,
      schema: 'tracemalloc.heap/1',
      total: 5839294,
      rows: 156,
    })
    expect(rows[0]).toEqual({
      name: '(system)',
      count: 1092,
      shallow: 89352,
      retained: 5477803,
      distance: 1,
    })
  })

  it('lists classes as lines for grep, from a pipe', async () => {
    const { stdout } = await cli(['heap', '-', '--limit', '2'], { input: readFileSync(MADE) })
    expect(stdout).toBe(
      'global: count=1, shallow=64 B, retained=4768 MiB, distance=1\n' +
        'Session: count=1, shallow=48 B, retained=4768 MiB, distance=2\n',
    )
  })

  it('compares', async () => {
    const { stdout } = await cli(['heap', CHROMIUM, '--compare', NODE26, '--format', 'json', '--limit', '1'])
    const { schema, shown, rows } = JSON.parse(stdout)
    expect({ schema, shown }).toEqual({ schema: 'tracemalloc.heapdiff/1', shown: 1 })
    expect(Object.keys(rows[0])).toEqual([
      'name',
      'added',
      'removed',
      'addedSize',
      'removedSize',
      'countDelta',
      'sizeDelta',
    ])
  })

  it('lists the objects of a class, and who keeps one alive', async () => {
    const objects = await cli(['heap', MADE, '--class', 'Session', '--format', 'csv'])
    expect(objects.stdout).toBe(
      'name,id,distance,shallow,retained,location\n' +
        'Session,5,2,48,5000000216,script 5:4:15\n' +
        'Session,7,3,48,80,\n',
    )
    const retainers = await cli(['heap', MADE, '--retainers', '@7'])
    expect(retainers.stdout).toBe(
      'Session @7: shallow=48 B, retained=80 B\n' +
        '  .next in Session @5 (distance 2)\n' +
        '    .sessions in global @3 (distance 1)\n',
    )
  })

  it('lists detached nodes and duplicate strings', async () => {
    const detached = await cli(['heap', CHROMIUM, '--detached', '--limit', '1'])
    expect(detached.stdout).toMatch(/^Detached <div>: id=@\d+, distance=5, shallow=104 B, retained=320 B\n$/)
    const duplicates = await cli([
      'heap',
      NODE26,
      '--duplicates',
      'strings',
      '--limit',
      '3',
      '--format',
      'table',
    ])
    expect(duplicates.stdout).toContain('primordials')
    expect(duplicates.stdout).toContain('would do without the copies')
  })

  it('says why it refuses', async () => {
    const outcomes = [
      ['heap', 'package.json'],
      ['heap', 'samples/heapsnapshot/invalid/to-node-out-of-range.heapsnapshot'],
      ['heap', NODE26, '--max-memory', '10'],
      ['heap', NODE26, '--class', 'map'],
      ['heap', NODE26, '--class', 'Map', '--detached'],
      ['heap', NODE26, '--base', NODE26],
      ['heap', NODE26, '--retainers', '@99999999'],
    ].map(async args => {
      const { status, stderr } = await cli(args)
      return `${status} ${stderr.trim()}`
    })
    expect(await Promise.all(outcomes)).toEqual([
      expect.stringMatching(/^3 .*package.json: .*a list of packages/),
      expect.stringMatching(
        /^3 .*to-node-out-of-range.*malformed: to_node is no node \(byte 11\d\d, in edges\[23\]\)/,
      ),
      expect.stringMatching(
        /^3 .*too-large: it needs about .* MiB of memory, 10.0 MiB may be used.*--max-memory/,
      ),
      expect.stringMatching(/^2 .*no class 'map'.*did you mean/),
      expect.stringMatching(/^2 .*--class and --detached exclude each other/),
      expect.stringMatching(/^2 .*--base and --target must be used together/),
      expect.stringMatching(/^2 .*no object @99999999/),
    ])
  })
})
