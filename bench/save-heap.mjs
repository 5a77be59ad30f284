// Saving a large heap snapshot over the protocol, against reading the same messages from the socket and throwing them away: time, CPU
// time and the highest memory of our side. Interleaved; every read is a process of its own. node bench/save-heap.mjs [MB of heap] [repeats]
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import { saveHeap } from '../dist/src/capture/v8/heap-snapshot.js'
import { listTargets } from '../dist/src/inspector/http.js'
import { connect } from '../dist/src/inspector/websocket.js'

const port = 21500

/** Small objects, strings and arrays of so many MB, as a program has them. */
const KEEPER = megabytes => `globalThis.kept = []
for (let i = 0; i < ${megabytes * 5200}; i++) kept.push({ id: i, name: 'name ' + i, tags: [i, i + 1, 'tag'] })
setInterval(() => {}, 1000)
console.log('ready')`

/** All messages of a heap snapshot, thrown away as they come. */
async function discard(url) {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1 << 30 })
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.takeHeapSnapshot', params: {} }))
  await new Promise(resolve => {
    socket.on('message', data => {
      if (data.length < 100 && String(data).startsWith('{"id":1,')) resolve()
    })
  })
  socket.close()
}

async function save(url, path) {
  const session = await connect(url)
  await saveHeap(session, path)
  await session.close()
}

const [role, path] = process.argv.slice(2)
if (role === 'discard' || role === 'save') {
  const [{ webSocketDebuggerUrl }] = await listTargets('127.0.0.1', port)
  const start = performance.now()
  await (role === 'save' ? save(webSocketDebuggerUrl, path) : discard(webSocketDebuggerUrl))
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  const cpu = (userCPUTime + systemCPUTime) / 1e6
  console.log(JSON.stringify({ time: (performance.now() - start) / 1000, cpu, rss: maxRSS / 1024 }))
} else {
  const megabytes = Number(role ?? 500)
  const repeats = Number(path ?? 3)
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-bench-'))
  const file = join(folder, 'large.heapsnapshot')
  const target = spawn(
    process.execPath,
    [`--inspect=${port}`, '--max-old-space-size=8000', '-e', KEEPER(megabytes)],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  await once(target.stdout, 'data')
  const read = (how, ...args) =>
    JSON.parse(
      execFileSync(process.execPath, [fileURLToPath(import.meta.url), how, ...args], { encoding: 'utf8' }),
    )
  const runs = { discard: [], save: [] }
  try {
    for (let i = 0; i < repeats; i++) {
      runs.discard.push(read('discard'))
      rmSync(file, { force: true })
      runs.save.push(read('save', file))
    }
    const median = list => list.sort((a, b) => a - b)[list.length >> 1]
    const of = (how, what) => median(runs[how].map(run => run[what]))
    console.log(
      `Node ${process.versions.node}, a file of ${(statSync(file).size / 1e6).toFixed(0)} MB, ${repeats} of each`,
    )
    for (const how of ['discard', 'save']) {
      console.log(
        `${how}: ${of(how, 'time').toFixed(1)} s, CPU ${of(how, 'cpu').toFixed(1)} s, RSS at most ${Math.max(...runs[how].map(run => run.rss)).toFixed(0)} MiB`,
      )
    }
    const ratio = median(runs.save.map(({ time }, i) => time / runs.discard[i].time))
    console.log(
      `time of save / discard: ${ratio.toFixed(2)} (of pairs: ${runs.save.map((r, i) => (r.time / runs.discard[i].time).toFixed(2)).join(', ')})`,
    )
  } finally {
    target.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}
