import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Function as Fn, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format'
import { afterAll, describe, expect, it } from 'vitest'
import { heapprofile } from '../../converters/heapprofile/index.ts'
import { MessageWriter, readFields, WIRE } from '../../src/bytes/protobuf.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { dumpSnapshots, loadFile } from '../../src/formats/files.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { read, written } from '../support/pprof.ts'
import { sampledMeta, snapshotOf } from '../support/snapshots.ts'

const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-go-'))
afterAll(() => rmSync(folder, { recursive: true }))

const samples = join(import.meta.dirname, '../../samples')

/** A profile of V8 as it stands: its counts are samples, not estimates yet. */
async function heapProfile(name: string): Promise<Snapshot> {
  const bytes = readFileSync(join(samples, 'heapprofile', `${name}.heapprofile`))
  const [snapshot] = await heapprofile.read!(bytesSource(bytes), {})
  return snapshot
}

/** `go tool pprof` without a network or a home. */
function go(...args: string[]): string {
  const env = { ...process.env, GOFLAGS: '', GOTOOLCHAIN: 'local', GOPROXY: 'off', GO111MODULE: 'off' }
  return execFileSync('go', ['tool', 'pprof', ...args], {
    encoding: 'utf8',
    env: { ...env, PPROF_TMPDIR: folder, GOCACHE: join(folder, 'gocache'), HOME: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** Flat bytes by function, as `go tool pprof -top` has them. */
function goTop(path: string, index = 'inuse_space', unit = 'B'): Map<string, number> {
  const text = go(
    '-top',
    '-nodecount=1000000',
    '-nodefraction=0',
    `-unit=${unit}`,
    `-sample_index=${index}`,
    path,
  )
  const rows = text.matchAll(/^ *(-?\d+)(?:B)? +\S+ +\S+ +\S+ +\S+ +(.*)$/gm)
  return new Map([...rows].map(([, flat, name]) => [name, Number(flat)]))
}

/** Bytes or blocks by the name of the most recent function. */
function byFunction(snapshot: Snapshot, column: 'size' | 'count'): Map<string, number> {
  const sums = new Map<string, number>()
  for (const trace of snapshot.traces) {
    const name = trace.traceback.at(-1)?.functionName || '(anonymous)'
    sums.set(name, (sums.get(name) ?? 0) + trace[column])
  }
  return sums
}

describe('go tool pprof', () => {
  it.each(['leak-node26-i1024-after', 'node20-worker', 'node20-urlforms-i256'])(
    'shows the totals of %s',
    async name => {
      const path = join(folder, `${name}.pb.gz`)
      const snapshots = [await heapProfile(name)]
      await dumpSnapshots(snapshots, path)
      const sizes = [...byFunction(snapshots[0], 'size')]
      const top = goTop(path)
      expect(sizes.length).toBeGreaterThan(3)
      for (const [key, size] of sizes) expect(top.get(key), key).toBe(size)
      const blocks = goTop(path, 'inuse_objects', 'auto')
      for (const [key, count] of byFunction(snapshots[0], 'count')) expect(blocks.get(key), key).toBe(count)
      const total = /of (\d+)B total/.exec(go('-top', '-unit=B', path))
      expect(Number(total?.[1])).toBe(snapshots[0].total.size)
    },
  )

  it('reads every fact that pprof has a word for', async () => {
    const path = join(folder, 'facts.pb.gz')
    const meta: SnapshotMeta = {
      ...sampledMeta,
      interval: 40320,
      time: Date.UTC(2026, 10, 22, 8, 30, 1, 250),
    }
    const snapshot = snapshotOf(
      `-100 1: main@/srv/ü.js:3 > leak@/srv/ü.js:2147483648
        7000000000 12: main@/srv/ü.js:3`,
      meta,
    )
    await dumpSnapshots([snapshot], path)
    const raw = go('-raw', path)
    expect(raw).toContain('PeriodType: space bytes\nPeriod: 40320\nTime: 2026-11-22 08:30:01.25 +0000 UTC')
    expect(raw).toContain('inuse_objects/count inuse_space/bytes[dflt]')
    expect(raw).toMatch(/ 1 +-100: 1 2 *\n +12 7000000000: 2 *\n/)
    expect(raw).toContain('main /srv/ü.js:3 s=3')
    expect(raw).toContain('leak /srv/ü.js:2147483648 s=2147483648')
  })

  it('shows each of several snapshots, and of what was allocated', async () => {
    const path = join(folder, 'several.pb.gz')
    const first = snapshotOf('10 1: f@/a.js:1', sampledMeta)
    const second = snapshotOf('20 2: f@/a.js:1', sampledMeta)
    const third = snapshotOf('40 4: f@/a.js:1', { ...sampledMeta, measure: 'allocated' })
    await dumpSnapshots([first, second, third], path)
    const f = (index: string) => goTop(path, index).get('f')
    expect([f('inuse_space'), f('inuse_space_2'), f('alloc_space')]).toEqual([10, 20, 40])
    const { snapshots } = await loadFile(path)
    expect(snapshots.map(s => s.total)).toEqual([first, second, third].map(s => s.total))
    expect(new Set(snapshots.map(s => s.tables)).size).toBe(1)
  })

  it('counts estimates that are no whole numbers to within 1 in all', async () => {
    const path = join(folder, 'fractions.pb.gz')
    const lines = Array.from({ length: 1000 }, (_, i) => `${i} 0: f@/a.js:${i + 1}`)
    const snapshot = snapshotOf(lines.join('\n'), sampledMeta)
    const estimates = snapshot.with({ columns: { count: new Float64Array(1000).fill(0.3) } })
    await dumpSnapshots([estimates], path)
    expect(goTop(path, 'inuse_objects', 'auto').get('f')).toBe(300)
    expect((await loadFile(path)).snapshots[0].columns.count).toEqual(estimates.columns.count)
  })

  it('gives a file that we read, its private field gone', async () => {
    const ours = join(folder, 'ours.pb.gz')
    const theirs = join(folder, 'theirs.pb.gz')
    const snapshots = [await heapProfile('leak-node26-i1024-after')]
    await dumpSnapshots(snapshots, ours)
    go('-proto', '-output', theirs, ours)
    const [again] = (await loadFile(theirs)).snapshots
    expect(again.total).toEqual(snapshots[0].total)
    const lines = (s: Snapshot) => s.statistics('lineno').map(String)
    expect(lines(again)).toEqual(lines(snapshots[0])) // function starts are still known as such
    expect(again.meta).toMatchObject({ source: 'pprof', accuracy: 'sampled' })
  })

  it('shows what we read of a profile of Go', async () => {
    const path = join(samples, 'pprof', 'go1.19-heap.pb.gz')
    const { snapshots } = await loadFile(path)
    expect(snapshots.map(s => [s.meta.name, s.meta.measure])).toEqual([
      ['alloc_space', 'allocated'],
      ['inuse_space', 'live'],
    ])
    for (const snapshot of snapshots) {
      const top = goTop(path, snapshot.meta.name)
      for (const [name, size] of byFunction(snapshot, 'size')) {
        expect(top.get(name) ?? top.get(`${name} (inline)`), name).toBe(size)
      }
    }
  })
})

/** The fields of profile.proto alone: this decoder takes every tag to be one byte, so it cannot skip higher numbers. */
async function withoutPrivate(bytes: Uint8Array): Promise<Uint8Array> {
  const out = new MessageWriter()
  await readFields(bytesSource(bytes), bytes.length, c => {
    if (c.field >= 16) return
    if (c.wire === WIRE.bytes) out.bytes(c.field, c.value())
    else out.varint(c.field * 8).varint64(c.low, c.high)
  })
  return out.take()
}

describe('pprof-format', () => {
  it('decodes our dumps to the same samples', async () => {
    const snapshots = [await heapProfile('node20-worker')]
    const profile = Profile.decode(await withoutPrivate(written(...snapshots)))
    const text = (i: number | bigint) => profile.stringTable.strings[Number(i)]
    const locations = new Map(profile.location.map(l => [Number(l.id), l]))
    const functions = new Map(profile.function.map(f => [Number(f.id), f]))
    const [snapshot] = snapshots
    expect(profile.sampleType.map(t => `${text(t.type)}/${text(t.unit)}`)).toEqual([
      'inuse_objects/count',
      'inuse_space/bytes',
    ])
    expect(text(profile.defaultSampleType)).toBe('inuse_space')
    expect(profile.sample.length).toBe(snapshot.length)
    expect(profile.sample.flatMap(s => s.label)).toEqual([])
    for (const [i, sample] of profile.sample.entries()) {
      const trace = snapshot.traces.at(i)
      expect(sample.value.map(Number)).toEqual([trace?.count, trace?.size])
      const frames = sample.locationId.map(id => {
        const {
          line: [line],
        } = locations.get(Number(id)) as Location
        const { name, filename } = functions.get(Number(line.functionId)) as Fn
        return [text(name).replace('(anonymous)', ''), text(filename), Number(line.line)]
      })
      const expected = trace?.traceback.frames.map(f => [f.functionName, f.filename, f.lineno])
      expect(frames).toEqual(expected?.toReversed())
    }
  })

  it('encodes profiles that we read', async () => {
    const strings = new StringTable()
    const s = (text: string) => strings.dedup(text)
    const profile = new Profile({
      sampleType: [
        new ValueType({ type: s('objects'), unit: s('count') }),
        new ValueType({ type: s('space'), unit: s('bytes') }),
      ],
      sample: [new Sample({ locationId: [2n ** 64n - 1n, 7], value: [3, -96], label: [] })],
      location: [
        new Location({ id: 7, line: [new Line({ functionId: 2n ** 63n, line: 4 })] }),
        new Location({
          id: 2n ** 64n - 1n,
          line: [new Line({ functionId: 5, line: 9 }), new Line({ functionId: 2n ** 63n, line: 6 })],
        }),
      ],
      function: [
        new Fn({ id: 2n ** 63n, name: s('outer'), filename: s('/a.js') }),
        new Fn({ id: 5, name: s('inlined'), filename: s('/b.js') }),
      ],
      stringTable: strings,
      timeNanos: 1763800000123456789n,
      periodType: new ValueType({ type: s('space'), unit: s('bytes') }),
      period: 524288,
    })
    const [snapshot] = await read(profile.encode())
    const trace = snapshot.traces.at(0)
    expect([trace?.size, trace?.count]).toEqual([-96, 3])
    expect(trace?.traceback.frames.map(f => `${f.functionName} ${f} ${f.exact}`)).toEqual([
      'outer /a.js:4 true',
      'outer /a.js:6 true',
      'inlined /b.js:9 true',
    ])
    expect(snapshot.meta).toEqual({
      source: 'pprof',
      measure: 'live',
      accuracy: 'sampled',
      counts: 'estimated',
      interval: 524288,
      intervalSource: 'recorded',
      time: 1763800000123.4568,
    })
  })
})

describe('text heap profiles', () => {
  it.each(['go1.19-debug1', 'gperftools', 'jemalloc-legacy'])('%s: as go tool pprof has them', async name => {
    const text = join(samples, 'textheap', `${name}.heap`)
    const converted = join(folder, `${name}.pb.gz`)
    go('-proto', `-output=${converted}`, text)
    const ours = (await loadFile(text)).snapshots
    const theirs = (await loadFile(converted)).snapshots
    const totals = (list: readonly Snapshot[]) =>
      list.map(({ total, meta }) => ({ ...total, interval: meta.interval, name: meta.name }))
    expect(totals(ours)).toEqual(totals(theirs))
  })
})
