// Every option of `attach` and of `object`, from commander's own table, is seen to do something.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it as plainIt } from 'vitest'
import { cli } from '../support/cli.ts'
import { commandTables } from '../support/command-tables.ts'
import { folder, freePort, it, NEWEST, run } from '../support/nodes.ts'
import { type OptionCase, type Seen, seenOf } from '../support/option-cases.ts'

interface Case extends OptionCase {
  /** Arguments of the target's Node; by default its inspector is open. */
  node?: readonly string[]
  env?: NodeJS.ProcessEnv
  /** What the target prints when the command may start; by default what the program prints. */
  begun?: RegExp
}

const TARGET = `
const { Worker, isMainThread } = require('node:worker_threads')
globalThis.kept = globalThis.late = []
setTimeout(() => { globalThis.late = new Map() }, 15_000)
class Entry {}
function grow() { for (let i = 0; i < 300; i++) kept.push({ i, a: [i] }); globalThis.entry = new Entry() }
function deep(n) { n > 0 ? deep(n - 1) : grow() }
setInterval(() => deep(9), 10)
if (isMainThread) { new Worker(__filename); console.log('ready') }`

const ATTACH = ['attach', 'PORT', '--out', 'DIR', '--interval', '4096']
const SHORT = [...ATTACH, '--duration', '0.5']
const OPEN_TO_ALL = ['--inspect-port=0.0.0.0:0']
const PAGE = 'data:text/html,<script>kept=[];setInterval(()=>kept.push({}),1)</script>'
const ofMain = ({ snapshots }: Seen) => snapshots.filter(({ meta }) => meta.isolate === 'main')

const attachCases: Record<string, Case> = {
  '--output': {
    words: ['attach', 'PORT', '--duration', '0.5'],
    option: ['-o', 'DIR/x.pb.gz'],
    sees: ({ names }) => names.includes('x.pb.gz'),
  },
  '--out': {
    words: ['attach', 'PORT', '--duration', '0.5'],
    option: ['--out', 'DIR/sub'],
    sees: ({ names }) => names.includes('sub'),
  },
  '--every': {
    words: [...ATTACH, '--duration', '2'],
    option: ['--every', '0.3'],
    sees: s => ofMain(s).length > 1,
  },
  '--count': {
    words: [...ATTACH, '--every', '0.3', '--duration', '2'],
    option: ['--count', '1'],
    sees: s => ofMain(s).length < 2,
  },
  '--interval': {
    words: ['attach', 'PORT', '--out', 'DIR', '--duration', '0.5'],
    option: ['--interval', '512'],
    sees: ({ snapshots }) => snapshots[0].meta.interval === 512,
  },
  '--nframe': {
    words: SHORT,
    option: ['--nframe', '3'],
    sees: ({ snapshots }) => snapshots[0].statistics('traceback').every(s => s.traceback.length <= 3),
  },
  '--mode': {
    words: SHORT,
    option: ['--mode', 'allocated'],
    sees: ({ snapshots }) => snapshots[0].meta.measure === 'allocated',
  },
  '--launch': {
    words: ['attach', '--out', 'DIR', '--duration', '1'],
    option: ['--launch', PAGE],
    sees: ({ code, snapshots }) => code === 0 && snapshots.length > 0,
  },
  '--headed': {
    words: ['attach', '--out', 'DIR', '--duration', '1', '--launch', PAGE],
    option: ['--headed'],
    env: { DISPLAY: ':98', WAYLAND_DISPLAY: undefined }, // a window needs a display, and there is none
    sees: ({ code }) => code !== 0,
  },
  '--duration': { words: ATTACH, option: ['--duration', '0.2'], sees: ({ took }) => took < 10_000 },
  '--match': { words: SHORT, option: ['--match', 'nobody'], sees: ({ code }) => code === 4 },
  '--max-pause': { words: SHORT, option: ['--max-pause', '1'], sees: ({ code }) => code === 4 },
  '--stable-frames': {
    words: SHORT,
    option: ['--stable-frames'],
    env: { NODE_V8_COVERAGE: 'DIR/../coverage' },
    sees: ({ code }) => code === 4,
  },
  '--no-stable-frames': {
    words: SHORT,
    option: ['--no-stable-frames'],
    sees: ({ stderr, code }) => code === 0 && stderr.includes('functions may be inlined'),
  },
  '--resume': {
    words: SHORT,
    option: ['--resume'],
    node: ['--inspect-brk=127.0.0.1:PORT'],
    begun: /Debugger listening/,
    sees: ({ stderr }) => /\(grow\): size=/.test(stderr),
  },
  '--all': {
    words: ['attach', 'PORT', '--duration', '0.2', '-o', 'DIR/x.pb.gz'],
    option: ['--all'],
    sees: ({ code }) => code === 2, // there would be a file for each process
  },
  '--no-workers': {
    words: SHORT,
    option: ['--no-workers'],
    sees: ({ snapshots }) => snapshots.length === 1,
  },
  '--allow-public-port': {
    words: ['attach', 'pid:PID', '--out', 'DIR', '--duration', '0.5'],
    option: ['--allow-public-port'],
    node: OPEN_TO_ALL,
    sees: ({ code }) => code === 0,
  },
  '--verbose': {
    words: ['attach', 'PORT', '--duration', '0.2', '-o', '/dev/null/x.pb.gz'],
    option: ['--verbose'],
    sees: ({ stderr }) => /^\s+at /m.test(stderr),
  },
}

const OBJECT = ['object', 'PORT', 'globalThis.entry']

const objectCases: Record<string, Case> = {
  '--wait': {
    words: ['object', 'PORT', 'globalThis.late'],
    option: ['--wait', '50'],
    sees: ({ stdout }) => stdout.includes('Map'),
  },
  '--match': {
    words: [...OBJECT, '--wait', '20'],
    option: ['--match', 'nobody'],
    sees: ({ code }) => code === 4,
  },
  '--stable-frames': {
    words: [...OBJECT, '--wait', '20'],
    option: ['--stable-frames'],
    env: { NODE_V8_COVERAGE: 'DIR/../coverage' },
    sees: ({ code }) => code === 4,
  },
  '--no-stable-frames': {
    words: [...OBJECT, '--wait', '20'],
    option: ['--no-stable-frames'],
    sees: ({ stderr }) => stderr.includes('functions may be inlined'),
  },
  '--allow-public-port': {
    words: ['object', 'pid:PID', 'globalThis.entry', '--wait', '20'],
    option: ['--allow-public-port'],
    node: OPEN_TO_ALL,
    sees: ({ code }) => code === 0,
  },
  '--verbose': {
    words: ['object', 'PORT', 'globalThis.entry', '--match', 'nobody'],
    option: ['--verbose'],
    sees: ({ stderr }) => /^\s+at /m.test(stderr),
  },
}

const commands = await commandTables()
describe.each([
  ['attach', attachCases],
  ['object', objectCases],
])('%s', (command, cases) => {
  plainIt('is tried with every option of its table, and with no other', () => {
    expect(Object.keys(cases).sort()).toEqual([...commands.get(command)!].sort())
  })

  for (const [option, tried] of Object.entries(cases)) {
    it(option, async () => {
      const without = await outcome(tried, tried.words)
      expect(tried.sees(without), `seen without it: ${without.stderr}`).toBe(false)
      const seen = await outcome(tried, [...tried.words, ...tried.option])
      expect(tried.sees(seen), `not seen: ${seen.stderr}`).toBe(true)
    }, 120_000)
  }
})

async function outcome({ node, env = {}, begun = /ready/ }: Case, words: readonly string[]): Promise<Seen> {
  const parent = folder()
  const dir = join(parent, 'out')
  mkdirSync(dir)
  const file = join(parent, 'target.cjs')
  writeFileSync(file, TARGET)
  const port = await freePort()
  const inDir = (text: string) => text.replaceAll('DIR', dir)
  const environment = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value && inDir(value)]),
  )
  const flags = node?.map(word => word.replace('PORT', `${port}`)) ?? [`--inspect=127.0.0.1:${port}`]
  const target = run(NEWEST, [...flags, file], { env: environment })
  await target.says(begun)
  const args = words.map(word => inDir(word).replaceAll('PORT', `${port}`).replaceAll('PID', `${target.pid}`))
  return await seenOf(args, dir, node ? {} : { ...environment, NODE_V8_COVERAGE: undefined })
}

plainIt('options that the mode objects cannot heed are refused', async () => {
  for (const option of [
    ['--interval', '512'],
    ['--nframe', '3'],
    ['--nframe', '128'],
  ]) {
    const { status, stderr } = await cli(['attach', '1', '--mode', 'objects', ...option])
    expect(`${status} ${stderr}`).toMatch(/^2 tracemalloc: --mode objects .*\n$/)
  }
})
