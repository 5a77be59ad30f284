// Reading a large .heapprofile to what `top` needs, against JSON.parse and a walk over its result.
// npm run build && node bench/heapprofile.mjs [megabytes=94] [repeats=5]
// Each measurement is a process of its own; the ways take turns, and the table has medians. CPU time is user and system time
// of the whole process, its start included. JSON.parse ends where a string does, at 512 MiB.

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LONGEST_STRING = 2 ** 29 - 24

const ways = {
  'JSON.parse and a walk': async file => {
    const { head, samples } = JSON.parse(readFileSync(file, 'utf8'))
    let total = 0
    const open = [head]
    for (let node = open.pop(); node; node = open.pop()) {
      total += node.selfSize
      for (const child of node.children) open.push(child)
    }
    return { total, samples: samples.length }
  },
  'top (samples counted)': file => top(file, false),
  'top (samples kept)': file => top(file, true),
}

async function top(file, samples) {
  const { loadSnapshot } = await import('../dist/src/load.js')
  const snapshot = await loadSnapshot(file, { samples })
  snapshot.statistics('lineno').slice(0, 10).join('\n')
  const { size, count } = snapshot.total
  return { total: size, samples: count }
}

/** Writes a profile as V8 does: about 290 bytes a node, 3.5 samples a node with bytes, ids in no order. */
function makeProfile(path, megabytes) {
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
  const owners = []
  for (let i = 2; i <= nodes; i++) {
    while (called.length > 1 && (called.length > 45 || random(1000) < 480)) {
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
    const size = random(10) < 8 ? 16 * (1 + random(64)) : 0
    if (size) owners.push(idOf(i))
    node(i, `${name},"scriptId":"${100 + script}","url":"${url}",${place}`, size)
    called.push(new Set())
  }
  put(`${']}'.repeat(called.length)},"samples":[`)
  for (let i = 0; i < owners.length * 2.8; i++) {
    const nodeId = owners[random(owners.length)]
    put(`${i ? ',' : ''}{"size":${144 + 8 * random(20)},"nodeId":${nodeId},"ordinal":${i + 1}}`)
  }
  put(']}')
  writeSync(file, text)
  closeSync(file)
}

async function child(way, file) {
  const result = await ways[way](file)
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  console.log(JSON.stringify({ ...result, cpu: (userCPUTime + systemCPUTime) / 1e6, rss: maxRSS / 1024 }))
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

function main(megabytes, repeats) {
  const folder = mkdtempSync(join(tmpdir(), 'heapprofile-'))
  try {
    const file = join(folder, 'big.heapprofile')
    makeProfile(file, megabytes)
    const bytes = statSync(file).size
    const names = Object.keys(ways).filter(way => !way.startsWith('JSON') || bytes < LONGEST_STRING)
    const runs = new Map(names.map(way => [way, []]))
    for (let i = 0; i < repeats; i++) {
      for (const way of names) {
        const args = ['--max-old-space-size=8192', fileURLToPath(import.meta.url), '--child', way, file]
        runs.get(way).push(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })))
      }
    }
    const [first, ...others] = [...runs.values()].flat()
    if (others.some(run => run.total !== first.total)) throw new Error('the ways disagree')
    const base = runs.get('JSON.parse and a walk')
    const baseCpu = base && median(base.map(r => r.cpu))
    console.log(`${(bytes / 1e6).toFixed(1)} MB, ${first.samples} samples, Node ${process.version}\n`)
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
else main(Number(first), Number(second))
