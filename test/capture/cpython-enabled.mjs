// TestTracemallocEnabled and TestCAPI of CPython 3.11's test_tracemalloc.py, translated: same names, same steps, same claims.
// Where a claim differs, docs/differences-from-python.md says why. Prints a line for each test.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import * as tracemalloc from 'tracemalloc'

const OBJECTS = { mode: 'exact', objects: true }
/** Bytes that reading the heap itself may add: CPython allows 2048. */
const MAX_ERROR = 256 * 1024

function allocateBytes(size) {
  return { bytes: new Array(size >> 3).fill(0.5) }
}
const names = traceback => traceback?.frames.map(frame => frame.functionName)

const enabled = {
  async test_get_tracemalloc_memory() {
    const data = Array.from({ length: 1000 }, () => allocateBytes(123))
    const size = tracemalloc.getTracemallocMemory()
    assert(size >= 0)
    tracemalloc.clearTraces()
    const size2 = tracemalloc.getTracemallocMemory()
    assert(size2 >= 0)
    assert(size2 <= size)
    assert.equal(data.length, 1000)
  },

  async test_get_object_traceback() {
    tracemalloc.clearTraces()
    const obj = allocateBytes(12345)
    const traceback = await tracemalloc.getObjectTraceback(obj)
    assert.deepEqual(names(traceback), ['allocateBytes'])
    assert.match(traceback.at(-1).filename, /cpython-enabled\.mjs$/)
  },

  async test_new_reference() {
    tracemalloc.clearTraces()
    const older = () => ({ text: [] })
    const newer = () => ({ text: [] })
    let obj = older()
    obj = null
    await tracemalloc.takeSnapshot() // collects garbage
    obj = newer()
    assert.deepEqual(names(await tracemalloc.getObjectTraceback(obj)), ['newer'])
  },

  async test_set_traceback_limit() {
    const deep = n => (n === 0 ? allocateBytes(10) : deep(n - 1))
    tracemalloc.stop()
    assert.throws(() => tracemalloc.start(-1), tracemalloc.UsageError)
    tracemalloc.stop()
    tracemalloc.start(10, OBJECTS)
    const ten = await tracemalloc.getObjectTraceback(deep(20))
    assert.equal(ten.length, 10)
    assert.deepEqual(names(ten).slice(-2), ['deep', 'allocateBytes'])
    tracemalloc.stop()
    tracemalloc.start(1, OBJECTS)
    const one = await tracemalloc.getObjectTraceback(deep(20))
    assert.equal(one.length, 1)
    assert.deepEqual(names(one), ['allocateBytes'])
  },

  async test_get_traces() {
    tracemalloc.clearTraces()
    const size = 1 << 20 // large enough to lie in one block of its own
    const obj = allocateBytes(size)
    const { traces } = await tracemalloc.takeSnapshot()
    const trace = [...traces].find(t => names(t.traceback).at(-1) === 'allocateBytes' && t.size >= size)
    assert(trace, 'trace not found')
    assert.equal(trace.domain, 0)
    assert(trace.size - size <= MAX_ERROR)
    assert.equal(obj.bytes.length, size >> 3)
    tracemalloc.stop()
    await assert.rejects(tracemalloc.takeSnapshot())
  },

  async test_get_traces_intern_traceback() {
    const allocateBytes2 = size => allocateBytes(size)
    const allocateBytes3 = size => allocateBytes2(size)
    const allocateBytes4 = size => allocateBytes3(size)
    tracemalloc.stop()
    tracemalloc.start(4, { mode: 'exact' })
    const kept = []
    for (let i = 0; i < 2; i++) kept.push(allocateBytes4(4096))
    const snapshot = await tracemalloc.takeSnapshot()
    const whole = ['allocateBytes4', 'allocateBytes3', 'allocateBytes2', 'allocateBytes']
    const stacks = new Set()
    let size = 0
    for (const [i, trace] of [...snapshot.traces].entries()) {
      if (names(trace.traceback).at(-1) !== 'allocateBytes') continue
      assert.deepEqual(names(trace.traceback), whole)
      stacks.add(snapshot.columns.stack[i])
      size += trace.size
    }
    assert.equal(stacks.size, 1)
    assert(size >= kept.length * 4096)
  },

  async test_get_traced_memory() {
    const objSize = 8 << 20
    tracemalloc.clearTraces()
    let obj = allocateBytes(objSize)
    const [size, peakSize] = tracemalloc.getTracedMemory()
    assert(size >= objSize)
    assert(peakSize >= size)
    assert(size - objSize <= MAX_ERROR, `${size - objSize} bytes more`)
    assert(peakSize - size <= MAX_ERROR)
    obj = null
    const [size2, peakSize2] = tracemalloc.getTracedMemory()
    assert(size2 < size)
    assert(size - size2 >= objSize - MAX_ERROR)
    assert(peakSize2 >= peakSize)
    tracemalloc.clearTraces()
    for (const left of tracemalloc.getTracedMemory()) assert(left <= MAX_ERROR, `${left} bytes left`)
    obj = allocateBytes(objSize)
    assert(tracemalloc.getTracedMemory()[0] >= objSize)
    assert.equal(obj.bytes.length, objSize >> 3)
    tracemalloc.stop()
    assert.deepEqual(tracemalloc.getTracedMemory(), [0, 0])
  },

  async test_clear_traces() {
    const obj = allocateBytes(123)
    assert(await tracemalloc.getObjectTraceback(obj))
    tracemalloc.clearTraces()
    assert.equal(await tracemalloc.getObjectTraceback(obj), undefined)
  },

  async test_reset_peak() {
    tracemalloc.clearTraces()
    let large = allocateBytes(8 << 20)
    const [, peak1] = tracemalloc.getTracedMemory() // while it is alive: a peak is the highest of what was read
    large = null
    tracemalloc.resetPeak()
    const [size2, peak2] = tracemalloc.getTracedMemory()
    assert(peak2 >= size2)
    assert(peak2 < peak1)
    const objSize = 1 << 20
    large = allocateBytes(objSize)
    const [size3, peak3] = tracemalloc.getTracedMemory()
    assert(peak3 >= size3)
    assert(peak3 > peak2)
    assert(peak3 - peak2 >= objSize - MAX_ERROR)
    assert.equal(large.bytes.length, objSize >> 3)
  },

  async test_is_tracing() {
    tracemalloc.stop()
    assert.equal(tracemalloc.isTracing(), false)
    tracemalloc.start()
    assert.equal(tracemalloc.isTracing(), true)
  },

  async test_snapshot() {
    tracemalloc.stop()
    tracemalloc.start(tracemalloc.MAX_NFRAME, { mode: 'exact' })
    const deep = n => (n === 0 ? allocateBytes(123) : deep(n - 1))
    const obj = deep(20)
    const snapshot = await tracemalloc.takeSnapshot()
    const own = [...snapshot.traces].find(t => names(t.traceback).at(-1) === 'allocateBytes')
    assert(own.traceback.length > 10)
    await snapshot.dump('testfn.pb.gz')
    const snapshot2 = await tracemalloc.Snapshot.load('testfn.pb.gz')
    rmSync('testfn.pb.gz')
    const sorted = s => [...s.traces].map(t => `${t.domain} ${t.size} ${t.traceback}`).sort()
    assert.deepEqual(sorted(snapshot2), sorted(snapshot))
    assert.equal(obj.bytes.length, 123 >> 3)
    tracemalloc.stop()
    const message = 'the tracemalloc module must be tracing memory allocations to take a snapshot'
    await assert.rejects(tracemalloc.takeSnapshot(), { name: 'UsageError', message })
  },

  async test_snapshot_save_attr() {
    const snapshot = await tracemalloc.takeSnapshot()
    snapshot.testAttr = 'new'
    await snapshot.dump('testfn.pb.gz')
    const snapshot2 = await tracemalloc.Snapshot.load('testfn.pb.gz')
    rmSync('testfn.pb.gz')
    assert.equal(snapshot2.testAttr, 'new')
  },

  async test_no_incomplete_frames() {
    tracemalloc.stop()
    tracemalloc.start(8, OBJECTS)
    const f = x => {
      const cell = { x }
      return () => cell
    }
    const traceback = await tracemalloc.getObjectTraceback(f(0))
    assert.deepEqual(names(traceback).at(-1), 'f')
    for (const { filename, lineno } of traceback.frames)
      assert(lineno > 0 || filename === '<native>', `${filename}:${lineno}`)
  },
}

const DOMAIN = 5
const SIZE = 123
const KEY = {}
const track = () => tracemalloc.track(DOMAIN, KEY, SIZE)
const untrack = () => tracemalloc.untrack(DOMAIN, KEY)
const getTraceback = () => tracemalloc.getTrackedTraceback(DOMAIN, KEY)
async function tracedMemory() {
  const snapshot = await tracemalloc.takeSnapshot()
  return snapshot.filterTraces([new tracemalloc.DomainFilter(true, DOMAIN)]).total.size
}

const capi = {
  async test_track() {
    tracemalloc.start(5)
    assert.equal(track(), true)
    assert.deepEqual(names(getTraceback()).slice(-2), ['test_track', 'track'])
    assert.equal(await tracedMemory(), SIZE)
  },

  async test_track_already_tracked() {
    tracemalloc.start(5)
    const first = () => track()
    const second = () => track()
    first()
    second()
    assert.deepEqual(names(getTraceback()).slice(-2), ['second', 'track'])
    assert.equal(await tracedMemory(), SIZE)
  },

  async test_untrack() {
    tracemalloc.start()
    track()
    assert(getTraceback())
    assert.equal(await tracedMemory(), SIZE)
    untrack()
    assert.equal(getTraceback(), undefined)
    assert.equal(await tracedMemory(), 0)
    untrack()
    untrack()
  },

  async test_stop_track() {
    tracemalloc.start()
    tracemalloc.stop()
    assert.equal(track(), false)
    assert.equal(getTraceback(), undefined)
  },

  async test_stop_untrack() {
    tracemalloc.start()
    track()
    tracemalloc.stop()
    assert.equal(untrack(), false)
  },
}

/** Tests that ask for the calls that made an object, which costs more. */
const NEED_OBJECTS = /object_traceback|new_reference|clear_traces|no_incomplete_frames/

async function runAll(tests, isOn) {
  for (const [name, test] of Object.entries(tests)) {
    assert.equal(tracemalloc.isTracing(), false)
    if (isOn) tracemalloc.start(1, { mode: 'exact', objects: NEED_OBJECTS.test(name) })
    try {
      await test()
      console.log(`${name}: ok`)
    } catch (error) {
      console.log(`${name}: ${error.stack.replaceAll('\n', ' ')}`)
    } finally {
      tracemalloc.stop()
    }
  }
}

await runAll(enabled, true)
await runAll(capi, false)
