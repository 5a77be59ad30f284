import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesSource } from '../../src/bytes/source.ts'
import { withExtraBlocks } from '../../src/capture/series/extra-blocks.ts'
import { loadFile, loadSource } from '../../src/formats/files.ts'
import type { Frame } from '../../src/model/frame.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { cli, root } from '../support/cli.ts'
import { nodeBinaries } from '../support/node-binaries.ts'

const rewritten = join(root, 'samples/programs/rewritten.cjs')

/** A node of V8's profile: `name@line:column` in a.js, or `name@line:column file`; then its bytes and children. */
type Node = [name: string, size: number, ...children: Node[]]

/** V8's profile of a tree, one sample for each node with bytes, as large as the node. */
function profile(...children: Node[]): string {
  let id = 0
  const samples: object[] = []
  const node = ([text, size, ...below]: Node): object => {
    const [, name, line, column, file = 'a.js'] = /^(.*?)(?:@(\d+):(\d+)(?: (.*))?)?$/.exec(
      text,
    ) as RegExpExecArray
    const own = ++id
    if (size > 0) samples.push({ size, nodeId: own, ordinal: 100 + own })
    const place =
      line === undefined
        ? { lineNumber: -1, columnNumber: -1 }
        : { lineNumber: +line - 1, columnNumber: +column - 1 }
    const [scriptId, url] = line === undefined ? ['0', ''] : ['7', file]
    return {
      callFrame: { functionName: name, scriptId, url, ...place },
      selfSize: size,
      id: own,
      children: below.map(node),
    }
  }
  return JSON.stringify({ head: node(['(root)', 0, ...children]), samples })
}

async function read(text: string, options = {}): Promise<Snapshot> {
  const source = bytesSource(new TextEncoder().encode(text), 'test', 1 << 16)
  return (await loadSource(source, { from: 'heapprofile', ...options })).snapshots[0]
}

/** Rows as `bytes name file:line:column < caller ...`; `~` where the line is not exact. */
function rowsOf(snapshot: Snapshot): string[] {
  return [...snapshot.traces].map(({ size, traceback }) => {
    const frames = [...traceback]
      .reverse()
      .map(
        f =>
          `${f.functionName || '?'} ${f.exact ? '' : '~'}${f.lineno}:${f.column}${f.filename === 'a.js' ? '' : ` ${f.filename}`}`,
      )
    return `${size} ${frames.join(' < ')}`
  })
}

async function rows(...children: Node[]): Promise<string[]> {
  return rowsOf(await read(profile(...children))).sort()
}

describe('folding', () => {
  it('gives a function the line of its operation, and callers the line of the call', async () => {
    expect(
      await rows([
        '@1:1',
        10,
        ['$tm9_3@51:9', 0, ['f@3:11', 20, ['$tm4_5@50:9', 30], ['$tm5_7@52:9', 40, ['push', 50]]]],
      ]),
    ).toEqual([
      '10 ? ~1:1',
      '20 f ~3:11 < ? 9:3',
      '30 f 4:5 < ? 9:3',
      '40 f 5:7 < ? 9:3',
      '50 push ~0:0 <native> < f 5:7 < ? 9:3',
    ])
  })

  it('knows where the function of an exact frame starts', async () => {
    const snapshot = await read(
      profile(['f@3:11', 0, ['$tm4_5@50:9', 30], ['$tm5_7@52:9', 40]], ['f@8:11', 5]),
    )
    const [first] = [...snapshot.traces].map(({ traceback }) => traceback.at(-1) as Frame)
    expect([first.startLine, first.startColumn]).toEqual([3, 11])
    expect(snapshot.statistics('function').map(s => [String(s.traceback), s.size])).toEqual([
      ['a.js:3', 70],
      ['a.js:8', 5],
    ])
  })

  it('adds up rows that become equal, and keeps every sample with its ordinal', async () => {
    // Two operations of one place: `$tm4_5` and the second there.
    const text = profile(['f@3:11', 7, ['$tm4_5@50:9', 30], ['$tm4_5_1@51:9', 40], ['g@9:1', 1]])
    const snapshot = await read(text)
    expect(rowsOf(snapshot).sort()).toEqual(['1 g ~9:1 < f ~3:11', '7 f ~3:11', '70 f 4:5'])
    const { samples, count, size } = snapshot.columns
    const row = size.indexOf(70)
    expect(count[row]).toBe(2)
    const own = [...(samples?.row ?? [])].flatMap((r, i) =>
      r === row ? [[samples!.size[i], samples!.ordinal[i]]] : [],
    )
    expect(own).toEqual([
      [30, 103],
      [40, 104],
    ])
    const { multisets } = (await read(text, { samples: 'multisets' })).columns
    expect([...multisets!.samples]).toEqual([1, 1, 1, 1])
    expect((await read(text, { samples: false })).total).toEqual({ size: 78, count: 4 })
    expect(
      (
        await read(
          text
            .replace(/,"samples":(.*)}$/, '}')
            .replace('{', `{"samples":${/"samples":(.*)}$/.exec(text)![1]},`),
        )
      ).columns.samples?.row.length,
    ).toBe(4)
  })

  it('folds recursion call by call', async () => {
    expect(
      await rows([
        'f@3:1',
        0,
        ['$tm4_5@50:1', 0, ['f@3:1', 0, ['$tm4_5@50:1', 0, ['f@3:1', 0, ['$tm5_1@51:1', 8]]]]],
      ]),
    ).toEqual(['8 f 5:1 < f 4:5 < f 4:5'])
  })

  it('makes one frame of a helper that calls a helper', async () => {
    expect(await rows(['f@3:1', 0, ['$tm4_1@50:1', 5, ['$tm4_9@51:1', 6, ['g@8:1', 7]]]])).toEqual([
      '5 f 4:1',
      '6 f 4:9',
      '7 g ~8:1 < f 4:9',
    ])
  })

  describe('a helper whose function was inlined', () => {
    it('has that function, if other stacks show it', async () => {
      expect(
        await rows(
          ['outer@9:1', 0, ['$tm10_3@52:1', 1, ['inner@3:1', 0, ['$tm4_5@50:1', 2]], ['$tm4_5@50:1', 3]]],
          ['outer@9:1 b.js', 0, ['$tm4_5@50:1', 4]],
          ['late@20:1', 0, ['$tm4_5@50:1', 6]],
          ['$tm4_5@50:1', 7],
        ),
      ).toEqual([
        '1 outer 10:3',
        '4 inner 4:5 < outer ~9:1 b.js',
        '5 inner 4:5 < outer 10:3',
        '6 inner 4:5 < late ~20:1',
        '7 inner 4:5',
      ])
    })

    it('has a line, and no function, if none does', async () => {
      expect(
        await rows(
          ['f@3:1 b.js', 0, ['$tm4_5@50:1', 4]],
          ['late@20:1', 0, ['$tm6_5@51:1', 5]],
          ['$tm8_5@52:1', 6],
        ),
      ).toEqual(['4 ? 4:5 < f ~3:1 b.js', '5 ? 6:5 < late ~20:1', '6 ? 8:5'])
    })
  })

  it("leaves a program's own functions of such names alone: helpers stand behind all they are named after", async () => {
    expect(await rows(['main@5:1', 0, ['$tm1_2@3:1', 5]])).toEqual(['5 $tm1_2 ~3:1 < main ~5:1'])
    expect(await rows(['main@1:1', 0, ['$tm10_2@3:1', 5]])).toEqual(['5 $tm10_2 ~3:1 < main ~1:1'])
    expect(await rows(['main@1:1', 0, ['$tm1_2', 5], ['$tm1_2@2:1 b.js', 6]])).toEqual([
      '5 $tm1_2 ~0:0 <native> < main ~1:1',
      '6 ? 1:2 b.js < main ~1:1',
    ])
  })

  it('folds what Error.captureStackTrace told of blocks outside the heap', async () => {
    const call = (functionName: string, lineno: number, column: number, filename = 'a.js') => ({
      functionName,
      filename,
      lineno,
      column,
    })
    const snapshot = withExtraBlocks(await read(profile(['f@3:1', 0, ['$tm4_5@50:1', 8]])), [
      { domain: 1, size: 64, count: 1, calls: [call('$tm5_9', 60, 20), call('f', 5, 14), call('', 9, 1)] },
      { domain: 1, size: 65, count: 1, calls: [call('$tm5_9', 3, 20), call('f', 5, 14)] },
    ])
    expect(rowsOf(snapshot)).toEqual(['8 f 4:5', '64 f 5:9 < ? 9:1', '65 $tm5_9 3:20 < f 5:14'])
  })
})

describe('a rewritten program', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tracemalloc-fold-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  const LINES = ['points 7', 'points 8', 'deep 12', 'deep 13', 'triple 15', 'triples 16', ' 17', ' 18']

  describe.each([...nodeBinaries(root)])('of Node %s', (version, node) => {
    const file = join(dir, `${version}.heapprofile`)
    beforeAll(() => {
      const flags = [
        '--no-turbo-inlining',
        '--max-inlined-bytecode-size=0',
        '--max-inlined-bytecode-size-small=0',
      ]
      if (Number(version) >= 22) flags.push('--no-maglev-inlining')
      execFileSync(node, [
        ...flags,
        '--heap-prof',
        '--heap-prof-interval=512',
        `--heap-prof-dir=${dir}`,
        `--heap-prof-name=${version}.heapprofile`,
        rewritten,
      ])
    })

    it('shows its lines in a sampling profile', async () => {
      const { snapshots } = await loadFile(file)
      const mine = [...snapshots[0].traces].filter(
        ({ traceback }) => traceback.at(-1)?.filename === rewritten,
      )
      const lines = new Set(
        mine.flatMap(({ traceback }) =>
          [...traceback]
            .filter(f => f.filename === rewritten && f.exact)
            .map(f => `${f.functionName} ${f.lineno}`),
        ),
      )
      expect([...lines]).toEqual(expect.arrayContaining(LINES))
      expect(mine.some(({ traceback }) => [...traceback].some(f => f.functionName.startsWith('$tm')))).toBe(
        false,
      )
      const { stdout } = await cli(['top', file, '--include', `${rewritten}:15`])
      expect(stdout).toMatch(/rewritten\.cjs:15: size=/)
    })
  })

  it('shows its lines in a heap snapshot with traces', async () => {
    const file = join(dir, 'traced.heapsnapshot')
    const program = `
      const session = new (require('node:inspector').Session)()
      session.connect()
      const post = (method, params) => session.post(method, params, error => { if (error) throw error })
      require('node:v8').setFlagsFromString('--no-compact')
      post('HeapProfiler.enable')
      post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true })
      require(${JSON.stringify(rewritten)})
      require('node:v8').writeHeapSnapshot(${JSON.stringify(file)})
      process.exit() // the tracker would keep it alive`
    execFileSync([...nodeBinaries(root).values()].at(-1)!, [
      '--no-turbo-inlining',
      '--no-maglev-inlining',
      '-e',
      program,
    ])
    const { snapshots } = await loadFile(file)
    const lines = snapshots[0]
      .statistics('lineno')
      .map(s => ({ at: s.traceback.at(0) as Frame, size: s.size }))
    const triple = lines.find(({ at }) => at.filename === rewritten && at.lineno === 15 && at.exact)?.size
    // 20,000 arrays of 32 bytes, and their elements of 40.
    expect(triple).toBeGreaterThan(20_000 * 71.9)
    expect(triple).toBeLessThan(20_000 * 72.1)
    expect(
      [...snapshots[0].traces].every(({ traceback }) =>
        [...traceback].every(f => !f.functionName.startsWith('$tm')),
      ),
    ).toBe(true)
  })
})
