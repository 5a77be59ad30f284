// Tracks allocations, writes a heap snapshot before and one after a planted leak. Usage: node leak.cjs OUT
const { openSync, writeSync, closeSync } = require('node:fs')
const { Session } = require('node:inspector/promises')
const out = process.argv[2]
const session = new Session()
session.connect()

async function snapshot(path) {
  const file = openSync(path, 'w')
  const write = ({ params }) => writeSync(file, params.chunk)
  session.on('HeapProfiler.addHeapSnapshotChunk', write)
  await session.post('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  session.off('HeapProfiler.addHeapSnapshotChunk', write)
  closeSync(file)
}

const kept = new Array(4000).fill(null)
const buffers = []

function leak(from, to) {
  for (let i = from; i < to; i++) kept[i] = { first: i, second: i, third: i }
}

function churn() {
  let sum = 0
  for (let i = 0; i < 5000; i++) sum += [i, i].length
  return sum
}

function hold() {
  for (let i = 0; i < 80; i++) buffers.push(Buffer.alloc(1e6))
}

async function main() {
  await session.post('HeapProfiler.enable')
  await session.post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true })
  leak(0, 500)
  churn()
  await snapshot(`${out}-before.heapsnapshot`)
  leak(500, 1500)
  churn()
  await snapshot(`${out}-after.heapsnapshot`)
  hold()
  await snapshot(`${out}-buffers.heapsnapshot`)
  process.exit()
}
main()
