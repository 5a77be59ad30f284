// Loading and diffing two pickled snapshots by line: CPython's tracemalloc against ours, interleaved, medians of CPU time.
//   npm run build && node bench/diff.mjs [traces] [repeats]
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { loadSnapshot } from '../dist/src/formats/files.js'

const [traces = 1_000_000, repeats = 7] = process.argv.slice(2).map(Number)
const script = fileURLToPath(new URL('diff.py', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'diff-'))
const [old, now] = ['old', 'new'].map((name, seed) => {
  const path = join(folder, `${name}.pickle`)
  execFileSync('python3', [script, 'make', path, String(traces), String(seed)])
  return path
})

const python = spawn('python3', [script, 'serve', old, now], { stdio: ['pipe', 'pipe', 'inherit'] })
const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]()

async function askPython() {
  python.stdin.write('\n')
  return JSON.parse((await answers.next()).value)
}

/** CPU seconds of this process, compiler and collector threads included. */
function cpu() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function askOurs() {
  const start = cpu()
  const [a, b] = [await loadSnapshot(old), await loadSnapshot(now)]
  const loaded = cpu()
  const diffs = b.compareTo(a, 'lineno')
  const compared = cpu()
  return { load: loaded - start, compare: compared - loaded, groups: diffs.length, first: String(diffs[0]) }
}

const runs = []
for (let i = 0; i < repeats; i++) {
  const run = { python: await askPython(), ours: await askOurs() }
  if (run.python.first !== run.ours.first || run.python.groups !== run.ours.groups) {
    throw new Error(`different results: ${run.python.first} and ${run.ours.first}`)
  }
  runs.push(run)
}
python.stdin.end()
rmSync(folder, { recursive: true })

const median = numbers => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const ratio = x => `1/${x.toFixed(1)}`

function row(name, of) {
  const [theirs, mine] = ['python', 'ours'].map(who => median(runs.map(run => of(run[who]))))
  const first = of(runs[0].python) / of(runs[0].ours)
  return `| ${name} | ${theirs.toFixed(3)} s | ${mine.toFixed(3)} s | ${ratio(theirs / mine)} | ${ratio(first)} |`
}

console.log(`2 x ${traces} traces, ${runs[0].ours.groups} lines, ${repeats} runs, Node ${process.version}

| CPU time | CPython | tracemalloc | ratio | of the first run |
|---|---|---|---|---|
${row('load both pickles', run => run.load)}
${row('compare by line', run => run.compare)}
${row('both', run => run.load + run.compare)}`)
