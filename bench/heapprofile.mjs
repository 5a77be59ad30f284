// The whole command `tracemalloc top` on a large .heapprofile, against JSON.parse alone.
// npm run build && node bench/heapprofile.mjs [megabytes or a file=94] [repeats=5] [worst]
// `worst`: nearly every row is different, and its samples do not add up to its size, so that each is decoded the slowest way.
// Each measurement is a process of its own; the ways take turns, and the table has medians. CPU time is user and system time
// of the whole process, its start included. JSON.parse ends where a string does, at 512 MiB.

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LONGEST_STRING = 2 ** 29 - 24

const MAIN = new URL('../dist/src/cli/main.js', import.meta.url)

const ways = {
  'JSON.parse': async file => void JSON.parse(readFileSync(file, 'utf8')),
  'tracemalloc top': async file => {
    process.argv = [process.argv[0], fileURLToPath(MAIN), 'top', file]
    await import(MAIN)
  },
}

/** Bytes between two samples, and the objects that are sampled: sizes, and how often. */
const INTERVAL = 512
const OBJECTS = [16, 16, 24, 24, 24, 32, 32, 32, 40, 40, 48, 56, 64, 96, 128, 1024]

/** What V8 reports for `n` samples of objects of one size at a node. */
function reported(size, n) {
  return size * Math.floor(n / (1 - Math.exp(-size / INTERVAL)) + 0.5)
}

/** Writes a profile as V8 does: about 290 bytes a node, 3 samples a node with bytes, ids in no order. */
function makeProfile(path, megabytes, isWorst) {
  const nodes = Math.round(megabytes * 3080)
  const ids = Math.round(nodes * 1.3) // a permutation by multiplication with a prime, with gaps, as V8's are
  const idOf = i => ((i * 7919) % ids) + 1
  let seed = 12345
  const random = n => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n
  const file = openSync(path, 'w')
  let text = '{"head":'
  const put = piece => {
    text += piece
    if (text.length > 1 << 20) {
      writeSync(file, text)
      text = ''
    }
  }
  const node = (i, frame, size) =>
    put(`{"callFrame":{${frame}},"selfSize":${size},"id":${idOf(i)},"children":[`)
  node(1, '"functionName":"(root)","scriptId":"0","url":"","lineNumber":-1,"columnNumber":-1', 0)
  const called = [new Set()] // of each open node: functions that it has called
  const samples = []
  for (let i = 2; i <= nodes; i++) {
    while (called.length > 1 && called.at(-2).size < 2000 && (called.length > 45 || random(1000) < 480)) {
      put(']}')
      called.pop()
    }
    let f = random(3000)
    while (called.at(-1).has(f)) f = (f + 1) % 3000
    put(called.at(-1).size ? ',' : '')
    called.at(-1).add(f)
    const script = f % 60
    const place = `"lineNumber":${(f / 60) | 0},"columnNumber":${9 + (f % 40)}`
    const url = `/srv/app/src/module${script}/file${script}.js`
    const name = `"functionName":"fn_${script}_${(f / 60) | 0}"`
    let size = 0
    if (isWorst && random(10) < 8) {
      size = 16 * (1 + random(64))
      for (let k = random(7); k > 0; k--) samples.push([144 + 8 * random(20), idOf(i)])
    } else if (!isWorst && random(10) < 8) {
      const objects = new Set([OBJECTS[random(OBJECTS.length)], OBJECTS[random(OBJECTS.length)]])
      for (const object of objects) {
        const n = 1 + random(3)
        size += reported(object, n)
        for (let k = 0; k < n; k++) samples.push([reported(object, 1), idOf(i)])
      }
    }
    node(i, `${name},"scriptId":"${100 + script}","url":"${url}",${place}`, size)
    called.push(new Set())
  }
  put(`${']}'.repeat(called.length)},"samples":[`)
  for (const [i, [size, nodeId]] of samples.entries()) {
    put(`${i ? ',' : ''}{"size":${size},"nodeId":${nodeId},"ordinal":${i + 1}}`)
  }
  put(']}')
  writeSync(file, text)
  closeSync(file)
}

async function child(way, file) {
  await ways[way](file)
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  writeSync(3, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, rss: maxRSS / 1024 }))
}

function measure(way, file) {
  const { status, stderr, output } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), '--child', way, file],
    { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`${way}: ${stderr}`)
  return JSON.parse(output[3])
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

function main(input, repeats, isWorst) {
  const folder = mkdtempSync(join(tmpdir(), 'heapprofile-'))
  try {
    const isFile = !/^\d+$/.test(input)
    const file = isFile ? input : join(folder, 'big.heapprofile')
    if (!isFile) makeProfile(file, Number(input), isWorst)
    const bytes = statSync(file).size
    const names = Object.keys(ways).filter(way => way !== 'JSON.parse' || bytes < LONGEST_STRING)
    const runs = new Map(names.map(way => [way, []]))
    for (let i = 0; i < repeats; i++) for (const way of names) runs.get(way).push(measure(way, file))
    const base = runs.get('JSON.parse')
    const baseCpu = base && median(base.map(r => r.cpu))
    const load = loadavg()[0].toFixed(1)
    console.log(
      `${(bytes / 1e6).toFixed(1)} MB, ${repeats} repeats, Node ${process.version}, ${cpus().length} CPUs, load ${load}\n`,
    )
    console.log('| way | CPU s | of JSON.parse | RSS MB |\n|---|---|---|---|')
    for (const [way, list] of runs) {
      const cpu = median(list.map(r => r.cpu))
      const ratio = baseCpu ? (cpu / baseCpu).toFixed(2) : ''
      const rss = median(list.map(r => r.rss)).toFixed(0)
      console.log(`| ${way} | ${cpu.toFixed(2)} | ${ratio} | ${rss} |`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [first = '94', second = '5', third] = process.argv.slice(2)
if (first === '--child') await child(second, third)
else main(first, Number(second), third === 'worst')
