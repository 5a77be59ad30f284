// Every option of `run`, from commander's own table, is seen to do something; options that do nothing are refused.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it as plainIt } from 'vitest'
import { cli, root } from '../support/cli.ts'
import { commandTables } from '../support/command-tables.ts'
import { folder, it } from '../support/nodes.ts'
import { type OptionCase, type Seen, seenOf } from '../support/option-cases.ts'

/** Lives until its folder holds so many snapshots, or so many ms; with a child, or growing, if that is asked for. */
const PROGRAM = `
const { readdirSync } = require('node:fs')
const [, , dir, count, ms, ...more] = process.argv
globalThis.kept = []
function grow() { for (let i = 0; i < 3000; i++) globalThis.kept.push({ i, a: [i] }) }
function deep(n) { n > 0 ? deep(n - 1) : grow() }
deep(9)
globalThis.buffers = Array.from({ length: 50 }, () => new ArrayBuffer(1 << 20))
console.log('execArgv', process.execArgv.join(' '), 'stable', process.env.TRACEMALLOC_STABLE_FRAMES)
if (more.includes('child')) require('node:child_process').execFileSync(process.execPath, ['-e', '1'])
const start = performance.now()
const timer = setInterval(() => {
  if (more.includes('grow')) grow()
  const files = readdirSync(dir).filter(name => /^tracemalloc.*pb.gz$/.test(name))
  if (files.length < count && performance.now() - start < ms) return
  console.log('done')
  clearInterval(timer)
}, 20)`

const RUN = ['run', '--out', 'DIR']
const P = ['DIR/../p.cjs', 'DIR']
const AT_ONCE = [...P, '0', '0']
/** Has a frame its own line, not only where its function starts? */
function namesLines({ snapshots }: Seen): boolean {
  const { frames } = snapshots[0].tables
  return frames.exact.subarray(0, frames.length).includes(1)
}
const isOfMany = ({ snapshots }: Seen) => snapshots.length > 1

const runCases: Record<string, OptionCase> = {
  '--output': {
    words: ['run'],
    option: ['-o', 'DIR/x.pb.gz'],
    rest: AT_ONCE,
    sees: ({ names }) => names.includes('x.pb.gz'),
  },
  '--out': {
    words: ['run'],
    option: ['--out', 'DIR/sub'],
    rest: AT_ONCE,
    sees: ({ names }) => names.includes('sub'),
  },
  '--every': { words: RUN, option: ['--every', '0.1'], rest: [...P, '2', '2000'], sees: isOfMany },
  '--count': {
    words: [...RUN, '--every', '0.1'],
    option: ['--count', '1'],
    rest: [...P, '4', '4000'],
    sees: ({ snapshots }) => snapshots.length < 4,
  },
  '--interval': {
    words: RUN,
    option: ['--interval', '512'],
    rest: AT_ONCE,
    sees: ({ snapshots }) => snapshots[0].meta.interval === 512,
  },
  '--nframe': {
    words: RUN,
    option: ['--nframe', '3'],
    rest: AT_ONCE,
    sees: ({ snapshots }) => snapshots[0].statistics('traceback').every(s => s.traceback.length <= 3),
  },
  '--mode': {
    words: RUN,
    option: ['--mode', 'allocated'],
    rest: AT_ONCE,
    sees: ({ snapshots }) => snapshots[0].meta.measure === 'allocated',
  },
  '--duration': {
    words: RUN,
    option: ['--duration', '0.2'],
    rest: [...P, '9', '3000'],
    sees: ({ stdout }) => !stdout.includes('done'),
  },
  '--no-stable-frames': {
    words: RUN,
    option: ['--no-stable-frames'],
    rest: AT_ONCE,
    sees: ({ stdout }) => !/stable (on|1)/.test(stdout), // what V8 is told cannot be asked of it
  },
  '--peak': {
    words: RUN,
    option: ['--peak'],
    rest: [...P, '1', '5000', 'grow'],
    sees: ({ names }) => names.some(name => name.includes('peak')),
  },
  '--children': { words: RUN, option: ['--children'], rest: [...AT_ONCE, 'child'], sees: isOfMany },
  '--node-options': {
    words: RUN,
    option: ['--node-options', '--no-deprecation'],
    rest: AT_ONCE,
    sees: ({ stdout }) => stdout.includes('--no-deprecation'),
  },
  '--buffers': {
    words: [...RUN, '--interval', '4096'],
    option: ['--buffers'],
    rest: AT_ONCE,
    sees: ({ snapshots }) => snapshots[0].columns.domain.includes(1),
  },
  '--lines': {
    words: [...RUN, '--interval', '4096'],
    option: ['--lines=own'],
    rest: AT_ONCE,
    sees: namesLines,
  },
  '--no-lines': {
    words: [...RUN, '--interval', '4096', '--lines=own'],
    option: ['--no-lines'],
    rest: AT_ONCE,
    sees: seen => !namesLines(seen),
  },
  '--no-workers': {
    words: RUN,
    option: ['--no-workers'],
    rest: [join(root, 'samples/programs/workers.js'), '1'],
    sees: seen => !isOfMany(seen),
  },
  '--verbose': {
    words: ['run', '-o', '/dev/null/x.pb.gz'],
    option: ['--verbose'],
    rest: AT_ONCE,
    sees: ({ stderr }) => /^\s+at /m.test(stderr),
  },
}

const commands = await commandTables()
describe('run', () => {
  plainIt('is tried with every option of its table, and with no other', () => {
    expect(Object.keys(runCases).sort()).toEqual([...commands.get('run')!].sort())
  })

  for (const [option, tried] of Object.entries(runCases)) {
    it(option, async () => {
      const { words, rest = [] } = tried
      expect(tried.sees(await outcome([...words, ...rest])), 'seen without it').toBe(false)
      expect(tried.sees(await outcome([...words, ...tried.option, ...rest])), 'not seen').toBe(true)
    }, 120_000)
  }
})

async function outcome(words: readonly string[]): Promise<Seen> {
  const parent = folder()
  const dir = join(parent, 'out')
  mkdirSync(dir)
  writeFileSync(join(parent, 'p.cjs'), PROGRAM)
  return await seenOf(
    words.map(word => word.replaceAll('DIR', dir)),
    dir,
  )
}

plainIt(
  'an option that would do nothing is refused',
  async () => {
    const refusal = async (words: readonly string[]) => {
      const { status, stderr } = await cli(words)
      return `${status} ${stderr}`
    }
    expect(await refusal(['run', '--count', '2', 'x.js'])).toMatch(/^2 .*--count needs --every: .*\n$/)
    expect(await refusal(['attach', '1', '--count', '2'])).toMatch(/^2 .*--count needs --every: .*\n$/)
    expect(await refusal(['attach', '1', '-o', 'x.pb.gz', '--out', 'x'])).toMatch(
      /^2 .*exclude each other.*\n$/,
    )
    expect(await refusal(['attach', '1', '--headed'])).toMatch(/^2 .*--headed needs --launch\n$/)
    expect(await refusal(['diff', 'a', 'b', '--to', 'csv'])).toMatch(/^2 .*--to needs --output: .*\n$/)
  },
  60_000,
)
