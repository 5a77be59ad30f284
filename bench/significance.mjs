// diff of two .heapprofile files of 100,000 samples each, of 4,000 functions that allocate three sizes each (real programs: 2.0 to 2.3): with error bars, pairing, significance, drift and counts, against the plain
// compareTo. Interleaved, medians of CPU time.
//   npm run build && node bench/significance.mjs [samples] [repeats]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { heapprofile } from '../dist/converters/heapprofile/index.js'
import { fileSource } from '../dist/src/bytes/disk.js'
import { loadSnapshot } from '../dist/src/formats/files.js'
import { diffView } from '../dist/src/report/views.js'

const [samples = 100_000, repeats = 15] = process.argv.slice(2).map(Number)
const INTERVAL = 40320
const SIZES = [24, 32, 40, 48, 56, 64, 72, 96, 104, 136, 160, 272, 1040, 4112, 16400, 100000]
const folder = mkdtempSync(join(tmpdir(), 'significance-'))

let seed = 1
const random = n => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % n

/** A tree of calls whose leaves hold samples; V8's own arithmetic for sizes. */
function profile(first) {
  const scale = size => 1 / (1 - Math.exp(-size / INTERVAL))
  let id = 0
  const node = (name, line) => ({
    callFrame: {
      functionName: name,
      scriptId: '7',
      url: `file:///srv/app/${name[0]}.js`,
      lineNumber: line,
      columnNumber: 4,
    },
    selfSize: 0,
    id: ++id,
    children: [],
  })
  const head = node('(root)', -1)
  const leaves = []
  for (let a = 0; a < 20; a++) {
    const top = node(`a${a}`, a)
    head.children.push(top)
    for (let b = 0; b < 20; b++) {
      const middle = node(`b${b}`, 100 + b)
      top.children.push(middle)
      for (let c = 0; c < 10; c++) {
        const leaf = node(`c${c}`, 1000 + (a * 20 + b) * 10 + c)
        middle.children.push(leaf)
        leaves.push({ leaf, counts: new Map(), sizes: [0, 1, 2].map(() => SIZES[random(8) + random(9)]) })
      }
    }
  }
  const list = []
  for (let i = 0; i < samples; i++) {
    const { leaf, counts, sizes } = leaves[random(leaves.length)]
    const size = sizes[random(3)]
    counts.set(size, (counts.get(size) ?? 0) + 1)
    list.push({ size: size * Math.floor(scale(size) + 0.5), nodeId: leaf.id, ordinal: first + i })
  }
  for (const { leaf, counts } of leaves) {
    for (const [size, n] of counts) leaf.selfSize += size * Math.floor(n * scale(size) + 0.5)
  }
  return { head, samples: list }
}

const files = ['old', 'new'].map((name, i) => {
  const path = join(folder, `${name}.heapprofile`)
  writeFileSync(path, JSON.stringify(profile(1 + (i * samples) / 2)))
  return path
})

/** CPU seconds of this process, compiler and collector threads included. */
function cpu() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function timed(work) {
  const start = cpu()
  await work()
  return cpu() - start
}

const options = { keyTypes: ['lineno'], cumulative: false, limit: 10 }

async function plain() {
  const [old, now] = await Promise.all(
    files.map(async path => (await heapprofile.read(fileSource(path), { interval: INTERVAL }))[0]),
  )
  if (now.compareTo(old, 'lineno').length < 10) throw new Error('nothing to compare')
}

async function full(session) {
  const [old, now] = await Promise.all(
    files.map(async path => {
      const snapshot = await loadSnapshot(path, { interval: INTERVAL })
      return session ? snapshot.with({ meta: { session } }) : snapshot
    }),
  )
  const view = diffView([now], [old], options)
  if (view.rule !== (session ? 'paired' : 'unpaired')) throw new Error(view.rule)
  for (const row of view.rows) if (!(row.sizeDiffHigh >= row.statistic.sizeDiff)) throw new Error('no limits')
}

const ways = { plain, unpaired: () => full(), paired: () => full('one') }
const runs = Object.fromEntries(Object.keys(ways).map(name => [name, []]))
for (let i = 0; i < repeats; i++)
  for (const [name, way] of Object.entries(ways)) runs[name].push(await timed(way))
rmSync(folder, { recursive: true })

const median = numbers => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const base = median(runs.plain)
console.log(
  `two files of ${samples} samples, read and compared by line; medians of ${repeats}, CPU time; first call`,
)
for (const [name, times] of Object.entries(runs)) {
  console.log(
    `| ${name} | ${(1000 * median(times)).toFixed(0)} ms | ${(median(times) / base).toFixed(2)} | ${(times[0] / runs.plain[0]).toFixed(2)} |`,
  )
}
