// What programs do to their globals, for tests of what runs inside of them.

/** Freezes what programs freeze. */
export const FREEZE = `for (const it of [Object, Array, Map, Set, WeakMap, Promise, Function, Error, TypeError, String, Number, RegExp, Date]) {
  Object.freeze(it.prototype); Object.freeze(it) }
  for (const it of [JSON, Math, Reflect, Atomics, process, require('fs'), require('module'), globalThis.performance]) Object.freeze(it)`

/** Everything that Node itself can do without. */
export const BREAK = `const broken = () => { throw new TypeError('changed by the program') }
  const { on } = process
  for (const name of ['push', 'map', 'filter', 'forEach', 'reduce', 'slice', 'concat', 'includes', 'find', 'some', 'join']) Array.prototype[name] = broken
  for (const name of ['startsWith', 'replace', 'match', 'slice', 'indexOf', 'padStart', 'trim']) String.prototype[name] = broken
  for (const it of [Map, WeakMap, Set]) for (const name of ['get', 'set', 'has', 'delete', 'add', 'forEach']) it.prototype[name] = broken
  const fs = require('fs')
  for (const name of Object.keys(fs)) if (/Sync$/.test(name) && name !== 'readFileSync') fs[name] = broken
  require('module').syncBuiltinESMExports()
  JSON.stringify = JSON.parse = Atomics.load = Atomics.wait = broken
  process.on = process.once = process.kill = process.memoryUsage = process.hrtime = broken
  globalThis.Date = class { static now() { return 0 } }
  performance.now = () => 0
  globalThis.setTimeout = globalThis.setInterval = globalThis.setImmediate = globalThis.queueMicrotask = broken
  Error.captureStackTrace = Error.prepareStackTrace = broken
  Object.defineProperty(Error, 'stackTraceLimit', { get: broken, set: broken })
  Object.prototype.toJSON = () => 'changed'
  delete globalThis.WeakRef; delete globalThis.SharedArrayBuffer; delete globalThis.BroadcastChannel
  Object.defineProperty = Object.keys = Object.assign = Object.create = Reflect.apply = Reflect.set = broken`
