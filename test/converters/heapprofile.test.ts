import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heapprofile } from '../../converters/heapprofile/index.ts'
import { write } from '../../converters/heapprofile/write.ts'
import type { Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { type Node, naive, type Profile, type Sample } from '../support/naive-heapprofile.ts'
import { samplesOf } from '../support/samples.ts'

function framesOf(snapshot: Snapshot, stack: number): string[] {
  return snapshot.tables.stacks.framesOf(stack).map(id => {
    const f = snapshot.tables.frames.get(id)
    expect(f.exact).toBe(false)
    return JSON.stringify([f.filename, f.lineno, f.column, f.functionName])
  })
}

/** The same from our reading. */
function read({ byStack = new Map(), byFrame = new Map() } = {}, snapshot: Snapshot) {
  const { stack, size, count } = snapshot.columns
  for (let row = 0; row < snapshot.length; row++) {
    const frames = framesOf(snapshot, stack[row])
    const key = frames.join('\n')
    expect(byStack.has(key), 'two rows of one stack').toBe(false)
    byStack.set(key, [size[row], count[row]])
    const frame = frames.at(-1) ?? 'none'
    byFrame.set(frame, (byFrame.get(frame) ?? 0) + size[row])
  }
  return { byFrame, byStack, total: snapshot.total.size }
}

function pieces(bytes: Uint8Array, sizes: readonly number[] = [bytes.length || 1]): Source {
  return {
    name: 'test',
    async *chunks() {
      const buffer = new Uint8Array(Math.max(...sizes))
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const piece = bytes.subarray(at, at + sizes[i % sizes.length])
        buffer.set(piece)
        yield buffer.subarray(0, piece.length)
        at += piece.length
      }
    },
  }
}

const encode = (text: string) => new TextEncoder().encode(text)
async function parse(text: string, options = {}, sizes?: readonly number[]): Promise<Snapshot> {
  const [snapshot] = await heapprofile.read!(pieces(encode(text), sizes), options)
  checkSnapshot(snapshot)
  return snapshot
}

const ROOT = { functionName: '(root)', scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 }
const frame = (functionName: string, url = '/a.js', lineNumber = 0, scriptId: string | number = '7') => ({
  ...{ functionName, scriptId, url, lineNumber },
  columnNumber: lineNumber < 0 ? -1 : 4,
})
let lastId = 1
const node = (
  callFrame: Node['callFrame'],
  selfSize: number,
  children: Node[] = [],
  id = ++lastId,
): Node => ({
  ...{ callFrame, selfSize, id, children },
})
const profile = (children: Node[], samples: Sample[] = [], selfSize = 0): Profile => ({
  head: node(ROOT, selfSize, children, 1),
  samples,
})
/** File and line of each row's last frame, with its bytes. */
async function rowsOf(p: Profile | string, options = {}): Promise<string[]> {
  const snapshot = await parse(typeof p === 'string' ? p : JSON.stringify(p), options)
  return [...snapshot.traces].map(t => `${t.traceback.at(-1) ?? 'none'} ${t.size} ${t.count}`)
}

describe('real profiles', () => {
  it.each(samplesOf(heapprofile).map(s => [s.name, s] as const))(
    '%s, as a naive walk reads it',
    async (_, sample) => {
      const text = new TextDecoder().decode(sample.bytes)
      const p = asV8Writes(JSON.parse(text))
      const snapshot = await parse(text)
      expect(read({}, snapshot)).toEqual(naive(p))
      const { samples } = snapshot.columns
      // V8 gives samples of nodes, too, that it has left out of the tree.
      const ids = new Set<number>()
      const open = [p.head]
      for (let n = open.pop(); n; n = open.pop()) {
        ids.add(n.id)
        open.push(...n.children)
      }
      const kept = p.samples.filter(s => ids.has(s.nodeId))
      expect(Array.from(samples?.ordinal ?? [])).toEqual(kept.map(s => s.ordinal))
      expect(Array.from(samples?.size ?? [])).toEqual(kept.map(s => s.size))
      expect(snapshot.meta.skipped?.['samples without a node'] ?? 0).toBe(p.samples.length - kept.length)
      const counted = await parse(text, { samples: false })
      expect(counted.columns.samples).toBeUndefined()
      expect(counted.columns.count).toEqual(snapshot.columns.count)
    },
  )
})

/** A profile with all members that V8 writes today, from one without some or inside the protocol's answer. */
function asV8Writes(file: object): Profile {
  let p = file as Partial<Profile> & { result?: object; profile?: object }
  while (!p.head) p = (p.result ?? p.profile) as typeof p
  let nodes = 0
  const whole = (n: Partial<Node> & Partial<Node['callFrame']>): Node => {
    const { lineNumber = 0, columnNumber = 0 } = n
    const bare = { ...n, lineNumber: lineNumber - 1, columnNumber: columnNumber - 1 }
    const unknown = { functionName: '', url: '', scriptId: '0', lineNumber: -1, columnNumber: -1 }
    const callFrame = { ...unknown, ...(n.callFrame ?? bare) }
    return node(callFrame, n.selfSize ?? 0, n.children?.map(whole) ?? [], n.id ?? -++nodes)
  }
  const samples = p.samples?.map(sample => ({ ...sample, ordinal: sample.ordinal ?? 0 })) ?? []
  return { head: whole(p.head), samples }
}

describe('random profiles', () => {
  const name = fc.oneof(
    fc.constantFrom('f', 'g', '', '(GC)', '__proto__', 'a"}]{[b\\', '日本 𝒜', '\ud800'),
    fc.string(),
  )
  const callFrame = fc.record({
    functionName: name,
    scriptId: fc.oneof(fc.constantFrom('0', 0, '7', 12), fc.nat()),
    url: fc.constantFrom('', '/a.js', 'file:///srv/a%20b.mjs', 'node:fs', 'http://x/a?b#c'),
    lineNumber: fc.integer({ min: -1, max: 3 }),
    columnNumber: fc.integer({ min: -1, max: 2 }),
  })
  const nodes = fc.array(
    fc.record({
      callFrame,
      parent: fc.nat(),
      selfSize: fc.oneof(fc.constant(0), fc.nat(1000), fc.integer({ min: 2 ** 32, max: 2 ** 45 })),
      id: fc.oneof(fc.nat(50), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    }),
    { maxLength: 25 },
  )
  const samples = fc.array(fc.record({ size: fc.nat(), pick: fc.nat(), ordinal: fc.nat() }), {
    maxLength: 20,
  })
  const made = fc.tuple(nodes, samples).map(([list, picks]): Profile => {
    const all: Node[] = [node(ROOT, list[0]?.selfSize ?? 0, [], 0)]
    const ids = new Set([0])
    for (const { callFrame, parent, selfSize, id } of list) {
      if (ids.has(id)) continue
      ids.add(id)
      const child = node(callFrame, selfSize, [], id)
      all[parent % all.length].children.push(child)
      all.push(child)
    }
    const owners = all.filter(n => n.selfSize > 0)
    const chosen = picks.flatMap(({ size, pick, ordinal }) =>
      owners.length ? [{ size, nodeId: owners[pick % owners.length].id, ordinal }] : [],
    )
    return { head: all[0], samples: chosen }
  })

  /** JSON text with the members of each object in an order, and space between, that `choose(n)` gives. */
  function text(value: unknown, choose: (n: number) => number, unknownKeys: boolean): string {
    const space = () => ['', '', ' ', '\n\t', '\r\n  '][choose(5)]
    const list = (open: string, parts: string[], close: string) =>
      open + space() + parts.map(p => p + space()).join(`,${space()}`) + close
    if (Array.isArray(value))
      return list(
        '[',
        value.map(v => text(v, choose, unknownKeys)),
        ']',
      )
    if (value === null || typeof value !== 'object') return JSON.stringify(value)
    const members = Object.entries(value).map(([k, v]) => {
      const key =
        choose(8) === 0 ? `"\\u${k.charCodeAt(0).toString(16).padStart(4, '0')}${k.slice(1)}"` : `"${k}"`
      return `${key}${space()}:${space()}${text(v, choose, unknownKeys)}`
    })
    if (unknownKeys && choose(3) === 0)
      members.push('"labels": {"a": [1, {"id": "}"}, null], "children": []}')
    for (let i = members.length - 1; i > 0; i--) {
      const j = choose(i + 1)
      ;[members[i], members[j]] = [members[j], members[i]]
    }
    return list('{', members, '}')
  }

  it('read as a naive walk reads them, in any order of members, with any space, in any pieces', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        made,
        fc.infiniteStream(fc.nat()),
        fc.boolean(),
        sizes,
        async (p, random, unknown, by) => {
          const json = text(p, n => (random.next().value as number) % n, unknown)
          expect(read({}, await parse(json, {}, by))).toEqual(naive(p))
        },
      ),
      { numRuns: 400 },
    )
  })

  it('read the same as V8 writes them, in large and in small pieces', async () => {
    await fc.assert(
      fc.asyncProperty(made, fc.integer({ min: 1, max: 200 }), async (p, size) => {
        const json = JSON.stringify(p)
        const whole = read({}, await parse(json))
        expect(whole).toEqual(naive(p))
        expect(read({}, await parse(json, {}, [size]))).toEqual(whole)
      }),
      { numRuns: 200 },
    )
  })

  it('are written so that they read the same', async () => {
    await fc.assert(
      fc.asyncProperty(made, async p => {
        const snapshot = await parse(JSON.stringify(p))
        const again = [...write([snapshot], {})].join('')
        const { byFrame, total } = naive(JSON.parse(again))
        expect({ byFrame, total }).toEqual({ byFrame: naive(p).byFrame, total: naive(p).total })
        expect([...write([await parse(again)], {})].join('')).toBe(again)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what becomes of V8', () => {
  it.each([
    ['file:///srv/app/a%20b.mjs', '/srv/app/a b.mjs'],
    ['file:///a%zz%e4', '/a%zz%e4'],
    ['file:///C:/app/a.mjs', 'C:\\app\\a.mjs'],
    ['file://host/a.js', 'file://host/a.js'],
    ['node:internal/timers', 'node:internal/timers'],
    ['evalmachine.<anonymous>', 'evalmachine.<anonymous>'],
    ['wasm://wasm/99d086be', 'wasm://wasm/99d086be'],
  ])('the url %s: %s', async (url, file) => {
    expect(await rowsOf(profile([node(frame('f', url, 9), 8)]))).toEqual([`${file}:10 8 NaN`])
  })

  it('frames without an url', async () => {
    const gc = node(frame('(GC)', '', -1, '0'), 1)
    const builtin = node(frame('push', '', -1, 0), 2)
    const collected = node(frame('f', '', -1, '111'), 4, [node(frame('(deopt)', '', -1, '0'), 8)])
    const evaluated = node(frame('', '', 4, '112'), 16)
    expect(await rowsOf(profile([gc, builtin, collected, evaluated]))).toEqual([
      '<v8>:0 1 NaN',
      '<native>:0 2 NaN',
      '<native>:0 8 NaN',
      '<collected:111>:0 4 NaN',
      '<eval:112>:5 16 NaN',
    ])
  })

  it('positions before the beginning, of scripts with a negative offset', async () => {
    const wrapped = { ...frame('f', 'file:///a.ts', 0), columnNumber: -190 }
    expect(await rowsOf(profile([node(wrapped, 8)]))).toEqual(['/a.ts:1 8 NaN'])
    expect(await rowsOf(profile([node({ ...wrapped, lineNumber: -3 }, 8)]))).toEqual(['/a.ts:0 8 NaN'])
  })

  it('bytes of the root itself, and a head that is no root', async () => {
    expect(await rowsOf(profile([], [], 5))).toEqual(['none 5 NaN'])
    const head = node(frame('main', '/m.js', 2), 5, [node(frame('f'), 3)])
    expect(await rowsOf({ head, samples: [] })).toEqual(['/a.js:1 3 NaN', '/m.js:3 5 NaN'])
  })

  it('nodes of equal stacks are one row, below them too, in any order of members', async () => {
    const again = () =>
      node(frame('f'), 10, [node(frame('g', '/a.js', 3, `${++lastId}`), 5), node(frame('h'), 1)])
    const p = profile([again(), node(frame('x'), 2, [again()]), again(), again()])
    expect(read({}, await parse(JSON.stringify(p)))).toEqual(naive(p))
    const late = JSON.stringify(p, (_, v) =>
      v?.callFrame ? { children: v.children, id: v.id, selfSize: v.selfSize, callFrame: v.callFrame } : v,
    )
    expect(read({}, await parse(late))).toEqual(naive(p))
  })

  it('samples in front of the tree, of no node, of a node without bytes, of ids of any size', async () => {
    const huge = Number.MAX_SAFE_INTEGER
    const p = profile([
      node(frame('f'), 2 ** 33, [node(frame('g'), 0, [], 5)], huge),
      node(frame('h'), 7, [], 2 ** 22),
    ])
    const samples = [huge, 5, 99, 2 ** 22, huge, 2 ** 40].map((nodeId, i) => ({
      size: 8,
      nodeId,
      ordinal: i,
    }))
    for (const text of [
      JSON.stringify({ samples, head: p.head }),
      JSON.stringify({ head: p.head, samples }),
    ]) {
      const snapshot = await parse(text)
      expect(await rowsOf(text)).toEqual([`/a.js:1 ${2 ** 33} 2`, '/a.js:1 7 1'])
      expect(snapshot.meta.skipped).toEqual({
        'samples without a node': 2,
        'samples of nodes without bytes': 1,
      })
      expect(Array.from(snapshot.columns.samples!.ordinal)).toEqual([0, 3, 4])
      expect(await rowsOf(text, { samples: false })).toEqual(await rowsOf(text))
    }
  })

  it('the interval is what the user says', async () => {
    const text = JSON.stringify(profile([node(frame('f'), 8)]))
    expect((await parse(text)).meta).toEqual({
      source: 'heapprofile',
      measure: 'live',
      accuracy: 'sampled',
      counts: 'estimated',
    })
    expect((await parse(text, { interval: 512 })).meta).toMatchObject({
      interval: 512,
      intervalSource: 'given',
    })
  })

  it('names such as __proto__ and NUL are only names', async () => {
    const snapshot = await parse(JSON.stringify(profile([node(frame('__proto__', '__proto__\0'), 8)])))
    expect(snapshot.traces.at(0)?.traceback.at(0)).toMatchObject({
      functionName: '__proto__',
      filename: '__proto__\0',
    })
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('hostile files', () => {
  const [before, after] = JSON.stringify(node(frame('f'), 1, [], 0))
    .slice(0, -2)
    .split('"id":0')
  async function* deep(levels: number) {
    yield encode('{"samples":[],"head":')
    for (let i = 0; i < levels; i += 1000) {
      yield encode(Array.from({ length: 1000 }, (_, k) => `${before}"id":${i + k}${after}`).join(''))
    }
    for (let i = 0; i < levels; i += 1000) yield encode(']}'.repeat(1000))
    yield encode('}')
  }

  it('1 M levels deep', { timeout: 60_000 }, async () => {
    const [snapshot] = await heapprofile.read!({ name: 'deep', chunks: () => deep(1_000_000) }, {})
    expect(snapshot.length).toBe(1_000_000)
    expect(snapshot.total.size).toBe(1_000_000)
    let bytes = 0
    for (const piece of write([snapshot], {})) bytes += piece.length
    expect(bytes).toBeGreaterThan(100_000_000)
  })

  it.each([
    ['a name', '{"head":{"callFrame":{"functionName":"'],
    ['a key', '{"'],
    ['an unknown value', '{"x":"'],
    ['a number', '{"head":{"selfSize":1'],
    ['a call frame', '{"head":{"callFrame":{"a":['],
  ])('%s without end is refused in bounded memory', async (_, start) => {
    let given = 0
    const fill = new Uint8Array(1 << 18).fill(start.endsWith('[') ? 0x20 : 0x31)
    async function* endless() {
      yield encode(start)
      for (;;) {
        given += fill.length
        yield fill
      }
    }
    await expect(heapprofile.read!({ name: 'endless', chunks: () => endless() }, {})).rejects.toThrow(
      'too-large',
    )
    expect(given).toBeLessThan(40 << 20)
  })

  it('a place a million deep has a short path', async () => {
    async function* broken() {
      for await (const piece of deep(100_000)) {
        if (piece[0] === 0x5d) break
        yield piece
      }
    }
    const error = await heapprofile.read!({ name: 'broken', chunks: broken }, {}).catch(e => e)
    expect(error).toBeInstanceOf(FormatError)
    expect(error.code).toBe('truncated')
    expect(error.path.length).toBeLessThan(500)
  })
})

describe('sniff', () => {
  const verdict = (text: string) => heapprofile.sniff(encode(text), 'unknown')
  it.each([
    ['{"head":{"callFrame":', 'yes'],
    [' {\n "head" : {\n  "selfSize" :', 'yes'],
    ['{"samples":[{"size":1,', 'yes'],
    ['{"samples":[],"head":{"id":', 'yes'],
    ['{"startTime":1,"head":{"children":', 'yes'],
    ['{"head":{"labels":{"id":1},"id":', 'yes'],
    ['{"head":{"x":1}', 'no'],
    ['{"head":[', 'no'],
    ['{"samples":[1,2]', 'no'],
    ['{"samples":[{"stack":[],"weight":1}]', 'no'],
    ['{"snapshot":{"meta":{}}}x', 'no'],
    ['[{"head":{', 'no'],
    ['hello', 'no'],
    ['', 'more'],
    ['  \n', 'more'],
    ['{"', 'more'],
    [`{"${'x'.repeat(5000)}`, 'more'],
    ['{"head":{"callFr', 'more'],
  ])('%s: %s', (text, expected) => expect(verdict(text)).toBe(expected))
})

describe('write', () => {
  it('gives the members that the protocol defines, scripts with ids of their own', async () => {
    const tree = profile([
      node(frame('f', '/a.js', 3), 8, [
        node(frame('push', '', -1, '0'), 16),
        node(frame('g', '', 2, '1'), 4),
      ]),
      node(frame('h', '/b.js', 3), 8),
    ])
    const text = [...write([await parse(JSON.stringify(tree))], {})].join('')
    const { head, samples } = JSON.parse(text) as Profile
    expect(samples).toEqual([])
    expect(head.callFrame).toEqual(ROOT)
    expect(head.children[0]).toEqual({
      callFrame: { functionName: 'f', scriptId: '2', url: '/a.js', lineNumber: 3, columnNumber: 4 },
      ...{ selfSize: 8, id: 2 },
      children: [
        {
          callFrame: { functionName: 'push', scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 },
          ...{ selfSize: 16, id: 3, children: [] },
        },
        {
          callFrame: { functionName: 'g', scriptId: '1', url: '', lineNumber: 2, columnNumber: 4 },
          ...{ selfSize: 4, id: 4, children: [] },
        },
      ],
    })
    expect(head.children[1].callFrame.scriptId).toBe('3')
  })
})
