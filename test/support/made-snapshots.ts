import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { NATIVE, V8 } from '../../src/model/tables/frames.ts'

const META: SnapshotMeta = { source: 'made', measure: 'live', accuracy: 'exact', counts: 'exact' }

/** Snapshots that no sample holds together, by what is in them. Every writer has to take them. */
export const madeSnapshots: Record<string, () => Snapshot> = {
  'no rows': () => new SnapshotBuilder().build(META, 1),

  'names of every kind': () => {
    const names = [
      'plain',
      'größe',
      '日本',
      '𝒜stral',
      'a "quote" \\ back',
      'tab\tnew\nline',
      '<b>&amp;',
      'a;b c',
      '__proto__',
      '',
    ]
    return built(add => {
      names.forEach((name, i) => {
        add([[name, '/srv/app/a.js', i + 1, i]], 100 + i)
        add([['f', `/srv/app/${name}.js`, 1, 1]], 200 + i)
        add([['f', `/srv/app/${encodeURIComponent(name)}%zz.js`, 1, 1]], 300 + i)
      })
    })
  },

  'frames without a file': () =>
    built(add => {
      add([['(GC)', V8, 0, 0]], 64)
      add([['push', NATIVE, 0, 0]], 32)
      add([['', NATIVE, 0, 0]], 16)
      add(
        [
          ['f', '/a.js', 3, 7],
          ['push', NATIVE, 0, 0],
        ],
        8,
      )
      add(
        [
          ['f', '/a.js', 3, 7],
          ['map', NATIVE, 0, 0],
          ['g', '/a.js', 9, 1],
        ],
        4,
      )
      add(
        [
          ['f', '/a.js', 3, 7],
          ['map', NATIVE, 0, 0],
          ['g', '/a.js', 9, 1],
          ['(deopt)', NATIVE, 0, 0],
        ],
        2,
      )
    }),

  'files that are no paths': () =>
    built(add => {
      for (const file of [
        'node:fs',
        'evalmachine.<anonymous>',
        'wasm://wasm/99d086be',
        'http://x.test/a.js?b#c',
      ])
        add([['f', file, 1, 1]], 10)
      add([['f', '<eval:17>', 4, 2]], 20)
      add([['f', '<collected:18>', 0, 0]], 30)
      add([['f', '<eval:17>', 0, 0]], 40)
      add([['f', '<collected:18>', 4, 2]], 50)
      add([['f', '<eval:x>', 1, 1]], 60)
      add([['f', 'C:\\app\\a.js', 1, 1]], 70)
    }),

  'lines and columns at their ends': () =>
    built(add => {
      add([['f', '/a.js', 0, 0]], 1)
      add([['f', '/a.js', 1, 0]], 2)
      add([['f', '/a.js', 1, 1]], 3)
      add([['f', '/a.js', 2 ** 31 - 1, 2 ** 31 - 1]], 4)
    }),

  'sizes over 2^32': () =>
    built(add => {
      add([['f', '/a.js', 1, 1]], 2 ** 32)
      add([['g', '/a.js', 2, 1]], 2 ** 45 + 1)
    }),

  'one stack in several rows': () =>
    built((add, builder) => {
      const type = builder.tables.strings.intern('Array')
      add([['f', '/a.js', 1, 1]], 48, 3)
      add([['f', '/a.js', 1, 1]], 20, 2)
      add([['f', '/a.js', 1, 1]], 100, 1, 1)
      add([['f', '/a.js', 1, 1]], 7, 7, 0, type)
      add(
        [
          ['f', '/a.js', 1, 1],
          ['f', '/a.js', 1, 1],
          ['f', '/a.js', 1, 1],
        ],
        5,
        1,
      )
    }),

  'unknown numbers of blocks': () =>
    built(add => {
      add([['f', '/a.js', 1, 1]], 20, Number.NaN)
      add([['g', '/a.js', 2, 1]], 30, Number.NaN)
    }),

  'samples and facts': () => {
    const builder = new SnapshotBuilder()
    const { frames, stacks } = builder.tables
    const f = stacks.intern(0, frames.intern('f', '/a.js', 1, 1))
    const g = stacks.intern(f, frames.intern('g', '/a.js', 5, 1))
    builder.add(g, 1600, 3)
    builder.add(f, 800, 1)
    builder.addSample(0, 528, 9)
    builder.addSample(0, 544, 4)
    builder.addSample(0, 536, 2 ** 33)
    builder.addSample(1, 800, 1)
    const meta: SnapshotMeta = {
      ...{ source: 'made', measure: 'live', accuracy: 'sampled', counts: 'estimated' },
      ...{ interval: 512, intervalSource: 'given', runtime: 'node', runtimeVersion: 'v26.10.0' },
      ...{ time: 1763798400000, session: 'a-b', read: 2, pid: 17, isolate: 'worker 3' },
      ...{ memory: { heapUsed: 4000000, rss: 50000000 } },
    }
    return builder.build(meta, 128)
  },
}

/** A row without any frame. Some formats cannot hold it as it is, but none may lose its bytes. */
export function rowWithoutFrames(): Snapshot {
  return built(add => {
    add([], 12)
    add([['f', '/a.js', 1, 1]], 30)
  })
}

/** One chain of calls; bytes only at its end. */
export function deepChain(depth: number): Snapshot {
  const builder = new SnapshotBuilder()
  const { frames, stacks } = builder.tables
  let stack = 0
  for (let i = 0; i < depth; i++) {
    stack = stacks.intern(stack, frames.intern(`f${i % 7}`, '/srv/app/deep.js', 1 + (i % 1000), 1))
  }
  builder.add(stack, 4096, 1)
  return builder.build(META, depth)
}

/** Rows of different stacks, two frames each. */
export function manyRows(count: number): Snapshot {
  const builder = new SnapshotBuilder()
  const { frames, stacks } = builder.tables
  for (let i = 0; i < count; i++) {
    const caller = stacks.intern(
      0,
      frames.intern(`f${i % 1000}`, `/srv/app/${i % 1000}.js`, 1 + (i % 1000), 1),
    )
    const callee = Math.floor(i / 1000)
    builder.add(
      stacks.intern(caller, frames.intern(`g${callee}`, '/srv/app/g.js', 1 + callee, 1)),
      16 + (i % 64),
      1,
    )
  }
  return builder.build(META, 2)
}

/** Rows of different stacks, forty frames each, with names of many lengths: as text they cross the borders of any buffer. */
export function deepRows(count: number): Snapshot {
  const builder = new SnapshotBuilder()
  const { frames, stacks } = builder.tables
  for (let i = 0; i < count; i++) {
    let stack = 0
    for (let k = 0; k < 40; k++) {
      const n = (i * 7 + k * k) % 5003
      stack = stacks.intern(
        stack,
        frames.intern(`f${'x'.repeat(n % 23)}${n}`, `/srv/app/m${n % 101}.js`, 1 + n, 1 + k),
      )
    }
    builder.add(stack, 16 + ((i * 31) % 9973), 1)
  }
  return builder.build(META, 40)
}

/** Function, file, line, column: the oldest call first. */
type MadeFrame = [string, string, number, number]
type Add = (frames: MadeFrame[], size: number, count?: number, domain?: number, type?: number) => void

function built(fill: (add: Add, builder: SnapshotBuilder) => void): Snapshot {
  const builder = new SnapshotBuilder()
  const { frames, stacks } = builder.tables
  fill((chain, size, count = 1, domain = 0, type = 0) => {
    const stack = chain.reduce((at, frame) => stacks.intern(at, frames.intern(...frame)), 0)
    builder.add(stack, size, count, domain, type)
  }, builder)
  return builder.build(META, 16)
}
