// Twenty functions that leave something with each call, and twenty that do not, of every kind that a program has. Each is made anew.
import { EventEmitter } from 'node:events'

/** @typedef {{ name: string, leaks: boolean, make: () => () => unknown }} Case */

const leaks = {
  arrow() {
    const kept = []
    let n = 0
    return () => {
      kept.push({ x: n++ })
    }
  },
  method() {
    const store = {
      rows: [],
      add(n) {
        this.rows.push([n])
      },
    }
    let n = 0
    return () => store.add(n++)
  },
  closure() {
    const kept = []
    let n = 0
    return () => {
      const mine = n++
      kept.push(() => mine)
    }
  },
  async() {
    const kept = []
    let n = 0
    return async () => {
      await null
      kept.push({ x: n++ })
    }
  },
  generator() {
    const kept = []
    return function* () {
      yield 1
      kept.push({ x: 1 })
    }
  },
  'async generator'() {
    const kept = []
    return async function* () {
      yield 1
      kept.push({ x: 1 })
    }
  },
  'suspended generator'() {
    const kept = []
    function* numbers() {
      yield 1
      yield 2
    }
    return () => {
      const open = numbers()
      open.next()
      kept.push(open)
    }
  },
  class() {
    class Item {
      constructor(n) {
        this.n = n
        Item.all.push(this)
      }
      static all = []
    }
    let n = 0
    return () => new Item(n++).n
  },
  'private member'() {
    class Log {
      #lines = []
      add(n) {
        this.#lines.push({ n })
      }
    }
    const log = new Log()
    let n = 0
    return () => log.add(n++)
  },
  string() {
    const kept = []
    let n = 0
    return () => {
      kept.push(JSON.stringify({ n: n++ }))
    }
  },
  'slice of a string'() {
    const kept = []
    let n = 0
    return () => {
      const text = `${n++},${'x'.repeat(400)}`.split(',').join('-')
      kept.push(text.slice(2, 40))
    }
  },
  Map() {
    const map = new Map()
    let n = 0
    return () => map.set(n++, { n })
  },
  Set() {
    const set = new Set()
    let n = 0
    return () => set.add(n++)
  },
  'WeakMap with keys that stay'() {
    const keys = []
    const map = new WeakMap()
    return () => {
      const key = {}
      keys.push(key)
      map.set(key, [1])
    }
  },
  'typed array'() {
    const kept = []
    return () => {
      kept.push(new Float64Array(100))
    }
  },
  Buffer() {
    const kept = []
    return () => {
      kept.push(Buffer.alloc(2000))
    }
  },
  'promise that is never settled'() {
    const waiting = new Set()
    return () => {
      new Promise(resolve => waiting.add(resolve)).then(() => {})
    }
  },
  'event listener'() {
    const emitter = new EventEmitter().setMaxListeners(0)
    let n = 0
    return () => {
      const mine = n++
      emitter.on('data', () => mine)
    }
  },
  timer() {
    return () => {
      setTimeout(() => {}, 1e8).unref()
    }
  },
  'RegExp, Symbol, Error, BigInt'() {
    const kept = []
    let n = 0
    const makers = [() => /x/g, () => Symbol(n), () => new Error('x'), () => 2n ** 70n + BigInt(n)]
    return () => {
      kept.push(makers[n++ % 4]())
    }
  },
}

const innocents = {
  nothing: () => () => {},
  arrow() {
    let last
    let n = 0
    return () => {
      last = { x: n++ }
      return last.x
    }
  },
  method() {
    const list = { rows: [], add(n) { this.rows = [n, n + 1] } } // biome-ignore format: one line
    let n = 0
    return () => list.add(n++)
  },
  closure() {
    let n = 0
    return () => [1, 2, 3].map(x => x * n++)
  },
  async() {
    return async () => {
      await null
      return Promise.all([1, 2].map(async x => ({ x })))
    }
  },
  generator() {
    return function* () {
      for (let i = 0; i < 5; i++) yield { i }
    }
  },
  'async generator'() {
    return async function* () {
      for (let i = 0; i < 3; i++) yield { i }
    }
  },
  class() {
    return () => {
      class Point {
        #x = 1
        get x() {
          return this.#x
        }
      }
      return new Point().x
    }
  },
  string() {
    let n = 0
    return () => JSON.parse(JSON.stringify({ n: n++, text: 'x'.repeat(50) })).text.slice(3, 30)
  },
  'Map that is emptied'() {
    const map = new Map()
    let n = 0
    return () => {
      map.set(n++, { n })
      if (map.size > 50) map.clear()
    }
  },
  'Set of the newest'() {
    const set = new Set()
    let n = 0
    return () => {
      set.add(n++)
      set.delete(n - 20)
    }
  },
  WeakMap() {
    const map = new WeakMap()
    return () => map.set({}, { x: [1, 2] })
  },
  'Buffer, typed array'() {
    return () => Buffer.alloc(3000).length + new Float64Array(100).length + Buffer.from('abc').length
  },
  'promise that is never settled'() {
    return () => {
      new Promise(() => {}).then(() => {})
    }
  },
  'event listener'() {
    const emitter = new EventEmitter()
    return () => {
      emitter.once('data', () => {})
      emitter.emit('data')
    }
  },
  timer: () => () => new Promise(resolve => setImmediate(resolve)),
  'RegExp, Symbol, BigInt'() {
    let n = 0
    return () => [
      new RegExp(`x${n++ % 30}`).test('x1'),
      Symbol('x').toString(),
      (2n ** 70n + BigInt(n)).toString(),
    ]
  },
  error() {
    let n = 0
    return () => {
      try {
        throw new Error(`x${n++}`)
      } catch (error) {
        return error.stack.length
      }
    }
  },
  'cache that is full'() {
    const cache = new Map()
    let n = 0
    return () => {
      const key = n++ % 64
      if (!cache.has(key)) cache.set(key, { key, list: [1, 2, 3] })
      return cache.get(key)
    }
  },
  'table that fills'() {
    const table = {}
    let n = 0
    return () => (table[`key ${n++ % 900}`] ??= { squares: [n, n * n] })
  },
}

const casesOf = (functions, leak) =>
  Object.entries(functions).map(([name, make]) => ({ name, leaks: leak, make }))

/** @type {readonly Case[]} */
export const CASES = [...casesOf(leaks, true), ...casesOf(innocents, false)]

/** Bytes per call that a function may leave: the least that a call can keep is 8. */
export const LIMIT = 5

/** Which part of the cases a runner has, and how often, as `CASES=part/parts/repeats` says. */
export function settings() {
  const [part, parts, repeats] = (process.env.CASES ?? '0/1/1').split('/').map(Number)
  return { part, parts, repeats }
}

/** Runs assertLeavesAtMost on each of one part of the cases, `repeats` times; returns what it got wrong, as lines. */
export async function wrongAnswers(passes, { repeats = 1, part = 0, parts = 1 } = {}) {
  const wrong = []
  let asked = 0
  for (const [i, { name, leaks, make }] of CASES.entries()) {
    if (i % parts !== part % parts) continue
    for (let repeat = 0; repeat < repeats; repeat++) {
      asked++
      const error = await passes(make())
      const isWrong = (error !== undefined) !== leaks
      if (isWrong || (error && !/^each call leaves/.test(error.message)))
        wrong.push(`${leaks ? 'leak' : 'innocent'} ${name}: ${error?.message ?? 'passed'}`)
    }
  }
  return { asked, wrong }
}
