// Loading two dumps of 1 M traces and comparing them by line, against CPython on the same traces:
//   npm run build && node bench/pprof.mjs
// CPython makes the traces and pickles them; the pickles are converted to dumps. A dump has one sample for each stack, so a
// second pair is made as other tools write: one sample for each trace. CPU time, median of interleaved repeats, each in a
// process of its own, without its start.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { MessageWriter } from '../dist/src/bytes/protobuf.js'
import { dumpSnapshots, loadSnapshot, loadSnapshots } from '../dist/src/formats/files.js'

const TRACES = 1_000_000
const FRAMES = 10
const REPEATS = 5

/** 20,000 stacks over 400 files of 250 lines, some far more frequent than others. */
const MAKE = `
import random, sys, tracemalloc
out, n, nframe, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
shape, r = random.Random(1), random.Random(seed)
files = ['/srv/app/lib%d/module_%d.py' % (i % 40, i) for i in range(400)]
stacks = [tuple((files[shape.randrange(400)], 1 + shape.randrange(250)) for _ in range(nframe)) for _ in range(20000)]
traces = [(0, r.randrange(16, 4096), stacks[int(r.random() ** 2 * 20000)], nframe) for _ in range(n)]
tracemalloc.Snapshot(traces, nframe).dump(out)
`
const COMPARE = `
import json, resource, sys, time, tracemalloc
start = time.process_time()
old, new = tracemalloc.Snapshot.load(sys.argv[1]), tracemalloc.Snapshot.load(sys.argv[2])
loaded = time.process_time()
groups = len(new.compare_to(old, 'lineno'))
print(json.dumps(dict(load=loaded - start, compare=time.process_time() - loaded, groups=groups,
                      rss=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))
`

async function compare(old, now) {
  const cpu = () => Object.values(process.cpuUsage()).reduce((a, b) => a + b) / 1e6
  const start = cpu()
  const before = (await loadSnapshots(old)).at(-1)
  const after = (await loadSnapshots(now)).at(-1)
  const loaded = cpu()
  const groups = after.compareTo(before, 'lineno').length
  const rss = process.resourceUsage().maxRSS / 1024
  console.log(JSON.stringify({ load: loaded - start, compare: cpu() - loaded, groups, rss }))
}

/** A sample for each row of the pickle, four values as Go has them, and a label. */
async function writeSamples(pickle, path) {
  const { tables, columns } = await loadSnapshot(pickle)
  const { strings, frames, stacks } = tables
  const out = new MessageWriter()
  const inner = new MessageWriter()
  const part = new MessageWriter()
  const names = ['', 'alloc_objects', 'count', 'alloc_space', 'bytes', 'inuse_objects', 'inuse_space']
  for (const [type, unit] of [
    [1, 2],
    [3, 4],
    [5, 2],
    [6, 4],
  ]) {
    out.message(1, inner.clear().int(1, type).int(2, unit))
  }
  for (let i = 0; i < columns.stack.length; i++) {
    part.clear()
    for (let s = columns.stack[i]; s !== 0; s = stacks.parent[s]) part.varint(stacks.frame[s] + 1)
    inner.clear().message(1, part)
    const size = columns.size[i]
    inner.message(2, part.clear().varint(1).varint(size).varint(1).varint(size))
    out.message(2, inner.message(3, part.clear().int(1, 4).int(3, size)))
  }
  const functionOf = new Map()
  for (let i = 0; i < frames.length; i++) {
    const file = frames.filename[i]
    if (!functionOf.has(file)) functionOf.set(file, functionOf.size + 1)
    part.clear().int(1, functionOf.get(file)).int(2, frames.lineno[i])
    out.message(
      4,
      inner
        .clear()
        .int(1, i + 1)
        .message(4, part),
    )
  }
  for (const [file, id] of functionOf) {
    names.push(strings.get(file))
    out.message(
      5,
      inner
        .clear()
        .int(1, id)
        .int(4, names.length - 1),
    )
  }
  for (const name of names) out.bytes(6, Buffer.from(name))
  writeFileSync(path, gzipSync(out.view(), { level: 1 }))
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-bench-'))
  const file = name => join(folder, name)
  try {
    for (const [name, seed] of [
      ['old', 2],
      ['new', 3],
    ]) {
      execFileSync('python3', ['-c', MAKE, file(`${name}.pickle`), TRACES, FRAMES, seed])
      const snapshot = await loadSnapshot(file(`${name}.pickle`))
      const start = process.cpuUsage()
      await dumpSnapshots([snapshot], file(`${name}.pb.gz`))
      const { user, system } = process.cpuUsage(start)
      console.log(`written ${name}.pb.gz: ${((user + system) / 1e6).toFixed(2)} s CPU`)
      await writeSamples(file(`${name}.pickle`), file(`${name}-samples.pb.gz`))
    }
    const node = ending => [process.execPath, [process.argv[1], file(`old${ending}`), file(`new${ending}`)]]
    const ways = {
      'CPython, pickle': ['python3', ['-c', COMPARE, file('old.pickle'), file('new.pickle')]],
      'dump, a sample per stack': node('.pb.gz'),
      'pprof, a sample per trace': node('-samples.pb.gz'),
    }
    const runs = Object.fromEntries(Object.keys(ways).map(way => [way, []]))
    for (let i = 0; i < REPEATS; i++) {
      for (const [way, [command, args]] of Object.entries(ways)) {
        runs[way].push(JSON.parse(execFileSync(command, args, { encoding: 'utf8' })))
      }
    }
    const sizes = ['.pickle', '.pb.gz', '-samples.pb.gz'].map(e => statSync(file(`new${e}`)).size / 1e6)
    const total = way => median(runs[way].map(r => r.load + r.compare))
    console.log(
      `| ${TRACES} traces of ${FRAMES} frames, twice | a file, MB | load, s | compare, s | of CPython | RSS, MB |`,
    )
    console.log('|---|---|---|---|---|---|')
    for (const [i, way] of Object.keys(ways).entries()) {
      const of = key => median(runs[way].map(r => r[key]))
      const ratio = total(way) / total('CPython, pickle')
      console.log(
        `| ${way} | ${sizes[i].toFixed(1)} | ${of('load').toFixed(2)} | ${of('compare').toFixed(2)} ` +
          `| ${ratio.toFixed(2)} | ${of('rss').toFixed(0)} |`,
      )
    }
    const groups = new Set(Object.values(runs).flatMap(way => way.map(r => r.groups)))
    if (groups.size !== 1) throw new Error(`numbers of groups differ: ${[...groups]}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv.length > 2) await compare(process.argv[2], process.argv[3])
else await main()
