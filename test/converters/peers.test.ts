// What others make of our files, and we of theirs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dumpSnapshots, loadFile } from '../../src/formats/files.ts'
import { frameText } from '../../src/model/frame-text.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { differenceOf } from '../../src/transform/merge.ts'
import { type DevToolsNode, devToolsModel } from '../oracle/devtools-heapprofile.ts'
import { firefoxThreads } from '../oracle/firefox.ts'
import { type Profile, release, selfWeights, speedscopeImporter } from '../oracle/speedscope.ts'

const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-peers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const heapprofiles = readdirSync('samples/heapprofile').filter(name => name.endsWith('.heapprofile'))

async function load(path: string): Promise<Snapshot> {
  return (await loadFile(path)).snapshots[0]
}

async function dump(snapshots: readonly Snapshot[], name: string): Promise<string> {
  const path = join(folder, name)
  await dumpSnapshots(snapshots, path)
  return path
}

/** Sizes by traceback, as `selfWeights` names them. */
function sizesOf(snapshot: Snapshot, isFolded: boolean): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const { traceback, size } of snapshot.traces) {
    const frames = traceback.frames.map(frame => {
      if (isFolded) return frameText(frame)
      const { functionName, filename, lineno, column } = frame
      return [functionName || '(anonymous)', filename, lineno || '', column || '']
        .filter(part => part !== '')
        .join(' ')
    })
    const key = frames.join(';')
    if (size !== 0) sizes.set(key, (sizes.get(key) ?? 0) + size)
  }
  return sizes
}

function sorted(map: Map<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

describe("speedscope's importer", () => {
  const importer = speedscopeImporter()
  const profilesOf = async (path: string): Promise<Profile[]> =>
    (await importer(path.split('/').at(-1) as string, readFileSync(path)))?.profiles ?? []

  test.each(heapprofiles)('reads our files of %s', async name => {
    const snapshot = await load(`samples/heapprofile/${name}`)
    const [bytes, blocks] = await profilesOf(await dump([snapshot], 'x.speedscope.json'))
    expect(bytes.getWeightUnit()).toBe('bytes')
    expect(bytes.getTotalWeight()).toBe(snapshot.total.size)
    expect(sorted(selfWeights(bytes))).toEqual(sorted(sizesOf(snapshot, false)))
    if (blocks) expect(blocks.getTotalWeight()).toBeCloseTo(snapshot.total.count, 6)
    const [folded] = await profilesOf(await dump([snapshot], 'x.folded'))
    expect(sorted(selfWeights(folded))).toEqual(sorted(sizesOf(snapshot, true)))
  })

  test('reads a difference as what grew and what shrank', async () => {
    const now = await load('samples/heapprofile/leak-node26-i1024-after.heapprofile')
    const old = await load('samples/heapprofile/leak-node26-i1024-before.heapprofile')
    const profiles = await profilesOf(await dump([differenceOf(now, old)], 'diff.speedscope.json'))
    const bytes = profiles.filter(profile => profile.getWeightUnit() === 'bytes')
    expect(bytes.map(profile => profile.getName())).toEqual(['live bytes: grown', 'live bytes: shrunk'])
    const [grown, shrunk] = bytes.map(profile => profile.getTotalWeight())
    expect(shrunk).toBeGreaterThan(0)
    expect(grown - shrunk).toBe(now.total.size - old.total.size)
  })

  test('and ours agree on the sample that speedscope ships', async () => {
    const name = readdirSync(release).find(file => file.startsWith('perf-vertx')) as string
    const [theirs] = await profilesOf(join(release, name))
    const ours = await load(join(release, name))
    expect(ours.total.size).toBe(theirs.getTotalWeight())
    const sizes = new Map<string, number>()
    for (const { traceback, size } of ours.traces) {
      const key = traceback.frames.map(frame => frame.functionName).join(';')
      sizes.set(key, (sizes.get(key) ?? 0) + size)
    }
    expect(sorted(sizes)).toEqual(sorted(selfWeights(theirs)))
  })

  test.each(['evented', 'sampled'])('and ours agree on %s profiles', async name => {
    const path = `samples/speedscope/${name}.speedscope.json`
    const theirs = await profilesOf(path)
    const { snapshots } = await loadFile(path)
    expect(snapshots.length).toBe(theirs.length)
    // What no frame holds, speedscope leaves out of self weights.
    for (const [i, snapshot] of snapshots.entries()) {
      const ours = sizesOf(snapshot, false)
      ours.delete('')
      const plain = sorted(ours).map(([key, size]) => [key.replaceAll(' <unknown>', ''), size])
      expect(plain).toEqual(sorted(selfWeights(theirs[i])))
    }
  })
})

describe("DevTools' reader of heap profiles", () => {
  let Model: Awaited<ReturnType<typeof devToolsModel>>
  beforeAll(async () => {
    Model = await devToolsModel()
  }, 60_000)

  /** What DevTools of today does not open: a profile inside an answer, and nodes that lack a field it relies on. */
  const OURS_ALONE = ['answer.heapprofile', 'without-children.heapprofile']

  test.each(OURS_ALONE)('cannot read %s, which we read', async name => {
    const path = `samples/heapprofile/${name}`
    expect(() => new Model(JSON.parse(readFileSync(path, 'utf8')))).toThrow()
    expect((await load(path)).total.size).toBeGreaterThan(0)
  })

  test.each(heapprofiles.filter(name => !OURS_ALONE.includes(name)))(
    'gives the same for %s and what we write of it',
    async name => {
      const original = `samples/heapprofile/${name}`
      const written = await dump([await load(original)], name)
      const [theirs, ours] = [original, written].map(
        path => new Model(JSON.parse(readFileSync(path, 'utf8'))),
      )
      expect(ours.total).toBe(theirs.total)
      expect(ours.total).toBe((await load(original)).total.size)
      expect(nodesOf(ours.root)).toEqual(nodesOf(theirs.root))
    },
  )
})

/** Self sizes by path of call frames. */
function nodesOf(root: DevToolsNode): [string, number][] {
  const nodes = new Map<string, number>()
  const open: [DevToolsNode, string][] = [[root, '']]
  for (let next = open.pop(); next; next = open.pop()) {
    const [{ functionName, url, lineNumber, columnNumber, self, children }, above] = next
    const file = url.replace(/^file:\/\//, '') // our reader makes paths of such addresses
    // The root stands for no call, and a column that is missing is unknown.
    const path =
      next[0] === root ? '' : `${above};${functionName} ${file} ${lineNumber} ${columnNumber ?? -1}`
    if (self > 0) nodes.set(path, (nodes.get(path) ?? 0) + self)
    for (const child of children) open.push([child, path])
  }
  return sorted(nodes)
}

describe("Firefox Profiler's own code", () => {
  test('opens our files, several snapshots and a difference', { timeout: 120_000 }, async () => {
    const now = await load('samples/heapprofile/leak-node26-i1024-after.heapprofile')
    const old = await load('samples/heapprofile/leak-node26-i1024-before.heapprofile')
    const snapshots = [now, old]
    const threads = await firefoxThreads(await dump(snapshots, 'x.firefox.json'), 2)
    for (const [i, { callTreeSummaryStrategy, weightType, functions }] of threads.entries()) {
      expect([callTreeSummaryStrategy, weightType]).toEqual(['native-allocations', 'bytes'])
      expect(functions.reduce((sum, f) => sum + f.selfSamples, 0)).toBe(snapshots[i].total.size)
      const work = snapshots[i].statistics('function', true).filter(s => s.key.functionName === 'work')
      const total = work.reduce((sum, s) => sum + s.size, 0)
      expect(functions.find(f => f.name === 'work')?.totalSamples).toBe(total)
    }
    const difference = differenceOf(now, old)
    const grown = difference.columns.size.filter(size => size > 0).reduce((sum, size) => sum + size, 0)
    const [thread] = await firefoxThreads(await dump([difference], 'diff.firefox.json'), 1)
    expect(thread.functions.reduce((sum, f) => sum + f.selfSamples, 0)).toBe(grown)
  })

  test('reads every sample that we read', { timeout: 120_000 }, async () => {
    for (const name of readdirSync('samples/firefox').filter(file => file.endsWith('.json'))) {
      const threads = JSON.parse(readFileSync(`samples/firefox/${name}`, 'utf8')).threads.length
      expect((await firefoxThreads(`samples/firefox/${name}`, threads)).length, name).toBe(threads)
    }
  })
})

describe('go tool pprof', () => {
  const top = (...args: string[]): Map<string, number> => {
    const { stdout, stderr, status } = spawnSync(
      'go',
      ['tool', 'pprof', '-top', '-nodecount=1000000', '-nodefraction=0', '-unit=B', ...args],
      { encoding: 'utf8' },
    )
    expect(status, stderr).toBe(0)
    const flat = new Map<string, number>()
    for (const line of stdout.split('\n').slice(stdout.split('\n').findIndex(l => /flat%/.test(l)) + 1)) {
      const match = /^\s*(-?\d+)B?\s+\S+\s+\S+\s+(-?\d+)B?\s+\S+\s+(.*)$/.exec(line)
      if (match) flat.set(match[3], (flat.get(match[3]) ?? 0) + Number(match[1]))
    }
    return new Map([...flat].filter(([, size]) => size !== 0))
  }

  test('has the same totals, and the same difference as ours written out', async () => {
    const snapshots = await Promise.all(
      ['before', 'after'].map(when => load(`samples/heapprofile/leak-node26-i1024-${when}.heapprofile`)),
    )
    const [old, now] = await Promise.all(snapshots.map((s, i) => dump([s], `${i}.pb.gz`)))
    const sum = (flat: Map<string, number>) => [...flat.values()].reduce((a, b) => a + b, 0)
    expect(sum(top(now))).toBe(snapshots[1].total.size)
    expect(sum(top(old))).toBe(snapshots[0].total.size)
    const theirs = top(`-diff_base=${old}`, now)
    const ours = top(await dump([differenceOf(snapshots[1], snapshots[0])], 'diff.pb.gz'))
    expect(Math.min(...theirs.values())).toBeLessThan(0)
    expect(sorted(ours)).toEqual(sorted(theirs))
    expect(sum(ours)).toBe(snapshots[1].total.size - snapshots[0].total.size)
  })
})

test('a differential file is what difffolded.pl makes of two', async () => {
  const old = await load('samples/heapprofile/leak-node26-i1024-before.heapprofile')
  const now = await load('samples/heapprofile/leak-node26-i1024-after.heapprofile')
  const sides = await Promise.all([old, now].map((s, i) => dump([s], `${i}.folded`)))
  const [a, b] = sides.map(
    path => new Map(linesOf(path).map(line => /^(.*) (\d+)$/.exec(line)?.slice(1) as [string, string])),
  )
  const keys = new Set([...a.keys(), ...b.keys()])
  const expected = [...keys].map(key => `${key} ${a.get(key) ?? 0} ${b.get(key) ?? 0}`)
  expect(linesOf(await dump([old, now], 'diff.folded')).sort()).toEqual(expected.sort())
})

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n')
}

test('what another tool sends through a spreadsheet program comes back', async () => {
  const snapshot = await load('samples/csv/names.csv')
  const path = await dump([snapshot], 'x.csv')
  const python = `
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8')))
assert all(not cell[:1] in ('=', '+', '@') for row in rows for cell in row), rows
open(sys.argv[2], 'w', newline='', encoding='utf-8').write(','.join(rows[0]) + '\\r\\n')
csv.writer(open(sys.argv[2], 'a', newline='', encoding='utf-8'), quoting=csv.QUOTE_ALL).writerows(rows[1:])
`
  const again = join(folder, 'again.csv')
  const { status, stderr } = spawnSync('python3', ['-c', python, path, again], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const back = await load(again)
  expect(back.traces.equals(snapshot.traces)).toBe(true)
})
