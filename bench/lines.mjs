// What true lines cost: the speed of the rewriter, and the CPU time of programs of which every file is rewritten, under V8's sampler
// at 32 KiB, against the same programs as they are. Medians of interleaved repeats. npm run build, then node bench/lines.mjs [repeats]
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import inspector from 'node:inspector'
import Module, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'

const require = createRequire(import.meta.url)
const self = fileURLToPath(import.meta.url)
const lodashPath = require.resolve('lodash')

/** Rounds of about the same time; each returns what it made, so that nothing is left out. */
const PROGRAMS = {
  acorn: () => {
    const { parse } = require('acorn')
    const source = readFileSync(lodashPath, 'utf8')
    return () => parse(source, { ecmaVersion: 'latest' }).body.length
  },
  yaml: () => {
    const { parse, stringify } = require('yaml')
    const text = stringify(
      Array.from({ length: 40 }, (_, id) => ({
        id,
        name: `n${id}`,
        tags: ['a', 'b'],
        at: { x: id, y: 'z' },
      })),
    )
    return () => parse(text).length
  },
  lodash: () => {
    const _ = require('lodash')
    const rows = Array.from({ length: 20_000 }, (_, id) => ({
      id,
      kind: id % 17,
      tags: [`t${id % 5}`, 'all'],
    }))
    return () =>
      Object.keys(
        _.chain(rows)
          .filter(row => row.id % 3 > 0)
          .map(row => _.assign({}, row, { name: `n${row.id}` }))
          .groupBy('kind')
          .mapValues(list => _.uniq(_.flatMap(list, 'tags')))
          .value(),
      ).length
  },
  handlebars: () => {
    const template = require('handlebars').compile(
      '{{#each rows}}<b class="{{kind}}">{{name}} {{#if odd}}!{{/if}}</b>{{/each}}',
    )
    const rows = Array.from({ length: 3000 }, (_, id) => ({ name: `n${id}`, kind: id % 7, odd: id % 2 }))
    return () => template({ rows }).length
  },
  postcss: () => {
    const postcss = require('postcss')
    const text = Array.from(
      { length: 1500 },
      (_, n) => `.a${n} > b:hover { color: red; margin: ${n}px }`,
    ).join('\n')
    return () => postcss.parse(text).toString().length
  },
}

const ROUNDS = 25

async function child(name, way) {
  if (way !== 'plain') {
    const { rewrite } = await import('../dist/src/lines/rewrite.js')
    for (const flag of [
      '--no-turbo-inlining',
      '--no-maglev-inlining',
      '--max-inlined-bytecode-size=0',
      '--max-inlined-bytecode-size-small=0',
    ])
      v8.setFlagsFromString(flag)
    const compile = Module.prototype._compile
    Module.prototype._compile = function (text, filename, ...rest) {
      const result = rewrite(text, { sourceType: 'commonjs' })
      return compile.call(this, result.text ?? text, filename, ...rest)
    }
  }
  const round = PROGRAMS[name]()
  const session = new inspector.Session()
  session.connect()
  if (way !== 'plain') session.post('HeapProfiler.startSampling', { samplingInterval: 32_768 })
  round()
  const before = process.cpuUsage()
  for (let i = 0; i < ROUNDS; i++) round()
  const { user, system } = process.cpuUsage(before)
  console.log((user + system) / 1000)
}

/** Megabytes a second of a process that has just been started, by its CPU time. */
async function speed(path) {
  const { rewrite } = await import('../dist/src/lines/rewrite.js')
  const source = readFileSync(path, 'utf8')
  const before = process.cpuUsage()
  const { sites } = rewrite(source, { sourceType: 'commonjs' })
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ megabytes: source.length / 1e6, milliseconds: (user + system) / 1000, sites }))
}

const median = list => list.slice().sort((a, b) => a - b)[list.length >> 1]

function main(repeats) {
  for (const path of [
    lodashPath,
    require.resolve('postcss/lib/parser'),
    require.resolve('handlebars/dist/handlebars.js'),
  ]) {
    const { megabytes, milliseconds, sites } = JSON.parse(
      execFileSync(process.execPath, [self, 'speed', path], { encoding: 'utf8' }),
    )
    console.log(
      `${path.split('/').at(-1)}: ${(megabytes / (milliseconds / 1000)).toFixed(1)} MB/s cold, ${sites} sites`,
    )
  }
  const ratios = []
  for (const name of Object.keys(PROGRAMS)) {
    const times = { plain: [], lines: [] }
    for (let i = 0; i < repeats; i++)
      for (const way of ['plain', 'lines'])
        times[way].push(Number(execFileSync(process.execPath, [self, name, way], { encoding: 'utf8' })))
    const ratio = median(times.lines) / median(times.plain)
    ratios.push(ratio)
    console.log(
      `${name}: ${median(times.plain).toFixed(0)} ms, ${median(times.lines).toFixed(0)} ms with lines, ${ratio.toFixed(2)} times`,
    )
  }
  console.log(
    `geometric mean: ${Math.exp(ratios.reduce((sum, x) => sum + Math.log(x), 0) / ratios.length).toFixed(2)}`,
  )
}

const [first, second] = process.argv.slice(2)
if (first === 'speed') await speed(second)
else if (first in PROGRAMS) await child(first, second)
else main(Number(first ?? 5))
