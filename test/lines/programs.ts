// Small programs whose lines are known, for the tests of traced programs.
import { createRequire } from 'node:module'

/** Files of a program by name; each allocates on lines that carry a comment with their kilobytes. */
export const COMMONJS = `const kept = []
class P { constructor(x) { this.x = x } }
function grow(n) {
  for (let i = 0; i < n; i++) {
    kept.push([i, i, i, i])
    kept.push(
      new P({ i }),
    )
  }
}
grow(20000)
process.on('exit', () => kept)
`

export const MODULE = `import { make } from './make.mjs'
import './part.cjs'
const kept = (globalThis.kept = [])
for (let i = 0; i < 20000; i++) {
  kept.push(make(i))
}
`

export const MAKE = `export function make(i) {
  return {
    list: [i, i],
  }
}
`

export const PART = `const all = (globalThis.all = [])
for (let i = 0; i < 20000; i++)
  all.push(
    new Array(10))
`

/** Prints what a program can see of its own text and stack. */
export const SELF = `const { basename } = require('path')
const own = stack => stack.split('\\n').filter(line => !/node:internal|compile-hook/.test(line)).join('\\n')
function f(a) { return g({ a }, [1, 2]) }
function g(x, y) { const e = new Error('x'); return e }
console.log(own(f(1).stack))
try { null.foo } catch (e) { console.log(own(e.stack)) }
try { const u = { q: { b: [] } }; f(u.q.b.map(x => 1), u.zz.foo(1)) } catch (e) { console.log(own(e.stack)) }
try { [1, {}].map(x => x.y.z) } catch (e) { console.log(own(e.stack)) }
try { JSON.parse('[') } catch (e) { console.log(own(e.stack)) }
class B { constructor(x) { this.x = [x] } m() { return this.n() } n() { return new Error('in n') } static s(y) { return new B(y).m() } get y() { return f(2) } }
console.log(own(B.s().stack))
const texts = [f, B, B.s, B.prototype.m, { m(x) { return [x] } }.m, (a, b) => [a, ...b], async function* q() { yield [await 1] }]
for (const text of texts) console.log(String(text))
for (const fn of [Function.prototype.toString, Error.captureStackTrace]) console.log(String(fn), fn.name, fn.length)
const old = Error.prepareStackTrace
const prepare = (e, sites) => sites.slice(0, 3).map(s => [s.getFunctionName(), basename(s.getFileName() ?? ''), s.getLineNumber(), s.getColumnNumber(), s.isConstructor(), s.getTypeName(), s.isNative()].join())
Error.prepareStackTrace = prepare
console.log(f(1).stack)
Error.prepareStackTrace = old
function caller() {
  const { stackTraceLimit, prepareStackTrace } = Error
  Error.stackTraceLimit = 1
  Error.prepareStackTrace = (_, sites) => sites
  const here = {}
  Error.captureStackTrace(here, caller)
  const { stack } = here
  Object.assign(Error, { stackTraceLimit, prepareStackTrace })
  return stack.map(String)
}
console.log(caller())
const deep = n => (n ? deep(n - 1) : new Error('deep'))
console.log(own(deep(20).stack))
console.log(own(new Error(\`a \${[1]}\`).stack), Object.keys(Error), typeof Error.prepareStackTrace)
async function later() { await null; throw new Error(\`later \${[1]}\`) }
Promise.resolve(1).then(async function after() { await later() }).catch(e => console.log(own(e.stack)))
console.log([3, 1].sort(function compare(x, y) { console.log(own(new Error('c').stack).split('\\n').slice(0, 3)); return x - y }))
`

const esbuild = createRequire(import.meta.url).resolve('esbuild')

/** A loader that compiles TypeScript to text without line ends, in Node's thread for hooks. */
export const LOADER_THREAD = `import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transformSync } from ${JSON.stringify(esbuild)}
export function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context)
  const sourcefile = fileURLToPath(url)
  const options = { loader: 'ts', format: 'esm', sourcemap: 'inline', minifyWhitespace: true, sourcefile }
  const { code } = transformSync(readFileSync(sourcefile, 'utf8'), options)
  return { format: 'module', source: code, shortCircuit: true }
}
`

/** Registers it. */
export const LOADER = `import { register } from 'node:module'
register('./loader-thread.mjs', import.meta.url)
`
