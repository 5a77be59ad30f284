// The whole command `tracemalloc convert` on large speedscope and Firefox profiles: seconds of CPU and megabytes of memory.
// npm run build && node bench/speedscope.mjs [megabytes=58] [speedscope|firefox] [more megabytes ...]
// Each measurement is a process of its own, its start included. JSON.parse ends where a string does, at 512 MiB.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
const FUNCTIONS = 5000
const STACKS = 60_000
const DEPTH = 24

let seed = 12345
const random = n => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n

/** Writes pieces; `size` is what was put so far. */
function writer(path) {
  const file = openSync(path, 'w')
  let text = ''
  const flush = () => {
    writeSync(file, text)
    text = ''
  }
  const out = {
    size: 0,
    put(piece) {
      text += piece
      out.size += piece.length
      if (text.length > 1 << 20) flush()
    },
    close() {
      flush()
      closeSync(file)
    },
  }
  return out
}

/** Stacks that share their beginnings, as those of a program do: for each the one that it is called from, and a function. */
function makeStacks() {
  const parent = [-1]
  const func = [0]
  const depth = [1]
  while (parent.length < STACKS) {
    let from = random(2) ? parent.length - 1 : random(parent.length)
    if (depth[from] >= 2 * DEPTH) from = random(depth.length)
    parent.push(from)
    func.push(random(FUNCTIONS))
    depth.push(depth[from] + 1)
  }
  return { parent, func }
}

const { parent, func } = makeStacks()

function framesOf(stack) {
  const frames = []
  for (let i = stack; i >= 0; i = parent[i]) frames.push(func[i])
  return frames.reverse()
}

const makers = {
  /** `samples` take most of it, `weights` lie behind them. */
  speedscope(path, bytes) {
    const { put, close } = writer(path)
    const texts = parent.map((_, i) => `[${framesOf(i)}]`)
    put('{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[')
    for (let i = 0; i < FUNCTIONS; i++) {
      put(
        `${i ? ',' : ''}{"name":"function${i}","file":"/srv/app/src/file${i % 200}.js","line":${1 + i},"col":9}`,
      )
    }
    put(
      ']},"profiles":[{"type":"sampled","name":"heap","unit":"bytes","startValue":0,"endValue":0,"samples":[',
    )
    let n = 0
    let size = 0
    for (; size < bytes; n++) {
      const text = texts[random(STACKS)]
      size += text.length + 5
      put(n ? `,${text}` : text)
    }
    put('],"weights":[')
    for (let i = 0; i < n; i++) put(`${i ? ',' : ''}${16 * (1 + random(200))}`)
    put(']}]}')
    close()
  },
  /** As Firefox records allocations: with times and addresses, some of them freed. */
  firefox(path, bytes) {
    const { put, close } = writer(path)
    const n = Math.floor(bytes / 40)
    const column = (name, length, value, last = false) => {
      put(`"${name}":[`)
      for (let i = 0; i < length; i++) put(`${i ? ',' : ''}${value(i)}`)
      put(last ? ']' : '],')
    }
    const table = (name, length, columns) => {
      put(`"${name}":{`)
      for (const [key, value] of Object.entries(columns)) column(key, length, value)
      put(`"length":${length}},`)
    }
    put(
      '{"meta":{"preprocessedProfileVersion":48,"startTime":1700000000000,"product":"Firefox"},"libs":[],"threads":[{"name":"GeckoMain",',
    )
    const live = []
    const weights = []
    const addresses = []
    for (let i = 0; i < n; i++) {
      if (live.length > 50_000 || (live.length > 0 && random(3) === 0)) {
        const at = random(live.length)
        const [address, weight] = live[at]
        live[at] = live.at(-1)
        live.pop()
        addresses[i] = address
        weights[i] = -weight
      } else {
        addresses[i] = 140_000_000_000_000 + i * 64
        weights[i] = 16 * (1 + random(200))
        live.push([addresses[i], weights[i]])
      }
    }
    table('nativeAllocations', n, {
      time: i => (i / 100).toFixed(2),
      stack: () => random(STACKS),
      weight: i => weights[i],
      memoryAddress: i => addresses[i],
    })
    table('stackTable', STACKS, {
      frame: i => func[i],
      prefix: i => (parent[i] < 0 ? 'null' : parent[i]),
    })
    table('frameTable', FUNCTIONS, { func: i => i, line: i => 1 + i, column: () => 'null' })
    table('funcTable', FUNCTIONS, {
      name: i => i + 1,
      fileName: () => 0,
      lineNumber: i => 1 + i,
      columnNumber: () => 'null',
    })
    column(
      'stringArray',
      FUNCTIONS + 1,
      i => (i === 0 ? '"https://a.example/app.js"' : `"function${i}"`),
      true,
    )
    put('}]}')
    close()
  },
}

const PRELOAD = `data:text/javascript,process.on('exit',()=>{const u=process.resourceUsage();process._rawDebug(JSON.stringify([(u.userCPUTime+u.systemCPUTime)/1e6,u.maxRSS/1024]))})`

function measure(args) {
  const start = performance.now()
  const { stderr, status } = spawnSync(process.execPath, ['--import', PRELOAD, ...args], { encoding: 'utf8' })
  const [cpu, memory] = JSON.parse(/\[[\d.,]+\]\s*$/.exec(stderr)?.[0] ?? '[0,0]')
  const seconds = (performance.now() - start) / 1000
  return status === 0
    ? `${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU, ${Math.round(memory)} MB`
    : `status ${status}: ${stderr.trim().split('\n')[0].slice(0, 120)}`
}

const args = process.argv.slice(2)
const sizes = args.filter(a => /^\d+$/.test(a)).map(Number)
const names = args.filter(a => Object.hasOwn(makers, a))
const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-bench-'))
try {
  for (const megabytes of sizes.length ? sizes : [58]) {
    for (const name of names.length ? names : Object.keys(makers)) {
      const path = join(folder, `large.${name}.json`)
      makers[name](path, megabytes * 1e6)
      console.log(`${name}, ${Math.round(statSync(path).size / 1e6)} MB`)
      console.log(`  tracemalloc convert: ${measure([MAIN, 'convert', path, join(folder, 'out.pb.gz')])}`)
      const parse = `JSON.parse(require('node:fs').readFileSync(process.argv[1], 'utf8'))`
      console.log(`  JSON.parse alone:    ${measure(['-e', parse, path])}`)
      const tokens = `import { createReadStream } from 'node:fs'
import { getManyValues, isMany, none } from 'stream-chain/defs.js'
import { jsonParser } from 'stream-json/core/parser.js'
const parse = jsonParser({ streamValues: false })
let count = 0
const add = some => { count += isMany(some) ? getManyValues(some).length : some === none ? 0 : 1 }
for await (const text of createReadStream(process.argv[1], 'utf8')) add(parse(text))
add(parse(none))
if (count < 1e6) throw new Error('only ' + count + ' tokens')`
      console.log(`  stream-json's tokens: ${measure(['--input-type=module', '-e', tokens, path])}`)
      rmSync(path)
      rmSync(join(folder, 'out.pb.gz'), { force: true })
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
