// Runs a program that keeps what its expressions allocate, one a line, and prints bytes as JSON: what the
// heap says of each line alone, or what the sampler says of all, by the lines in the names of helpers.
const { readFileSync } = require('node:fs')
const inspector = require('node:inspector')
const v8 = require('node:v8')

const INLINING = [
  'turbo-inlining',
  'maglev-inlining',
  'max-inlined-bytecode-size',
  'max-inlined-bytecode-size-small',
]

const FOLDING = ['--no-turbo-allocation-folding']
if (Number.parseInt(process.versions.node, 10) >= 24) FOLDING.push('--maglev-allocation-folding=0')

/** From here on nothing is inlined, and every object is allocated for itself. */
function keepFrames() {
  for (const flag of FOLDING) v8.setFlagsFromString(flag)
  for (const flag of INLINING) v8.setFlagsFromString(flag.startsWith('max') ? `--${flag}=0` : `--no-${flag}`)
}

function load(text) {
  const module = { exports: {} }
  new Function('module', 'exports', 'require', text)(module, module.exports, require)
  return module.exports
}

/** Bytes of one round of a program, between two collections; many rounds, as the heap has pages. */
function bytesOfRound(text, rounds) {
  const { run } = load(text)
  run(1000)
  global.gc()
  global.gc()
  const before = process.memoryUsage().heapUsed
  const kept = run(rounds)
  global.gc()
  global.gc()
  return (process.memoryUsage().heapUsed - before) / kept.length - 8
}

/** Bytes of each line, by the innermost helper of a stack, and the lines of helpers above it. */
function sampled(text, rounds) {
  keepFrames()
  const { run } = load(text)
  run(100)
  const session = new inspector.Session()
  session.connect()
  const post = (method, params) => {
    let answer
    session.post(method, params, (error, result) => {
      if (error) throw new Error(error.message)
      answer = result
    })
    return answer
  }
  post('HeapProfiler.startSampling', { samplingInterval: 512 })
  const kept = run(rounds)
  global.gc()
  const { profile } = post('HeapProfiler.getSamplingProfile')
  // By the innermost helper, and by the helper in the function `one`.
  const inner = {}
  const outer = {}
  const walk = (node, isBelow, innermost, outermost) => {
    const { functionName } = node.callFrame
    const line = /^\$tm(\d+)_/.exec(functionName)?.[1]
    innermost = line ?? innermost ?? functionName
    if (isBelow) outermost ??= line
    const size = node.selfSize / rounds
    inner[innermost] = (inner[innermost] ?? 0) + size
    if (isBelow) outer[outermost ?? functionName] = (outer[outermost ?? functionName] ?? 0) + size
    for (const child of node.children) walk(child, isBelow || functionName === 'one', innermost, outermost)
  }
  walk(profile.head)
  return { inner, outer, kept: kept.length }
}

const { parts, text, rounds } = JSON.parse(readFileSync(0, 'utf8'))
process.stdout.write(
  JSON.stringify(parts ? parts.map(part => bytesOfRound(part.text, part.rounds)) : sampled(text, rounds)),
)
