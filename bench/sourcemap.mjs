// How long source maps take: 5,000 frames of 20 bundles whose maps have 5 MB each, read from the disk.
// Each run is a process of its own, as a user's is. Run `npm run build` first; then `node bench/sourcemap.mjs`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encode } from '@jridgewell/sourcemap-codec'

const MAPS = 20
const MAP_BYTES = 5e6
const FRAMES = 5000
const LINES = 700
const SEGMENTS = 430 // a line: 300,000 mappings in all, as in the map of a bundle of 1.4 MB
const RUNS = 5

if (process.argv[2] === '--once') await once(process.argv[3])
else {
  const folder = mkdtempSync(join(tmpdir(), 'bench-maps-'))
  try {
    for (let i = 0; i < MAPS; i++) writeBundle(folder, i)
    const runs = Array.from({ length: RUNS }, () => {
      const { stdout, stderr } = spawnSync(process.execPath, [
        fileURLToPath(import.meta.url),
        '--once',
        folder,
      ])
      if (stderr.length) throw new Error(String(stderr))
      return JSON.parse(String(stdout))
    })
    const median = key => runs.map(run => run[key]).sort((a, b) => a - b)[RUNS >> 1]
    console.log(`${FRAMES} frames, ${MAPS} maps of ${MAP_BYTES / 1e6} MB: ${runs[0].mapped} mapped`)
    console.log(
      `CPU ${median('cpu')} ms, wall ${median('wall')} ms, ${median('rss')} MB (medians of ${RUNS})`,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A minified script's map: short tokens, sources in order, a name at every third token. */
function writeBundle(folder, seed) {
  let state = seed + 1
  const random = n => (state = (state * 48271) % 2147483647) % n
  const names = Array.from({ length: 5000 }, (_, i) => `functionName${i}`)
  const sources = Array.from({ length: 300 }, (_, i) => `../src/module${seed}/file${i}.ts`)
  let line = 0
  let source = 0
  const mappings = Array.from({ length: LINES }, () => {
    let column = 0
    return Array.from({ length: SEGMENTS }, () => {
      column += 1 + random(8)
      if (random(1000) === 0) {
        source = (source + 1) % sources.length
        line = 0
      }
      if (random(5) === 0) line++
      const segment = [column, source, line, random(80)]
      if (random(3) === 0) segment.push(random(names.length))
      return segment
    })
  })
  const map = { version: 3, sources, names, mappings: encode(mappings), sourcesContent: [] }
  const missing = MAP_BYTES - JSON.stringify(map).length
  const text = `function ${'x'.repeat(60)}(a, b) {\n`.repeat(Math.floor(missing / sources.length / 76))
  map.sourcesContent = sources.map(() => text)
  writeFileSync(join(folder, `bundle${seed}.js.map`), JSON.stringify(map))
  writeFileSync(
    join(folder, `bundle${seed}.js`),
    `${'x'.repeat(1.4e6)}\n//# sourceMappingURL=bundle${seed}.js.map\n`,
  )
}

async function once(folder) {
  const [{ SnapshotBuilder }, { applySourceMaps }, { mapFiles }] = await Promise.all(
    ['model/builder', 'sourcemap/apply', 'sourcemap/files'].map(name => import(`../dist/src/${name}.js`)),
  )
  const builder = new SnapshotBuilder()
  for (let i = 0; i < FRAMES; i++) {
    const k = Math.floor(i / MAPS)
    const script = join(folder, `bundle${i % MAPS}.js`)
    const frame = builder.tables.frames.intern('a', script, 1 + ((k * 7) % LINES), 10 + ((k * 31) % 1900))
    builder.add(builder.tables.stacks.intern(0, frame), 100, 1)
  }
  const snapshot = builder.build(
    { source: 'bench', measure: 'live', accuracy: 'exact', counts: 'exact' },
    128,
  )
  const started = performance.now()
  const before = process.cpuUsage()
  const { mapped } = applySourceMaps([snapshot], mapFiles([folder]))
  const { user, system } = process.cpuUsage(before)
  const result = {
    mapped,
    cpu: Math.round((user + system) / 1000),
    wall: Math.round(performance.now() - started),
    rss: Math.round(process.resourceUsage().maxRSS / 1024),
  }
  console.log(JSON.stringify(result))
}
