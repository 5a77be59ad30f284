// node [flags] runner.mjs PROGRAM INTERVAL: runs a program under V8's sampling profiler and writes the profile of what it keeps to
// standard output. `again` of the program, where it has one, runs between reads. Interval 1 is exact: per node the sizes with their counts stand in for the samples.
import inspector from 'node:inspector'

const [, , program, interval, reads = '1'] = process.argv
const session = new inspector.Session()
session.connect()

function post(method, parameters = {}) {
  let result
  session.post(method, parameters, (error, value) => {
    if (error) throw error
    result = value
  })
  return result
}

function read() {
  post('HeapProfiler.collectGarbage')
  const { profile } = post('HeapProfiler.getSamplingProfile')
  if (interval === '1') {
    const byNode = new Map()
    for (const { nodeId, size } of profile.samples) {
      const sizes = byNode.get(nodeId) ?? {}
      sizes[size] = (sizes[size] ?? 0) + 1
      byNode.set(nodeId, sizes)
    }
    profile.samples = []
    profile.sizes = Object.fromEntries(byNode)
  }
  return profile
}

const { run, again } = await import(`./programs/${program}.mjs`)
post('HeapProfiler.startSampling', { samplingInterval: Number(interval) })
globalThis.kept = await run()
await new Promise(resolve => setTimeout(resolve, 30))
if (Number(reads) > 1) read() // the first read compiles the reader's own functions
const profiles = []
for (let i = 0; i < Number(reads); i++) {
  if (i > 0) again?.(globalThis.kept)
  profiles.push(read())
  await new Promise(resolve => setTimeout(resolve, 30))
}
process.stdout.write(JSON.stringify(profiles), () => process.exit(0))
