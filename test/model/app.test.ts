import { describe, expect, it } from 'vitest'
import { appFrames, isApp, NOT_APP } from '../../src/transform/app-frames.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { snapshotOf } from '../support/snapshots.ts'

const stacks = (text: string) => {
  const [snapshot] = appFrames([snapshotOf(text)])
  checkSnapshot(snapshot)
  return [...snapshot.traces].map(t => `${t.size}: ${t.traceback.frames.join(' > ')}`)
}

describe('appFrames', () => {
  it('gives what is hidden to the nearest caller that stays', () => {
    expect(
      stacks(`
        10 1: a.js:1 > /app/node_modules/x/i.js:2 > node:fs:3 > <native>:0
        20 1: node:internal/modules/run_main:1 > a.js:1 > /app/node_modules/x/i.js:2 > b.js:4 > <native>:0
        30 1: a.js:1`),
    ).toEqual(['10: a.js:1', '20: a.js:1 > b.js:4', '30: a.js:1'])
  })
  it('loses nothing', () => {
    expect(
      stacks('10 1: node:fs:3\n20 1: <v8>:0\n30 1: /node_modules/x/i.js:2 > <native>:0\n40 1: '),
    ).toEqual([`10: ${NOT_APP}:0`, `20: ${NOT_APP}:0`, `30: ${NOT_APP}:0`, '40: '])
  })
  it('holds for recursion and deep stacks', () => {
    const deep = Array.from({ length: 20_000 }, (_, i) => (i % 2 ? 'node:x:1' : 'a.js:1')).join(' > ')
    const [snapshot] = appFrames([snapshotOf(`1 1: ${deep}`)])
    expect(snapshot.traces.at(0)?.traceback.length).toBe(10_000)
  })
  it('keeps snapshots of one file over one set of tables', () => {
    const one = snapshotOf('1 1: a.js:1\n1 1: node:fs:1')
    const two = snapshotOf('1 1: a.js:1', undefined, one.tables)
    const [a, b, again] = appFrames([one, two, one])
    expect(a.tables).toBe(b.tables)
    expect([...again.traces].map(String)).toEqual([...a.traces].map(String))
  })
})

it.each([
  ['/srv/app/src/a.js', true],
  ['', true],
  ['<eval:3>', true],
  ['https://host/app.js', true],
  ['evalmachine.<anonymous>', true],
  ['/srv/app/node_modules/x/a.js', false],
  ['C:\\app\\node_modules\\x\\a.js', false],
  ['webpack:///node_modules/x/a.js', false],
  ['node_modules/x/a.js', false],
  ['node:fs', false],
  ['internal/modules/cjs/loader.js', false],
  ['ext:core/01_core.js', false],
  ['electron/js2c/asar_bundle', false],
  ['chrome-extension://abcdef/bg.js', false],
  ['<native>', false],
  ['<v8>', false],
])('%s is of the program: %s', (filename, is) => expect(isApp(filename)).toBe(is))
