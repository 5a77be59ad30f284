// node bench/calibration/prior.mjs: prints the table of src/statistics/prior.ts from exact profiles of programs other than those that
// the counts are judged on, each program and runtime weighing the same; then how likely the programs are by the weight of sizes
// unheard of, and by the concentration of src/statistics/checksum.ts (see fit.ts).

import { bundled } from './bundled.mjs'
import { collect, profilesOf } from './runs.mjs'

const PROGRAMS = ['schemas', 'streams', 'documents', 'numbers', 'texts', 'sockets']
const LEAST_SHARE = 3e-5

const { concentrationLikelihood, tailLikelihood } = await bundled('fit')
const { histogramOf } = await bundled('profiles')

const heaps = []
for (const program of PROGRAMS) {
  for (const runtime of ['node20', 'node26']) {
    const [path] = await collect({ program, interval: 1, runs: 1, runtime })
    heaps.push(histogramOf(profilesOf(path)[0]))
  }
}
const programs = heaps.map(sharesOf)
const shares = new Map()
for (const [size, share] of programs.flatMap(program => [...program]))
  shares.set(size, (shares.get(size) ?? 0) + share / programs.length)
const rows = [...shares].filter(([, share]) => share >= LEAST_SHARE).sort((a, b) => a[0] - b[0])
for (const [size, share] of rows) console.log(`[${size}, ${share.toPrecision(2)}],`)

// Of one runtime: the other runtime's run of the same program would tell a program of itself.
const ofOne = values => values.filter((_, i) => i % 2 === 0)
for (const tail of [0.3, 3, 12, 24, 48, 96, 192]) print('tail', tail, tailLikelihood(ofOne(programs), tail))
for (const c of [0.05, 0.1, 0.2, 0.4, 1, 2, 4])
  print('concentration', c, concentrationLikelihood(ofOne(heaps), c))

function sharesOf(heap) {
  const sizes = new Map()
  let total = 0
  for (const [size, n] of heap.flat()) {
    sizes.set(size, (sizes.get(size) ?? 0) + n)
    total += n
  }
  return new Map([...sizes].map(([size, n]) => [size, n / total]))
}

function print(name, value, likelihood) {
  console.log(`${name} ${value}: mean log likelihood ${likelihood.toFixed(3)}`)
}
