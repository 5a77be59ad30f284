import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rewrite } from '../../src/lines/rewrite.ts'
import { root } from '../support/cli.ts'
import { nodeOf, VERSIONS } from './versions.ts'

/** With LINES=all the smallest expression has some 1,900 samples: 10 % is more than four standard deviations. */
const ROUNDS = process.env.LINES === 'all' ? 30_000 : 12_000
/** The sampler's interval in bytes. */
const INTERVAL = 512
/** Bytes that the heap is measured with: it counts in pages of 256 KiB. */
const ENOUGH = 6e6
/** Node 20 and 22 put bytes behind some literals and arrays, until the next collection: the sampler counts them. */
const MEMENTO = 16

const HEAD = `
class Point { constructor(x) { this.x = x } }
class Box { #list = null; fill(i) { this.#list = new Array(9).fill(i); return this } }
class Derived extends Point {}
const list = [1, 2, 3, 4, 5, 6], object = { a: 1, b: 2, c: 3 }
const text = 'some text to be cut', words = ['one two three four', 'five six seven eight']
const maker = { make: n => n, tag: (strings, ...values) => values }
const getter = { get fresh() { return [1, 2] } }
const identity = x => x, later = async x => [x], count = function* (x) { yield x }
const fallback = (x = [1, 2, 3]) => x, tail = ([first, ...rest]) => rest, adder = x => y => x + y
`

/** Expressions that allocate, each with an \`i\` that is another number each time. */
const KINDS: Record<string, string> = {
  'array literal': '[i, i, i, i]',
  'object literal': '{ p: i, q: 1, r: 2 }',
  'nested literal': '{ list: [i, i], inner: { i } }',
  'empty array': '[]',
  'empty object': '{}',
  'new Array': 'new Array(50)',
  'new of a class': 'new Point(i)',
  'new of derived classes': '[new Derived(i), new Derived(i)]',
  'spread of an array': '[...list, i]',
  'spread of an object': '{ ...object }',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the program's
  'template literal': '`longer than a few letters: ${words[i & 1]}`',
  'sum of texts': "words[i & 1] + ' and more text'",
  'regular expression': '/a+b*c/g',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the program's
  'tagged template': 'maker.tag`a${i}b${i}c`',
  'method that allocates': 'list.slice(1)',
  'method with a function': 'list.map(identity)',
  'method of a text': "text.split(' ', 3)",
  'JSON.parse': "JSON.parse('[1,2,3,4]')",
  'Object.assign': 'Object.assign({}, object)',
  'typed array': 'new Float64Array(6)',
  'optional chain': 'maker?.make?.([i, i, i])',
  'private member': 'new Box().fill(i)',
  'computed key': "{ ['k' + (i & 1)]: i, other: i }",
  getter: 'getter.fresh',
  'async function': 'later(i)',
  generator: 'count(i)',
  'default value': 'fallback()',
  'rest of a pattern': 'tail(list)',
  'closure that is returned': 'adder(i)',
  'growing store': 'grown',
}

const names = Object.keys(KINDS)
/** A property that is read is no call: what its getter allocates is said of the getter's line alone. */
const GETTER_LINE = HEAD.split('\n').findIndex(line => line.includes('get fresh')) + 1
const headLines = HEAD.split('\n').length

/** `keep[at] = expression`, or a store that makes what is kept grow. */
function statement(name: string, at: string): string {
  return name === 'growing store' ? `(keep[${at}] = [])[20] = i` : `keep[${at}] = ${KINDS[name]}`
}

/** All kinds in one function, a line each. */
const WHOLE = `${HEAD}function one(keep, at, i) {
${names.map((name, index) => statement(name, `at + ${index}`)).join('\n;')}
}
module.exports.run = rounds => {
  const keep = new Array(rounds * ${names.length})
  for (let i = 0; i < rounds; i++) one(keep, i * ${names.length}, i)
  return keep
}`

/** One kind alone. */
function alone(name: string): string {
  return `${HEAD}
module.exports.run = rounds => {
  const keep = new Array(rounds)
  for (let i = 0; i < rounds; i++) ${statement(name, 'i')}
  return keep
}`
}

function measure(version: string, input: object): unknown {
  const script = join(root, 'test/lines/measure-sizes.cjs')
  const { stdout, stderr } = spawnSync(nodeOf(version), ['--expose-gc', script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

describe('bytes of a line', () => {
  it.each(VERSIONS)(
    'are what the heap says of it alone, Node %s',
    version => {
      const result = rewrite(WHOLE, { sourceType: 'commonjs' })
      if ('reason' in result) throw new Error(result.reason)
      const { outer } = measure(version, { text: result.text, rounds: ROUNDS }) as {
        outer: Record<string, number>
      }
      const bytes = names.map(
        (name, index) => outer[name === 'getter' ? GETTER_LINE : headLines + 1 + index] ?? 0,
      )
      const parts = names.map((name, index) => ({
        text: alone(name),
        rounds: Math.ceil(ENOUGH / bytes[index]!),
      }))
      const truth = measure(version, { parts }) as number[]
      const rows = names.map((name, index) => ({ name, bytes: bytes[index]!, truth: truth[index]! }))
      if (process.env.LINES === 'show') console.table(rows)
      for (const { name, bytes, truth } of rows) {
        const memento = version < '24' ? MEMENTO : 0
        const words = `${name}: ${bytes.toFixed(1)} bytes, truth ${truth.toFixed(1)}`
        const chance = 4.5 * Math.sqrt(INTERVAL / (truth * ROUNDS))
        const error = Math.max(0.1, chance)
        expect.soft(bytes, words).toBeGreaterThan(truth * (1 - error))
        expect.soft(bytes, words).toBeLessThan((truth + memento) * (1 + error))
      }
    },
    300_000,
  )
})
