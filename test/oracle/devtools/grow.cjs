// Writes two heap snapshots of one process, OUT-old and OUT-new: 100,000 objects and more of many kinds, some of which go
// away in between and others come.
const v8 = require('node:v8')
const out = process.argv[2]

class Account {
  constructor(i, parent) {
    this.id = i
    this.parent = parent
    this.name = `account ${i}`
    this.tags = [i, i + 0.5]
    this.meta = { k: i % 97, s: `value ${i % 5000}` }
  }
}

const accounts = []
const byName = new Map()
const weak = new WeakMap()
const closures = []
for (let i = 0; i < 12_000; i++) {
  const account = new Account(i, accounts[i >> 1])
  accounts.push(account)
  if (i % 3 === 0) byName.set(`key ${i}`, account)
  if (i % 10 === 0) weak.set(account, { secret: [i], also: new Date(i) })
  if (i % 20 === 0) closures.push(() => account)
}
const shapes = Array.from({ length: 3000 }, (_, i) => ({
  [`p${i % 40}`]: i,
  'a, b': `t${i}`,
  __proto__: null,
}))
const mixed = [/a+/g, Symbol('s'), 12n ** 40n, new Uint8Array(5000), Buffer.alloc(200_000), new Set([1, 'x'])]
const rope = accounts.slice(0, 500).map((a, i) => `${a.name}/${'x'.repeat(i % 30)}`)
const twice = Array.from({ length: 50 }, (_, i) => ['dup', i % 5, 'licate'].join('-') + (i % 5))
globalThis.kept = { accounts, byName, weak, closures, shapes, mixed, rope, twice, first: accounts[0] }
globalThis.self2 = globalThis
v8.writeHeapSnapshot(`${out}-old.heapsnapshot`)

accounts.splice(0, 100)
for (const key of [...byName.keys()].slice(0, 500)) byName.delete(key)
shapes.length = 1500
for (let i = 0; i < 2000; i++) accounts.push(new Account(-i, undefined))
globalThis.kept.extra = Array.from({ length: 1000 }, (_, i) => ({ leak: i, by: `x${i}` }))
v8.writeHeapSnapshot(`${out}-new.heapsnapshot`)
